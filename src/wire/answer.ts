// A model's answer in no maker's words: whole, or as events. Dialects read a server's frames into it, the stream guard works
// on it, and formats write it for the caller; nothing of a server's frame is passed on as it came.
import type { Category } from "../terms/finding.ts";

export type Finish =
  /** The model was done, or met a stop text (then `stopText` says which, where the server does). */
  | "stop"
  | "length"
  | "tool"
  /** Ended by a safeguard, the server's or ours. */
  | "refusal"
  /** The context was full. */
  | "context"
  /** The server paused a long turn and wants to be asked again. */
  | "pause";

export interface Ending {
  readonly finish: Finish;
  readonly stopText?: string;
  /** Of a refusal by our own safeguards: what they found. */
  readonly category?: Category;
}

/** Tokens. `cachedInput` (read from a cache) and `cacheWritten` are parts of `input`, `reasoning` is part of `output`. */
export interface Usage {
  readonly input: number;
  readonly output: number;
  readonly cachedInput?: number;
  readonly cacheWritten?: number;
  readonly reasoning?: number;
}

/** What a text is to the whole answer, in Responses: said on the way to it, or the answer itself. */
export type Phase = "commentary" | "final_answer";

/** The kinds of block; `sealed` is ciphertext of the maker's (redacted thinking, encrypted reasoning), no text. */
export type Block =
  | { readonly kind: "text"; readonly text: string; readonly phase?: Phase }
  | { readonly kind: "refusal"; readonly text: string }
  | { readonly kind: "reasoning"; readonly text: string; readonly seal?: string }
  | { readonly kind: "tool"; readonly id: string; readonly name: string; readonly arguments: string }
  | { readonly kind: "sealed"; readonly data: string };

export interface Choice {
  readonly index: number;
  readonly blocks: readonly Block[];
  readonly ending: Ending;
}

export interface WholeAnswer {
  readonly choices: readonly Choice[];
  readonly usage: Usage | undefined;
  /** Only of a call for an embedding, which has no choices: a vector for each of its turns. */
  readonly vectors?: readonly (readonly number[])[];
}

/** Where something stands: choice and block, both counted from 0; block numbers of a choice only rise. */
interface Place {
  readonly choice: number;
  readonly block: number;
}

/**
 * Guard contract, by kind: `text` (for blocks text, refusal, reasoning and tool, whose text is its arguments) is held back
 * until its window is cleared; a tool's name must be one the caller declared; `seal` and sealed data are admitted only where
 * the envelope admits reasoning, are of the alphabet of base64 and bounded; `finish` waits until every block of its choice is
 * cleared. A frame that a dialect cannot read into one of these is a failure of the server, never passed.
 */
export type AnswerEvent =
  | (Place & { readonly kind: "open"; readonly as: "text"; readonly phase?: Phase })
  | (Place & { readonly kind: "open"; readonly as: "refusal" | "reasoning" })
  | (Place & { readonly kind: "open"; readonly as: "tool"; readonly id: string; readonly name: string })
  | (Place & { readonly kind: "open"; readonly as: "sealed"; readonly data: string })
  | (Place & { readonly kind: "text"; readonly text: string })
  | (Place & { readonly kind: "seal"; readonly seal: string })
  | (Place & { readonly kind: "close" })
  | { readonly kind: "finish"; readonly choice: number; readonly ending: Ending }
  /** Replaces what was counted before; may come first (input only), last, or never. */
  | { readonly kind: "usage"; readonly usage: Usage }
  | { readonly kind: "ping" };

/** Ciphertext and signatures: base64 in either alphabet, nothing that reads as text. */
export const sealPattern = /^[A-Za-z0-9+/_=-]{0,65536}$/;
