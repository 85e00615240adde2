// What a wire format is to the rest of the program, in both directions: to callers a Format (their request in, an answer or
// an error out), to servers a Dialect (a request out, their answer in). One folder a format: chat, responses, messages.
import type { Category } from "../terms/finding.ts";
import type { FormatName } from "../terms/format-name.ts";
import type { Name, ReceiptId, ReviewId } from "../terms/ids.ts";
import type { AnswerEvent, Usage, WholeAnswer } from "./answer.ts";
import type { Call, CallField } from "./call.ts";
import type { SseEvent } from "./sse.ts";

/** What a caller is told of a refusal or failure; each format puts it into its own error object. */
export interface ErrorSaid {
  readonly message: string;
  /** `error.type` as OpenAI's clients know it; Anthropic's is found from the status. */
  readonly type: string;
  readonly code: string;
  readonly reason: string | null;
  /** The field of the request that is not as it should be, as the caller's format names it. */
  readonly field: string | null;
  readonly status: number;
  readonly id: ReceiptId | ReviewId;
  readonly contact: string;
}

export interface AnswerContext {
  readonly id: ReceiptId;
  readonly model: Name;
  /** Seconds since 1970. */
  readonly created: number;
  /** Of a stream without its turns. */
  readonly call: Call;
  /** Characters of all that the model read. */
  readonly promptChars: number;
}

export interface Format {
  readonly name: FormatName;
  /** The caller's field for a part of a call, for messages that name it. */
  readonly fields: Readonly<Record<CallField, string>>;
  /** What a policy block before the first byte is: an error, or an answer of status 200 that ends as a refusal ends. */
  readonly policyBlock: "error" | "refusal";
  /**
   * A caller's body, which is a JSON object of bounded depth without duplicate members. By allow-list: throws
   * `request_invalid` for what is not admitted and `feature_unsupported` for what would go round the safeguards, and names
   * the field, never what stands in it. Ranges and what a model admits are the envelope's to check.
   */
  readonly parseCall: (raw: Readonly<Record<string, unknown>>) => Call;
  /** The body of a whole answer. Every text in `answer` was cleared; a refused choice has no blocks. */
  readonly whole: (answer: WholeAnswer & { readonly usage: Usage }, context: AnswerContext) => object;
  readonly stream: (context: AnswerContext) => AnswerWriter;
  readonly error: (said: ErrorSaid) => object;
}

/** Writes one stream for a caller as server-sent events. Every method gives text to send, "" where there is nothing yet. */
export interface AnswerWriter {
  /** Takes what was cleared: text never comes here before. */
  readonly write: (event: AnswerEvent) => string;
  /** Something a client reads over, while text is held back. */
  readonly heartbeat: () => string;
  /** Ends every choice that has not ended as this format ends a refusal (`content_filter`, `refusal`, `response.incomplete`). */
  readonly refuse: (category: Category | null) => string;
  /** After every choice has ended: usage, the receipt in a comment, the terminal event. */
  readonly end: (usage: Usage, receipt: string) => string;
  /** An error in the stream, as a last event: nothing after it, and it never looks whole. */
  readonly fail: (said: ErrorSaid) => string;
}

/** A model server's format. */
export interface Dialect {
  readonly name: "openai-chat" | "openai-responses" | "anthropic-messages" | "openai-embeddings";
  /** Below the API's root, for example `/chat/completions`. */
  readonly path: string;
  /** Name and value of the header that carries our key for this server, and others that the format demands. */
  readonly headers: (key: string | undefined) => Readonly<Record<string, string>>;
  /** The first part of a call that this dialect cannot say, so that it is refused by name and not dropped. */
  readonly lacks: (call: Call) => CallField | undefined;
  /** The request's body; `model` is the server's name for it. */
  readonly body: (call: Call, model: string) => object;
  /** A whole answer. Throws `upstream_failed`, detail.why `garbage`, for anything that is not one. */
  readonly readWhole: (text: string, call: Call) => WholeAnswer;
  readonly reader: (call: Call) => StreamReader;
  /** How tokens are counted without an answer, where the format has a way. */
  readonly count?: TokenCount;
}

interface TokenCount {
  /** Below the API's root. */
  readonly path: string;
  readonly body: (call: Call, model: string) => object;
  /** Throws `upstream_failed`, detail.why `garbage`, for anything that is no count. */
  readonly read: (text: string) => number;
}

/** Reads one stream. Throws `upstream_failed` with `detail.why` garbage, cut, error_frame or too_long. */
export interface StreamReader {
  readonly take: (event: SseEvent) => readonly AnswerEvent[];
  /** The terminal event was read and every choice has finished. */
  readonly isDone: () => boolean;
  /** Something of the answer came (pings and comments are nothing). */
  readonly hasBegun: () => boolean;
  /** The bytes ended: throws `cut` unless the answer is whole, gives what was still owed. */
  readonly end: () => readonly AnswerEvent[];
}
