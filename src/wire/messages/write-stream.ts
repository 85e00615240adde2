// A stream in Anthropic's format: one message, its blocks one after another, an ending, a stop. Servers of other formats let
// parallel tool calls grow side by side; here the later ones wait until the earlier are closed.
import type { Category } from "../../terms/finding.ts";
import type { AnswerEvent, Ending, Usage } from "../answer.ts";
import type { AnswerContext, AnswerWriter, ErrorSaid } from "../format.ts";
import { noStop, stopOf } from "./stops.ts";
import { deltaUsageOf, messageOf, toolBlock, usageOf, withTools, writeError } from "./write-answer.ts";

/** Characters of prompt that make a token, about; for the start of a stream whose server counts at its end. */
const charsPerToken = 4;

type Opening = Extract<AnswerEvent, { readonly kind: "open" }>;

/** A block that was opened and is not closed yet in the stream. */
interface Pending {
  readonly opening: Opening;
  /** Its place in the stream once its start was written; text blocks start with their first text. */
  index: number | undefined;
  /** Text that waits for its turn. */
  held: string[];
  seal: string;
  isClosed: boolean;
}

export class MessagesWriter implements AnswerWriter {
  readonly #context: AnswerContext;
  /** In the order in which they were opened; the first one is being written. */
  readonly #pending = new Map<number, Pending>();
  #isStarted = false;
  #blocks = 0;
  #hasTool = false;
  #usage: Usage | undefined;
  #ending: Ending | undefined;

  constructor(context: AnswerContext) {
    this.#context = context;
  }

  write(event: AnswerEvent): string {
    switch (event.kind) {
      case "usage":
        this.#usage = event.usage;
        return this.#start();
      case "ping":
        return this.heartbeat();
      case "open":
        this.#pending.set(event.block, { opening: event, index: undefined, held: [], seal: "", isClosed: false });
        return this.#flush();
      case "text":
        this.#pending.get(event.block)?.held.push(event.text);
        return this.#flush();
      case "seal": {
        const pending = this.#pending.get(event.block);
        if (pending !== undefined) pending.seal = event.seal;
        return "";
      }
      case "close": {
        const pending = this.#pending.get(event.block);
        if (pending !== undefined) pending.isClosed = true;
        return this.#flush();
      }
      case "finish":
        this.#ending ??= event.ending;
        return this.#closeAll();
    }
  }

  /** Before the message starts a comment: clients expect the start first. */
  heartbeat(): string {
    return this.#isStarted ? eventOf({ type: "ping" }) : ": waiting\n\n";
  }

  refuse(category: Category | null): string {
    this.#ending ??= { finish: "refusal", ...(category === null ? {} : { category }) };
    return this.#closeAll();
  }

  end(usage: Usage, receipt: string): string {
    this.#usage ??= usage;
    const begun = this.#start() + this.#closeAll();
    const ending = withTools(this.#ending ?? { finish: "refusal" }, this.#hasTool);
    const delta = { ...stopOf(ending, this.#context.id), container: null };
    return [
      begun,
      `: x-headgate-receipt ${receipt}\n\n`,
      eventOf({ type: "message_delta", delta, usage: deltaUsageOf(usage) }),
      eventOf({ type: "message_stop" }),
    ].join("");
  }

  fail(said: ErrorSaid): string {
    return eventOf(writeError(said), "error");
  }

  /** The start of the message, once; with what is counted by then, or about what will be. */
  #start(): string {
    if (this.#isStarted) return "";
    this.#isStarted = true;
    const usage = this.#usage ?? { input: estimatedInput(this.#context), output: 0 };
    return eventOf({
      type: "message_start",
      message: messageOf(this.#context, { content: [], stop: noStop, usage: usageOf(usage) }),
    });
  }

  #closeAll(): string {
    for (const pending of this.#pending.values()) pending.isClosed = true;
    return this.#flush();
  }

  /** Writes the first block as far as it has come, and the next ones once it is closed. */
  #flush(): string {
    let written = "";
    for (const [block, pending] of this.#pending) {
      written += this.#advance(pending);
      if (!pending.isClosed) break;
      this.#pending.delete(block);
    }
    return written;
  }

  #advance(pending: Pending): string {
    const { opening } = pending;
    const text = pending.held.join("");
    pending.held = [];
    const waits = text === "" && (opening.as === "text" || opening.as === "refusal");
    const start = pending.index === undefined && !waits ? this.#startBlock(pending) : "";
    const { index } = pending;
    if (index === undefined) return "";
    return [
      start,
      text === "" ? "" : deltaEvent(index, deltaOf(opening, text)),
      pending.isClosed && pending.seal !== "" && opening.as === "reasoning"
        ? deltaEvent(index, { type: "signature_delta", signature: pending.seal })
        : "",
      pending.isClosed ? eventOf({ type: "content_block_stop", index }) : "",
    ].join("");
  }

  #startBlock(pending: Pending): string {
    const index = this.#blocks;
    this.#blocks += 1;
    pending.index = index;
    this.#hasTool ||= pending.opening.as === "tool";
    return this.#start() + eventOf({ type: "content_block_start", index, content_block: startOf(pending.opening) });
  }
}

function startOf(opening: Opening): object {
  switch (opening.as) {
    case "text":
    case "refusal":
      return { type: "text", text: "", citations: null };
    case "reasoning":
      return { type: "thinking", thinking: "", signature: "" };
    case "sealed":
      return { type: "redacted_thinking", data: opening.data };
    case "tool":
      return toolBlock(opening, {});
  }
}

function deltaOf({ as }: Opening, text: string): object {
  if (as === "tool") return { type: "input_json_delta", partial_json: text };
  if (as === "reasoning") return { type: "thinking_delta", thinking: text };
  return { type: "text_delta", text };
}

function deltaEvent(index: number, delta: object): string {
  return eventOf({ type: "content_block_delta", index, delta });
}

/** Official clients read the event's name, and pass over events that have none. */
function eventOf(value: object, name = "type" in value ? String(value.type) : "message"): string {
  return `event: ${name}\ndata: ${JSON.stringify(value)}\n\n`;
}

function estimatedInput({ promptChars }: AnswerContext): number {
  return Math.ceil(promptChars / charsPerToken);
}
