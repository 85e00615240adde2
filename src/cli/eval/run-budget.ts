// How much a permit allows: tokens and, where requests are written as the run goes on, their number. Cautious, so that a run ends as it
// should; a bound all the same, which the gateway keeps.
import type { Permit } from "../../acts/bodies.ts";
import type { LoadedItem, LoadedSuite } from "../../evidence/suite.ts";
import type { Suite } from "../../evidence/suite-document.ts";
import { resultCharsMax } from "../../evidence/world/tools.ts";

export interface Budgeted {
  readonly document: Suite;
  readonly loaded: LoadedSuite;
}

/** Letters a token has at the least, on the cautious side, and what a chat template adds. */
const charsPerToken = 2;
const templateTokens = 64;
/** Letters that a token of an answer comes back as in the next request, at the most. */
const answerCharsPerToken = 6;
/** Tries without an answer cost as well. */
const triesAllowance = 4;
const conversationsAllowance = 1.25;

/** The number of requests that a suite's attempts may take; undefined where each takes one, of a fixed body. */
export function adaptiveOf({ document, loaded }: Budgeted, attempts: number): Permit["adaptive"] {
  const turns = turnsOf(document);
  if (turns === undefined) return undefined;
  return { turns, requests: Math.ceil(loaded.items.length * attempts * turns * conversationsAllowance) };
}

/** Requests that one attempt may take; undefined where it is one. */
export function turnsOf({ world, attacker }: Suite): number | undefined {
  return world?.turns ?? attacker?.turns;
}

export function tokensOf(suite: Budgeted, attempts: number): number {
  const turns = turnsOf(suite.document);
  const once = suite.loaded.items.reduce((sum, item) => {
    return (
      sum + (turns === undefined ? requestTokens(item.text.length, suite) : conversationTokens(item, turns, suite))
    );
  }, 0);
  return Math.ceil(once * attempts * (turns === undefined ? triesAllowance : 2 * conversationsAllowance));
}

function requestTokens(chars: number, { document }: Budgeted): number {
  return Math.ceil(chars / charsPerToken) + templateTokens + document.answerTokens;
}

/** Each request of a conversation says all that was said before. */
function conversationTokens({ body, world }: LoadedItem, turns: number, suite: Budgeted): number {
  const first = body.messages.reduce((sum, { content }) => sum + content.length, 0);
  const { answerTokens, attacker } = suite.document;
  const inWorld = world === undefined ? 0 : Math.min(2 * resultCharsMax, JSON.stringify(world).length + 500);
  const told = inWorld + (attacker?.answerTokens ?? 0) * answerCharsPerToken;
  const grows = told + answerTokens * answerCharsPerToken;
  return Array.from({ length: turns }, (_, turn) => requestTokens(first + told + turn * grows, suite)).reduce(
    (sum, tokens) => sum + tokens,
    0,
  );
}
