// A server's answer in Anthropic's format, whole or as a stream, into our words. The order of a stream is held to the letter:
// one message, blocks one after another, an ending, a stop. Source: Anthropic API reference, streaming messages.
import type { AnswerEvent, Ending, Finish, WholeAnswer } from "../answer.ts";
import type { Call } from "../call.ts";
import type { StreamReader } from "../format.ts";
import { failedAnswer, garbage, parseJsonOrUndefined } from "../reading.ts";
import type { SseEvent } from "../sse.ts";
import {
  type Frame,
  type ServedBlock,
  UsageCounter,
  blockOf,
  frameIn,
  isFrame,
  sealOf,
  textIn,
  textOrNull,
} from "./frames.ts";
import { endingOf } from "./stops.ts";

/** Blocks of one answer. */
const blocksMax = 1_024;

/** A whole answer. Throws `upstream_failed`, detail.why `error_frame` or `garbage`. */
export function readWhole(text: string, call: Call): WholeAnswer {
  const message = objectIn(text);
  if (message["type"] === "error") throw reportedError();
  const content = message["content"];
  if (message["type"] !== "message" || message["role"] !== "assistant" || !Array.isArray(content)) {
    throw garbage("it is no message");
  }
  if (content.length > blocksMax) throw garbage(`more than ${blocksMax} blocks`);
  const blocks = content.map((block: unknown) => {
    if (!isFrame(block)) throw garbage("a block that is no object");
    const read = blockOf(block);
    return read.kind === "tool" && read.arguments === "" ? { ...read, arguments: "{}" } : read;
  });
  const ending = endingIn(message, call);
  if (ending === undefined) throw garbage("no stop reason");
  const counter = new UsageCounter();
  counter.take(message["usage"]);
  return { choices: [{ index: 0, blocks, ending }], usage: counter.usage() };
}

/** The answer of count_tokens. Throws as `readWhole` does. */
export function readCount(text: string): number {
  const { input_tokens: tokens } = objectIn(text);
  if (typeof tokens === "number" && Number.isSafeInteger(tokens) && tokens >= 0) return tokens;
  throw garbage("it is no count");
}

/** Undefined where the frame gives no reason yet. */
function endingIn(frame: Frame, call: Call): Ending | undefined {
  const reason = textOrNull(frame, "stop_reason");
  if (reason === null) return undefined;
  const ending = endingOf(reason, textOrNull(frame, "stop_sequence"), call.stop);
  if (ending === undefined) throw garbage("a stop reason that is not known");
  return ending;
}

function objectIn(text: string): Frame {
  const value = parseJsonOrUndefined(text);
  if (isFrame(value)) return value;
  throw garbage("it is no JSON object");
}

function reportedError(): Error {
  return failedAnswer("The upstream reported an error instead of an answer.", "error_frame");
}

/** How an answer can end in the middle of a block. */
const endsInside: ReadonlySet<Finish> = new Set(["refusal", "length", "context"]);

/** The block that is open: only one is at a time. */
interface OpenBlock {
  /** The server's number, and ours, which has no gaps. */
  readonly index: number;
  readonly block: number;
  readonly kind: ServedBlock["kind"];
  /** A tool call that started with its arguments takes none after. */
  readonly isComplete: boolean;
  hasText: boolean;
  seal: string;
}

export class MessagesReader implements StreamReader {
  readonly #call: Call;
  readonly #counter = new UsageCounter();
  /** Of the message, once it has started; only compared. */
  #id: unknown;
  #isBegun = false;
  #isStopped = false;
  #open: OpenBlock | undefined;
  #lastIndex = -1;
  #blocks = 0;
  #ending: Ending | undefined;

  constructor(call: Call) {
    this.#call = call;
  }

