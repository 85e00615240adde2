// A whole answer: asked of the model, every text in it passed through the guards a stream of it would pass, and sent with
// the choices that were let through. A choice that was not ends as the format says a refusal ends.
import { stricter } from "../policy/decide.ts";
import { allSteps } from "../safeguards/steps.ts";
import { type Verdict, lets } from "../terms/finding.ts";
import { given } from "../wire/admitting.ts";
import type { AnswerEvent, Block, Choice, WholeAnswer } from "../wire/answer.ts";
import { tokensAbout } from "../wire/prompt-size.ts";
import { type AnswerParts, type Whole, contextOf, isOneText, usageOf } from "./answer.ts";
import { textOf, usedUp, withinLimit } from "./answer-limit.ts";
import { slowCharsAtOnce } from "./answer-turns.ts";
import { type Exchange, callerOf } from "./exchange.ts";
import { type Recording, type Redaction, blocked, recordEnding, verdictWord, whyWord } from "./record.ts";
import { shadowSettled } from "./shadow.ts";
import { rememberStopped } from "./reworded.ts";
import { guardAnswer, guardText, isJsonAsked, toolIds } from "./guarded-answer.ts";

export async function wholeAnswer(parts: AnswerParts): Promise<Whole> {
  const { exchange, format, recording } = parts;
  const { clock } = recording.gateway;
  const { spans } = exchange.note;
  const from = clock.monotonic();
  const answer = await exchange.configuration.upstream.complete(exchange.call, exchange.signal, exchange.asking);
  const came = clock.monotonic();
  spans.upstream = { from, ms: came - from };
  exchange.mustGoOn();
  const said = bounded(answer, recording);
  const means: Means = { exchange, nextToolId: toolIds(exchange), isOneText: isOneText(format) };
  const judging = (): Generator<void, Judged[], void> => judgeChoices(said.choices, means);
  const charsAtOnce = charsAtOnceOf(exchange);
  const mustWait = said.choices.some(({ blocks }) => blocks.some((block) => textOf(block).length > charsAtOnce));
  const { inspections } = recording.gateway;
  const judged = mustWait ? await inspections.take(judging, callerOf(exchange)) : allSteps(judging());
  const isShadowDue = exchange.shadow.later !== undefined;
  if (isShadowDue) await shadowSettled(exchange.shadow);
  if (mustWait || isShadowDue) exchange.mustGoOn();
  const output = judged.map(({ verdict }) => verdict).reduce(stricter, { kind: "pass" });
  spans.outputMs = clock.monotonic() - came;
  if (output.kind === "unknown") throw blocked(output);
  const usage = usageOf(exchange, said.usage, said.usage === undefined ? tokensAbout(saidIn(said.choices)) : 0);
  const choices = judged.map(({ sent }) => sent);
  // Vectors are numbers, checked for shape: there is nothing in them for a safeguard to read.
  const { vectors } = answer;
  const made = { choices, usage, ...(vectors === undefined ? {} : { vectors }) };
  const body = JSON.stringify(format.whole(made, contextOf(exchange, recording)));
  const isBlocked = !lets(output);
  if (isBlocked) rememberStopped(exchange, verdictWord(output), recording.gateway);
  const receipt = await recordEnding(
    exchange,
    {
      outcome: isBlocked ? "blocked" : "served",
      why: isBlocked ? "policy_blocked" : said.why,
      input: parts.input,
      output: vectors === undefined ? verdictWord(output) : "none",
      answer: body,
      tokens: [usage.input, usage.output],
      guarded: redactionIn(judged),
    },
    recording,
  );
  return { kind: "whole", exchange, receipt, body };
}

interface Said extends Pick<WholeAnswer, "choices" | "usage"> {
  readonly why: string | null;
}

/** What of it may be sent at all. A server's count of more than that is not the count of what is sent. */
function bounded({ choices, usage }: WholeAnswer, { reservation }: Recording): Said {
  const kept = withinLimit(choices, reservation);
  return kept === choices ? { choices, usage, why: null } : { choices: kept, usage: undefined, why: whyWord(usedUp()) };
}

function saidIn(choices: readonly Choice[]): string {
  return choices.flatMap(({ blocks }) => blocks.map(textOf)).join("");
}

/** What a choice is judged with. */
interface Means {
  readonly exchange: Exchange;
  readonly nextToolId: () => string;
  readonly isOneText: boolean;
}

interface Judged {
  readonly verdict: Verdict;
  readonly sent: Choice;
  readonly redaction: Redaction | undefined;
}

/** Of all choices together, where it is of any. */
function redactionIn(judged: readonly Judged[]): Redaction | undefined {
  const [first, ...others] = judged.flatMap(({ redaction }) => redaction ?? []);
  return others.reduce(
    (sum, one) => sum && { redacted: sum.redacted + one.redacted, checked: sum.checked + one.checked },
    first,
  );
}

/** The one text that nearly every choice is. */
function onlyText({ blocks }: Choice, charsAtOnce: number): TextBlock | undefined {
  const [only] = blocks;
  const isOnly = blocks.length === 1 && only?.kind === "text" && only.text !== "";
  return isOnly && only.text.length <= charsAtOnce ? only : undefined;
}

type TextBlock = Extract<Block, { readonly kind: "text" }>;

/** With stops in long answers, and none after what ends the exchange. */
function* judgeChoices(choices: readonly Choice[], means: Means): Generator<void, Judged[], void> {
  const { exchange } = means;
  const judged: Judged[] = [];
  for (const choice of choices) {
    const only = onlyText(choice, charsAtOnceOf(exchange));
    if (only === undefined) judged.push(yield* judgeBlocks(choice, means));
    else judged.push(judgeText(choice, only, exchange));
  }
  return judged;
}

