// The three ways a request ends: refused, a whole answer, or a stream of events.
import type { SignedReceipt } from "../acts/receipt.ts";
import type { ReceiptId } from "../terms/ids.ts";
import type { Exchange, Recording } from "./exchange.ts";
import type { Refusal } from "./refusals.ts";

/** What an answer is made from, once the request was let through. */
export interface AnswerParts {
  readonly exchange: Exchange;
  /** Verdict on the input, as receipts spell it. */
  readonly input: string;
  readonly recording: Recording;
}

export interface Refused {
  readonly kind: "refused";
  readonly id: ReceiptId;
  readonly refusal: Refusal;
  readonly receipt: SignedReceipt | undefined;
}

export interface Whole {
  readonly kind: "whole";
  readonly exchange: Exchange;
  readonly completion: unknown;
  readonly receipt: SignedReceipt;
}

export interface Streamed {
  readonly kind: "stream";
  readonly exchange: Exchange;
  /** Server-sent events, as text; ends by itself, whatever happens. */
  readonly events: AsyncGenerator<string, void, void>;
}

export type Answer = Refused | Whole | Streamed;
