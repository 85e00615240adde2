// The three ways a request ends: refused, a whole answer, or a stream of events.
import type { SignedReceipt } from "../acts/receipt.ts";
import type { ReceiptId } from "../terms/ids.ts";
import type { Usage } from "../wire/answer.ts";
import type { AnswerContext, Format } from "../wire/format.ts";
import type { Exchange } from "./exchange.ts";
import type { Recording } from "./record.ts";
import type { Refusal } from "./refusals.ts";

/** What an answer is made from, once the request was let through. */
export interface AnswerParts {
  readonly exchange: Exchange;
  /** The format the caller speaks. */
  readonly format: Format;
  /** Verdict on the input, as receipts spell it. */
  readonly input: string;
  readonly recording: Recording;
}

export interface Refused {
  readonly kind: "refused";
  readonly id: ReceiptId;
  readonly refusal: Refusal;
  readonly receipt: SignedReceipt | undefined;
  /** Whether a limit counted it. */
  readonly isCounted: boolean;
}

export interface Whole {
  readonly kind: "whole";
  readonly exchange: Exchange;
  /** JSON. */
  readonly body: string;
  readonly receipt: SignedReceipt;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Streamed {
  readonly kind: "stream";
  readonly exchange: Exchange;
  readonly text: StreamedText;
}

/** Server-sent events, as they may be sent. */
export interface StreamedText {
  /** What may be sent now: "" where that has to be waited for, undefined where only the end is left. Never throws. */
  readonly take: () => string | undefined;
  /** After `take` gave "": until it may give more. Never rejects. */
  readonly wait: () => Promise<void>;
  /** Ends it, whether it is at its end or nobody reads on, and records it. What the caller still gets says how it ended. */
  readonly end: () => Promise<string | undefined>;
  /** Something that clients read over, to be sent where nothing else was for long. */
  readonly heartbeat: () => string;
}

export type Answer = Refused | Whole | Streamed;

/** What a format writes an answer from, taken once at its beginning. */
export function contextOf({ id, model, call, promptChars }: Exchange, { gateway }: Recording): AnswerContext {
  return { id, model, call, promptChars, created: Math.floor(gateway.clock.now() / 1000) };
}

/** Whether a format puts the texts of a choice together, whatever stands between them. */
export function isOneText({ name }: Format): boolean {
  return name === "chat";
}

/** Characters of a prompt that make a token, about; used where an upstream does not count. */
const charsPerToken = 4;

/** What the upstream counted, or an estimate; `answerTokens` are about those of what came of it, rounded up here. */
export function usageOf(exchange: Exchange, counted: Usage | undefined, answerTokens: number): Usage {
  if (counted !== undefined) return counted;
  return { input: Math.ceil(exchange.promptChars / charsPerToken), output: Math.ceil(answerTokens) };
}
