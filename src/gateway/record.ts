// How an exchange ended, as its receipt says it. Receipts are drafted here, so that a served, a blocked, a stopped and a refused
// exchange are recorded by the same hand; and here verdicts and failures get the one word that receipts have for them.
import { type Outcome, type Receipt, type SignedReceipt, beginContentDigest, contentDigest } from "../acts/receipt.ts";
import type { TextDigest } from "../proof/digest.ts";
import type { Hasher } from "../proof/primitives.ts";
import { Failure } from "../terms/failure.ts";
import { type Verdict, lets } from "../terms/finding.ts";
import type { KeyId, Name, ReceiptId } from "../terms/ids.ts";
import { underOf } from "./admission.ts";
import { type Exchange, isBare } from "./exchange.ts";
import type { Gateway } from "./gateway.ts";
import { type ReceiptDraft, noContent } from "./recorder.ts";
import { handSample, sampleAnswer } from "./sampler.ts";
import { placesOf } from "./sayers.ts";
import type { Begun } from "./spool.ts";

export interface Ending {
  readonly outcome: Outcome;
  readonly why: string | null;
  readonly input: string;
  readonly output: string;
  /** As it was sent, or the digest that was made of it with its request as it went by. */
  readonly answer: string | TextDigest;
  readonly tokens: readonly [prompt: number, completion: number];
  /** Where a safeguard took something out of the answer, or stopped it. */
  readonly guarded?: Redaction | undefined;
}

/** What receipts say of an answer that is not as the model gave it. */
export interface Redaction {
  readonly redacted: number;
  /** Characters of what the model said that were checked. */
  readonly checked: number;
}

/** Records how an exchange ended, settles its reservation, and gives the receipt. */
export function recordEnding(exchange: Exchange, ending: Ending, parts: Recording): Promise<SignedReceipt> {
  const { gateway, reservation } = parts;
  exchange.end();
  if (typeof ending.answer === "string") sampleAnswer(exchange, ending.answer);
  handSample(exchange, ending, gateway);
  const { note } = exchange;
  note.outcome = ending.outcome;
  note.tokens = ending.tokens;
  if (ending.guarded !== undefined) note.redacted = ending.guarded.redacted;
  if (ending.why !== null) note.refusal ??= reasoned(ending.why);
  reservation?.settle({ tokens: ending.tokens, isAnswered: isAnswered(ending.outcome) });
  const observed = observedOf(exchange, ending.outcome);
  if (observed.would !== undefined) note.would = observed.would;
  return gateway.recorder.finish(draftOf(exchange, { ending, observed }, gateway.primitives));
}

interface Ended {
  readonly ending: Ending;
  readonly observed: Observed;
}

function draftOf(exchange: Exchange, { ending, observed }: Ended, hasher: Hasher): ReceiptDraft {
  const { answer, tokens, guarded } = ending;
  const { id, request } = exchange;
  return {
    ...knownOf(exchange),
    outcome: ending.outcome,
    why: ending.why,
    input: isBare(exchange) ? "none" : (observed.input ?? ending.input),
    output: isBare(exchange) ? "none" : (observed.output ?? ending.output),
    would: observed.would,
    shadow: shadowOf(exchange),
    redacted: guarded?.redacted,
    checked: guarded?.checked,
    content: typeof answer === "string" ? contentDigest(id, { request, answer }, hasher) : answer.digest(),
    tokens: [tokens[0], tokens[1]],
  };
}

/** For a streamed answer: what its receipt commits to, made as it goes by. */
export function beginContent(exchange: Exchange, { primitives }: Gateway): TextDigest {
  const { id, request, sampling } = exchange;
  const content = beginContentDigest(id, request, primitives);
  if (sampling === undefined) return content;
  return {
    digest: content.digest,
    add: (piece) => {
      content.add(piece);
      sampleAnswer(exchange, piece);
    },
  };
}

/** Puts on record that a stream begins, before a character of it leaves. */
export async function recordBeginning(exchange: Exchange, input: string, { gateway }: Recording): Promise<void> {
  const { input: seen, would } = observedOf(exchange, "cut");
  const verdict = isBare(exchange) ? "none" : (seen ?? input);
  await gateway.recorder.begin({ ...knownOf(exchange), input: verdict, would, shadow: shadowOf(exchange) });
}

