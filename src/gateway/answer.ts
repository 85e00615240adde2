// The three ways a request ends: refused, a whole answer, or a stream of events.
import type { SignedReceipt } from "../acts/receipt.ts";
import type { ReceiptId } from "../terms/ids.ts";
import type { Usage } from "../wire/answer.ts";
import type { AnswerContext, Format } from "../wire/format.ts";
import type { Exchange, Recording } from "./exchange.ts";
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
  /** The next of them, never "". Undefined at the end, which comes by itself, whatever happens. */
  readonly next: () => Promise<string | undefined>;
  /** Nobody reads on: ends it and records it, unless that was done. Not while `next` is under way. */
  readonly leave: () => Promise<void>;
  /** Something that clients read over, to be sent where nothing else was for long. */
  readonly heartbeat: () => string;
}

export type Answer = Refused | Whole | Streamed;

/** What a format writes an answer from, taken once at its beginning. */
export function contextOf({ id, model, call }: Exchange, { gateway }: Recording): AnswerContext {
  return { id, model, call, created: Math.floor(gateway.clock.now() / 1000) };
}

/** Characters of a prompt that make a token, about; used where an upstream does not count. */
const charsPerToken = 4;

/** What the upstream counted, or an estimate; `answerTokens` are about those of what came of it, rounded up here. */
export function usageOf(exchange: Exchange, counted: Usage | undefined, answerTokens: number): Usage {
  if (counted !== undefined) return counted;
  return { input: Math.ceil(exchange.promptChars / charsPerToken), output: Math.ceil(answerTokens) };
}