/** What `judgeBlocks` would say, without its events. */
function judgeText(choice: Choice, block: TextBlock, exchange: Exchange): Judged {
  const guard = guardText(exchange, isJsonAsked(exchange));
  const first = guard.push(block.text);
  const last = guard.finish();
  const redacted = (first.replacements ?? 0) + (last.replacements ?? 0);
  const isStopped = first.kind === "stop" || last.kind === "stop";
  const redaction = redacted === 0 && !isStopped ? undefined : { redacted, checked: guard.checked() };
  if (isStopped) return stopped(choice, last.verdict, redaction);
  // Half a surrogate pair is no text: it could be sent, and not committed to.
  const text = first.text.toWellFormed() + last.text.toWellFormed();
  return {
    verdict: stricter(first.verdict, last.verdict),
    sent: { ...choice, blocks: [{ ...block, text }] },
    redaction,
  };
}

/** Nothing of it is sent, replacements neither. */
function stopped({ index }: Choice, verdict: Verdict, redaction: Redaction | undefined): Judged {
  const category = "category" in verdict ? { category: verdict.category } : {};
  const sent: Choice = { index, blocks: [], ending: { finish: "refusal", ...category } };
  return { verdict, sent, redaction: { redacted: 0, checked: redaction?.checked ?? 0 } };
}

function* judgeBlocks(
  choice: Choice,
  { exchange, nextToolId, isOneText: isOne }: Means,
): Generator<void, Judged, void> {
  const guard = guardAnswer(exchange, nextToolId, isOne);
  const cleared: AnswerEvent[] = [];
  const charsAtOnce = charsAtOnceOf(exchange);
  for (const event of eventsOf(choice)) {
    for (const piece of piecesOf(event, charsAtOnce)) {
      cleared.push(...guard.push(piece));
      if (piece.kind !== "text" || piece.text.length < charsAtOnce) continue;
      yield;
      exchange.mustGoOn();
    }
  }
  const stop = guard.stoppedBy();
  const redaction = guard.redaction();
  if (stop !== undefined) return stopped(choice, stop, redaction);
  return { verdict: guard.verdict(), sent: { ...choice, blocks: blocksOf(cleared) }, redaction };
}

/** Characters of an answer that are judged at once. How an answer is cut changes nothing of what is decided about it. */
const usualCharsAtOnce = 8192;

function charsAtOnceOf({ configuration }: Exchange): number {
  return configuration.chain.isSlow ? slowCharsAtOnce : usualCharsAtOnce;
}

function piecesOf(event: AnswerEvent, charsAtOnce: number): readonly AnswerEvent[] {
  if (event.kind !== "text" || event.text.length <= charsAtOnce) return [event];
  const { text } = event;
  return Array.from({ length: Math.ceil(text.length / charsAtOnce) }, (_, at) => {
    return { ...event, text: text.slice(at * charsAtOnce, (at + 1) * charsAtOnce) };
  });
}

function eventsOf({ index, blocks, ending }: Choice): readonly AnswerEvent[] {
  const events: AnswerEvent[] = [];
  for (const [block, one] of blocks.entries()) {
    const place = { choice: index, block };
    events.push(openingOf(one, place));
    const text = textOf(one);
    if (text !== "") events.push({ ...place, kind: "text", text });
    if (one.kind === "reasoning" && one.seal !== undefined) events.push({ ...place, kind: "seal", seal: one.seal });
    events.push({ ...place, kind: "close" });
  }
  return [...events, { kind: "finish", choice: index, ending }];
}

function openingOf(block: Block, place: { readonly choice: number; readonly block: number }): AnswerEvent {
  switch (block.kind) {
    case "tool":
      return { ...place, kind: "open", as: "tool", id: block.id, name: block.name };
    case "sealed":
      return { ...place, kind: "open", as: "sealed", data: block.data };
    case "text":
      return { ...place, kind: "open", as: "text", ...given("phase", block.phase) };
    case "refusal":
    case "reasoning":
      return { ...place, kind: "open", as: block.kind };
  }
}

/** The blocks that the events of one choice come to. */
function blocksOf(events: readonly AnswerEvent[]): readonly Block[] {
  const blocks = new Map<number, Block>();
  for (const event of events) {
    if (event.kind === "open") blocks.set(event.block, begun(event));
    else if (event.kind === "text" || event.kind === "seal") {
      const block = blocks.get(event.block);
      if (block !== undefined) blocks.set(event.block, grown(block, event));
    }
  }
  return [...blocks.values()];
}

function begun(event: Extract<AnswerEvent, { readonly kind: "open" }>): Block {
  switch (event.as) {
    case "tool":
      return { kind: "tool", id: event.id, name: event.name, arguments: "" };
    case "sealed":
      return { kind: "sealed", data: event.data };
    case "text":
      return { kind: "text", text: "", ...given("phase", event.phase) };
    case "refusal":
    case "reasoning":
      return { kind: event.as, text: "" };
  }
}

function grown(block: Block, event: Extract<AnswerEvent, { readonly kind: "text" | "seal" }>): Block {
  if (event.kind === "seal") return block.kind === "reasoning" ? { ...block, seal: event.seal } : block;
  if (block.kind === "sealed") return block;
  return block.kind === "tool"
    ? { ...block, arguments: block.arguments + event.text }
    : { ...block, text: block.text + event.text };
}