type Observed = Partial<Pick<Receipt, "input" | "output" | "would">>;
const notObserved: Observed = {};

/** In observe mode: what policy said, whatever was done about it, and what would have become of it in enforce mode. */
function observedOf({ seen }: Exchange, outcome: Outcome): Observed {
  if (seen === undefined) return notObserved;
  const sides = Object.entries(seen).map(([side, verdict]) => [side, verdictWord(verdict)] as const);
  const isStopped = Object.values(seen).some((verdict) => !lets(verdict));
  return { ...Object.fromEntries(sides), would: isStopped ? "blocked" : outcome };
}

function shadowOf({ shadow: { input, output } }: Exchange): Receipt["shadow"] {
  if (input === undefined && output === undefined) return undefined;
  return {
    input: input === undefined ? undefined : verdictWord(input),
    output: output === undefined ? undefined : verdictWord(output),
  };
}

function knownOf(exchange: Exchange): Omit<Begun, "input"> {
  const { id, model, asked, configuration, exposure, item } = exchange;
  const origin = exchange.origin();
  const review = exchange.reviewed.by;
  const { modes } = configuration.chain;
  return {
    id,
    model,
    asked,
    modes,
    origin,
    review,
    by: placesOf(exchange.sayers),
    safeguards: isBare(exchange) ? "none" : undefined,
    config: configuration.config,
    under: underOf(exposure),
    stage: exposure.kind === "open" ? exposure.release.stage : "permit",
    key: exposure.kind === "open" ? exposure.key : null,
    glass: exposure.kind === "open" ? exposure.glass : undefined,
    item,
  };
}

/** What was set aside for an exchange, of a key's quota or a permit. */
export interface Reservation {
  /** Says how many tokens the answer has so far; `stop` once what was set aside is used up. */
  readonly spend: (answerTokens: number) => "go-on" | "stop";
  readonly settle: (ended: { readonly tokens: Ending["tokens"]; readonly isAnswered: boolean }) => void;
}

export interface Recording {
  readonly gateway: Gateway;
  readonly reservation: Reservation | undefined;
}

function isAnswered(outcome: Outcome): boolean {
  return outcome === "served" || outcome === "blocked";
}

export interface EarlyRefusal {
  readonly id: ReceiptId;
  readonly model: Name;
  readonly key: KeyId;
  readonly why: string;
}

/** The receipt of a request that was refused before anything was loaded for it, to a key that is known. */
export async function recordRefusal(refusal: EarlyRefusal, gateway: Gateway): Promise<SignedReceipt> {
  const draft: ReceiptDraft = {
    id: refusal.id,
    model: refusal.model,
    config: null,
    under: null,
    stage: "withheld",
    key: refusal.key,
    item: null,
    outcome: "refused",
    why: refusal.why,
    input: "none",
    output: "none",
    content: noContent(refusal.id, gateway.primitives),
    tokens: [0, 0],
  };
  return gateway.recorder.finish(draft);
}

/** A verdict as receipts spell it. */
export function verdictWord(verdict: Verdict): string {
  switch (verdict.kind) {
    case "pass":
      return "pass";
    case "flag":
    case "review":
    case "block":
      return `${verdict.kind}:${verdict.category}`;
    case "unknown":
      return `unknown:${verdict.cause}`;
  }
}

/** What `whyWord` and receipts spell as one word. */
function reasoned(why: string): { readonly code: string; readonly reason: string | null } {
  const [code = "", reason] = why.split(":");
  return { code, reason: reason ?? null };
}

/** A failure as receipts spell it: its code, and its reason after a colon. */
export function whyWord(failure: Failure): string {
  const { reason } = failure.detail;
  return typeof reason === "string" && /^[a-z-]{1,24}$/.test(reason) ? `${failure.code}:${reason}` : failure.code;
}

/** The refusal of a verdict that does not let text through. For review it is a block: who may wait is told by review.ts. */
export function blocked(verdict: Verdict): Failure {
  if (verdict.kind === "unknown") {
    return new Failure("safeguard_unavailable", "", {
      detail: { reason: verdict.cause, verdict: verdictWord(verdict) },
    });
  }
  const reason = "category" in verdict ? verdict.category : null;
  return new Failure("policy_blocked", "", { detail: { reason, verdict: verdictWord(verdict) } });
}
