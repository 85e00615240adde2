// Answers as chat completions for callers: whole, and as a stream of chunks. Only what is built here leaves. Reasoning goes
// in `reasoning_content`, which clients of open models read; seals and sealed blocks have no place here and are left out.
import { given, put } from "../admitting.ts";
import type { AnswerEvent, Choice, Ending, Usage, WholeAnswer } from "../answer.ts";
import type { AnswerContext, AnswerWriter, ErrorSaid } from "../format.ts";

type FinishReason = "stop" | "length" | "tool_calls" | "content_filter";

function finishReasonOf({ finish }: Ending): FinishReason {
  switch (finish) {
    case "stop":
      return "stop";
    case "tool":
      return "tool_calls";
    case "refusal":
      return "content_filter";
    // A full context and a paused turn are unfinished answers; this format has one word for those.
    case "length":
    case "context":
    case "pause":
      return "length";
  }
}

export function wholeChat(answer: WholeAnswer & { readonly usage: Usage }, context: AnswerContext): object {
  return {
    id: `chatcmpl-${context.id}`,
    object: "chat.completion",
    created: context.created,
    model: context.model,
    choices: answer.choices.map(choiceOf),
    usage: usageOf(answer.usage),
  };
}

function choiceOf({ index, blocks, ending }: Choice): object {
  const message: Record<string, unknown> = {
    role: "assistant",
    content: textOf(blocks, "text") ?? (ending.finish === "refusal" ? "" : null),
    refusal: textOf(blocks, "refusal"),
  };
  put(message, "reasoning_content", textOf(blocks, "reasoning"));
  const calls: object[] = [];
  for (const block of blocks) {
    if (block.kind !== "tool") continue;
    calls.push({ id: block.id, type: "function", function: { name: block.name, arguments: block.arguments } });
  }
  if (calls.length > 0) message["tool_calls"] = calls;
  return { index, message, logprobs: null, finish_reason: finishReasonOf(ending) };
}

/** All text of a kind; null where there is no block of it. */
function textOf(blocks: Choice["blocks"], kind: "text" | "refusal" | "reasoning"): string | null {
  let all: string | null = null;
  for (const block of blocks) if (block.kind === kind && "text" in block) all = (all ?? "") + block.text;
  return all;
}

function usageOf({ input, output, cachedInput, cacheWritten, reasoning }: Usage): object {
  const usage: Record<string, unknown> = {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
  };
  if (cachedInput !== undefined || cacheWritten !== undefined) {
    const cached = { ...given("cached_tokens", cachedInput), ...given("cache_write_tokens", cacheWritten) };
    usage["prompt_tokens_details"] = cached;
  }
  if (reasoning !== undefined) usage["completion_tokens_details"] = { reasoning_tokens: reasoning };
  return usage;
}

export function chatError({ message, type, code, reason, field, id, contact }: ErrorSaid): object {
  return { error: { message, type, param: field, code, reason, id, contact } };
}

interface OpenBlock {
  readonly block: number;
  readonly as: string;
  /** Which tool of its choice it is. */
  readonly tool: number;
}

interface ChoiceState {
  hasEnded: boolean;
  tools: number;
  /** The blocks that are open: few. */
  open: readonly OpenBlock[];
}

export class ChatWriter implements AnswerWriter {
  readonly #context: AnswerContext;
  /** By their number, undefined where one has not begun. An empty list would make room for many at its first. */
  readonly #choices: (ChoiceState | undefined)[] = [undefined];

  constructor(context: AnswerContext) {
    this.#context = context;
  }

  write(event: AnswerEvent): string {
    if (event.kind === "usage" || event.kind === "ping") return "";
    const known = this.#choices[event.choice];
    if (known !== undefined) return this.#writeIn(known, event);
    const state: ChoiceState = { hasEnded: false, tools: 0, open: [] };
    this.#choices[event.choice] = state;
    return this.#delta(event.choice, { role: "assistant", content: "" }) + this.#writeIn(state, event);
  }

  heartbeat(): string {
    return ": waiting\n\n";
  }

  refuse(): string {
    return Array.from({ length: this.#context.call.choices }, (_, choice) => choice)
      .filter((choice) => this.#choices[choice]?.hasEnded !== true)
      .map((choice) => this.write({ kind: "finish", choice, ending: { finish: "refusal" } }))
      .join("");
  }

  end(usage: Usage, receipt: string): string {
    const { isUsageAsked } = this.#context.call;
    const counted = isUsageAsked ? this.#chunk({ choices: [], usage: usageOf(usage) }) : "";
    return `: x-headgate-receipt ${receipt}\n\n${counted}data: [DONE]\n\n`;
  }

  fail(said: ErrorSaid): string {
    return `data: ${JSON.stringify(chatError(said))}\n\n`;
  }

  #writeIn(state: ChoiceState, event: Exclude<AnswerEvent, { readonly kind: "usage" | "ping" }>): string {
    const { choice } = event;
    switch (event.kind) {
      case "open":
        return this.#open(state, event);
      case "text":
        return this.#text(state, event);
      case "close":
        state.open = state.open.filter(({ block }) => block !== event.block);
        return "";
      case "seal":
        return "";
      case "finish":
        state.hasEnded = true;
        return this.#choice(choice, {}, finishReasonOf(event.ending));
    }
  }

  #open(state: ChoiceState, event: Extract<AnswerEvent, { readonly kind: "open" }>): string {
    state.open = state.open.concat({ block: event.block, as: event.as, tool: state.tools });
    if (event.as !== "tool") return "";
    const index = state.tools;
    state.tools += 1;
    const call = { index, id: event.id, type: "function", function: { name: event.name, arguments: "" } };
    return this.#delta(event.choice, { tool_calls: [call] });
  }

  #text(state: ChoiceState, { choice, block, text }: Extract<AnswerEvent, { readonly kind: "text" }>): string {
    const { as, tool } = state.open.find((open) => open.block === block) ?? { as: "", tool: 0 };
    if (as === "text") return this.#delta(choice, { content: text });
    if (as === "refusal") return this.#delta(choice, { refusal: text });
    if (as === "reasoning") return this.#delta(choice, { reasoning_content: text });
    return as === "tool" ? this.#delta(choice, { tool_calls: [{ index: tool, function: { arguments: text } }] }) : "";
  }

  #delta(index: number, delta: object): string {
    return this.#choice(index, delta, null);
  }

  #choice(index: number, delta: object, finish: FinishReason | null): string {
    const usage = this.#context.call.isUsageAsked ? { usage: null } : {};
    return this.#chunk({ choices: [{ index, delta, logprobs: null, finish_reason: finish }], ...usage });
  }

  #chunk(rest: object): string {
    const { id, created, model } = this.#context;
    return `data: ${JSON.stringify({ id: `chatcmpl-${id}`, object: "chat.completion.chunk", created, model, ...rest })}\n\n`;
  }
}