  take({ event, data }: SseEvent): readonly AnswerEvent[] {
    if (this.#isStopped || data === "") return [];
    const frame = objectIn(data);
    const { type } = frame;
    if (type === "error" || event === "error") {
      throw failedAnswer("The upstream reported an error in its stream.", "error_frame");
    }
    if (typeof type !== "string" || (event !== "message" && event !== type)) {
      throw garbage("an event whose name is not its type");
    }
    if (type === "ping") return [{ kind: "ping" }];
    if (type === "message_start") return this.#start(frame);
    if (this.#id === undefined) throw garbage("an event before the message starts");
    return this.#takeIn(type, frame);
  }

  isDone(): boolean {
    return this.#isStopped;
  }

  hasBegun(): boolean {
    return this.#isBegun;
  }

  end(): readonly AnswerEvent[] {
    if (this.#isStopped) return [];
    throw failedAnswer("The upstream ended its stream before the answer was complete.", "cut");
  }

  #takeIn(type: string, frame: Frame): readonly AnswerEvent[] {
    switch (type) {
      case "content_block_start":
        return this.#startBlock(frame);
      case "content_block_delta":
        return this.#delta(this.#openAt(frame), frameIn(frame, "delta"));
      case "content_block_stop":
        return this.#stopBlock(this.#openAt(frame));
      case "message_delta":
        return this.#end(frame);
      case "message_stop":
        return this.#stop();
      default:
        throw garbage("an event of a type that is not known");
    }
  }

  #start(frame: Frame): readonly AnswerEvent[] {
    const message = frameIn(frame, "message");
    // Some proxies say twice that the same message starts; once it has begun, another start is another message.
    const isSame = !this.#isBegun && message["id"] === this.#id;
    if (this.#id !== undefined && !isSame) throw garbage("a second message");
    this.#id = message["id"] ?? "";
    const content = message["content"];
    if (Array.isArray(content) && content.length > 0) throw garbage("a message that starts with content");
    return this.#count(message["usage"]);
  }

  #count(usage: unknown): readonly AnswerEvent[] {
    this.#counter.take(usage);
    const known = this.#counter.usage();
    return known === undefined ? [] : [{ kind: "usage", usage: known }];
  }

  #startBlock(frame: Frame): readonly AnswerEvent[] {
    const index = this.#nextIndex(frame);
    const read = blockOf(frameIn(frame, "content_block"));
    const text = textOf(read);
    const place = { choice: 0, block: this.#blocks };
    this.#open = {
      index,
      block: place.block,
      kind: read.kind,
      isComplete: text !== "",
      hasText: text !== "",
      seal: read.kind === "reasoning" ? (read.seal ?? "") : "",
    };
    this.#blocks += 1;
    this.#isBegun = true;
    const texts: readonly AnswerEvent[] = text === "" ? [] : [{ kind: "text", ...place, text }];
    return [openingOf(read, place), ...texts];
  }

  #nextIndex({ index }: Frame): number {
    if (this.#open !== undefined || this.#ending !== undefined) throw garbage("a block that starts out of turn");
    if (typeof index !== "number" || !Number.isInteger(index) || index <= this.#lastIndex) {
      throw garbage("a block whose number does not rise");
    }
    if (this.#blocks >= blocksMax) throw garbage(`more than ${blocksMax} blocks`);
    this.#lastIndex = index;
    return index;
  }

  #openAt(frame: Frame): OpenBlock {
    if (this.#open === undefined || frame["index"] !== this.#open.index) throw garbage("an event outside its block");
    return this.#open;
  }

  #delta(open: OpenBlock, delta: Frame): readonly AnswerEvent[] {
    const { type } = delta;
    if (type === "signature_delta" && open.kind === "reasoning") {
      open.seal = sealOf(textIn(delta, "signature"));
      return [];
    }
    const text = textIn(delta, textField(type, open));
    if (text === "") return [];
    open.hasText = true;
    return [{ kind: "text", choice: 0, block: open.block, text }];
  }

  #stopBlock({ kind, block, hasText, seal }: OpenBlock): readonly AnswerEvent[] {
    this.#open = undefined;
    const place = { choice: 0, block };
    return [
      // A tool without arguments is called with an empty object, whatever the format.
      ...(kind === "tool" && !hasText ? [{ kind: "text", ...place, text: "{}" } as const] : []),
      ...(seal === "" ? [] : [{ kind: "seal", ...place, seal } as const]),
      { kind: "close", ...place },
    ];
  }

  #end(frame: Frame): readonly AnswerEvent[] {
    this.#isBegun = true;
    const counts = this.#count(frame["usage"]);
    const ending = endingIn(frameIn(frame, "delta"), this.#call);
    if (ending === undefined) return counts;
    if (this.#ending !== undefined) throw garbage("a second stop reason");
    this.#ending = ending;
    // A refusal or a limit may come while a block is open, and servers leave that block as it is.
    if (this.#open !== undefined && !endsInside.has(ending.finish)) throw garbage("an ending inside a block");
    const closed: readonly AnswerEvent[] =
      this.#open === undefined ? [] : [{ kind: "close", choice: 0, block: this.#open.block }];
    this.#open = undefined;
    return [...counts, ...closed, { kind: "finish", choice: 0, ending }];
  }

  #stop(): readonly AnswerEvent[] {
    if (this.#ending === undefined) throw garbage("a stop before the ending");
    this.#isStopped = true;
    return [];
  }
}

function textOf(read: ServedBlock): string {
  if (read.kind === "sealed") return "";
  return read.kind === "tool" ? read.arguments : read.text;
}

function openingOf(read: ServedBlock, place: { readonly choice: number; readonly block: number }): AnswerEvent {
  switch (read.kind) {
    case "tool":
      return { kind: "open", ...place, as: "tool", id: read.id, name: read.name };
    case "sealed":
      return { kind: "open", ...place, as: "sealed", data: read.data };
    case "text":
    case "reasoning":
      return { kind: "open", ...place, as: read.kind };
  }
}

/** Where the text of a delta stands, for the kind of block that is open; any other delta is out of place. */
function textField(type: unknown, open: OpenBlock): string {
  if (type === "text_delta" && open.kind === "text") return "text";
  if (type === "thinking_delta" && open.kind === "reasoning") return "thinking";
  if (type === "input_json_delta" && open.kind === "tool" && !open.isComplete) return "partial_json";
  throw garbage("a delta that does not belong into its block");
}
