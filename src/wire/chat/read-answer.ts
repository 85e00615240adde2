// A chat server's answer → WholeAnswer, or its stream → events. The far end is not trusted: what is not in the format, an
// ending under a word we do not know, or a tool call whose identity changes is a failure and never looks complete.
import type { z } from "zod";
import { type Building, put } from "../admitting.ts";
import type { AnswerEvent, Block, Ending, Usage, WholeAnswer } from "../answer.ts";
import type { Call } from "../call.ts";
import type { StreamReader } from "../format.ts";
import { failedAnswer, garbage, parseJsonOrUndefined } from "../reading.ts";
import type { SseEvent } from "../sse.ts";
import { type ChatUsage, Chunk, Completion, type FinishReason, type ToolCallDelta } from "./answer-shapes.ts";
import { isPlainChunk, isPlainCompletion } from "./plain.ts";

export function readWholeChat(text: string, call: Call): WholeAnswer {
  const { choices, usage } = parseAnswer(text, isPlainCompletion, Completion);
  if (
    choices.some(({ index }, at) => index >= call.choices || choices.findIndex((one) => one.index === index) !== at)
  ) {
    throw otherChoices();
  }
  return {
    choices: choices.map(({ index, message, finish_reason: reason }) => ({
      index,
      blocks: blocksOf(message),
      ending: endingOf(reason),
    })),
    usage: usageOf(usage),
  };
}

function blocksOf(message: Completion["choices"][number]["message"]): readonly Block[] {
  const blocks: Block[] = [];
  // An empty content beside nothing else is an answer, if an empty one.
  const add = (kind: Spoken, text: string): void => {
    if (text !== "") blocks.push({ kind, text });
  };
  add("reasoning", message.reasoning_content ?? message.reasoning ?? "");
  add("text", message.content ?? "");
  add("refusal", message.refusal ?? "");
  for (const { id, function: called } of message.tool_calls ?? []) {
    blocks.push({ kind: "tool", id: id ?? "", name: called.name, arguments: called.arguments });
  }
  return blocks;
}

function endingOf(reason: FinishReason): Ending {
  switch (reason) {
    case "stop":
    case "length":
      return { finish: reason };
    case "tool_calls":
      return { finish: "tool" };
    case "content_filter":
      return { finish: "refusal" };
  }
}

function usageOf(usage: ChatUsage | null | undefined): Usage | undefined {
  if (usage === null || usage === undefined) return undefined;
  const cached = usage.prompt_tokens_details;
  const counted: Building<Usage> = { input: usage.prompt_tokens, output: usage.completion_tokens };
  put(counted, "cachedInput", cached?.cached_tokens);
  put(counted, "cacheWritten", cached?.cache_write_tokens);
  put(counted, "reasoning", usage.completion_tokens_details?.reasoning_tokens);
  return counted;
}

type Spoken = "text" | "refusal" | "reasoning";

interface ToolState {
  id: string;
  name: string;
  /** Its block, once its name was read. */
  block: number | undefined;
}

interface ChoiceState {
  readonly index: number;
  blocks: number;
  /** The block of text that is open; one at a time. */
  spoken: { readonly kind: Spoken; readonly block: number } | undefined;
  /** In the order in which they began; none yet for most answers. */
  tools: Map<number, ToolState> | undefined;
  finish: FinishReason | undefined;
}

/** What is whole: every choice that began has finished, then `[DONE]` or the end. */
export class ChatReader implements StreamReader {
  readonly #call: Call;
  /** By their number, undefined where one has not begun. An empty list would make room for many at its first. */
  readonly #choices: (ChoiceState | undefined)[] = [undefined];
  #isDone = false;

  constructor(call: Call) {
    this.#call = call;
  }

  take({ event, data }: SseEvent): readonly AnswerEvent[] {
    if (this.#isDone || data === "") return [];
    if (data === "[DONE]") {
      this.#expectWhole();
      this.#isDone = true;
      return [];
    }
    if (event === "error") throw failedAnswer("The upstream reported an error in its stream.", "error_frame");
    const { choices, usage } = parseAnswer(data, isPlainChunk, Chunk);
    const events = choices.flatMap((choice) => this.#takeChoice(choice));
    const counted = usageOf(usage);
    return counted === undefined ? events : [...events, { kind: "usage", usage: counted }];
  }

  isDone(): boolean {
    return this.#isDone;
  }

  hasBegun(): boolean {
    return this.#choices.some((choice) => choice !== undefined);
  }

  end(): readonly AnswerEvent[] {
    this.#expectWhole();
    return [];
  }

  #expectWhole(): void {
    const begun = this.#choices.filter((choice) => choice !== undefined);
    if (begun.length > 0 && begun.every(({ finish }) => finish !== undefined)) return;
    throw failedAnswer("The upstream ended its stream before the answer was complete.", "cut");
  }

  #takeChoice({ index, delta, finish_reason: reason }: Chunk["choices"][number]): readonly AnswerEvent[] {
    if (index >= this.#call.choices) throw otherChoices();
    const known = this.#choices[index];
    const state: ChoiceState = known ?? { index, blocks: 0, spoken: undefined, tools: undefined, finish: undefined };
    this.#choices[index] = state;
    const events: AnswerEvent[] = [];
    for (const kind of ["reasoning", "text", "refusal"] as const)
      speak(state, { kind, text: textIn(delta, kind) }, events);
    for (const part of delta?.tool_calls ?? []) takeToolPart(state, part, events);
    if (reason !== undefined && reason !== null) finishChoice(state, reason, events);
    // A frame that carries nothing is a sign of life, as the first one of every answer is.
    return events.length === 0 ? [{ kind: "ping" }] : events;
  }
}

type Delta = Chunk["choices"][number]["delta"];

function textIn(delta: Delta, kind: Spoken): string {
  switch (kind) {
    case "text":
      return delta?.content ?? "";
    case "refusal":
      return delta?.refusal ?? "";
    case "reasoning":
      return delta?.reasoning_content ?? delta?.reasoning ?? "";
  }
}

function speak(state: ChoiceState, { kind, text }: { kind: Spoken; text: string }, events: AnswerEvent[]): void {
  if (text === "") return;
  expectOpen(state);
  const choice = state.index;
  if (state.spoken?.kind !== kind) {
    hush(state, events);
    state.spoken = { kind, block: nextBlock(state) };
    events.push({ kind: "open", choice, block: state.spoken.block, as: kind });
  }
  events.push({ kind: "text", choice, block: state.spoken.block, text });
}

function takeToolPart(state: ChoiceState, part: ToolCallDelta, events: AnswerEvent[]): void {
  expectOpen(state);
  state.tools ??= new Map();
  const tool: ToolState = state.tools.get(part.index) ?? { id: "", name: "", block: undefined };
  state.tools.set(part.index, tool);
  // Some servers repeat id and name in every piece; a call whose identity changes is none.
  tool.id = sameOrFirst(tool.id, part.id ?? "");
  tool.name = sameOrFirst(tool.name, part.function?.name ?? "");
  const text = part.function?.arguments ?? "";
  if (tool.name !== "" && tool.block === undefined) {
    hush(state, events);
    tool.block = nextBlock(state);
    events.push({ kind: "open", choice: state.index, block: tool.block, as: "tool", id: tool.id, name: tool.name });
  }
  if (text === "") return;
  if (tool.block === undefined) throw garbage("arguments of a tool call came before its name");
  events.push({ kind: "text", choice: state.index, block: tool.block, text });
}

function sameOrFirst(known: string, said: string): string {
  if (said === "" || said === known) return known;
  if (known === "") return said;
  throw garbage("the identity of a tool call changed");
}

function finishChoice(state: ChoiceState, reason: FinishReason, events: AnswerEvent[]): void {
  if (state.finish !== undefined) {
    if (state.finish === reason) return;
    throw garbage("a choice ended twice");
  }
  state.finish = reason;
  hush(state, events);
  for (const { block } of state.tools?.values() ?? []) {
    if (block === undefined) throw garbage("a tool call has no name");
    events.push({ kind: "close", choice: state.index, block });
  }
  events.push({ kind: "finish", choice: state.index, ending: endingOf(reason) });
}

/** Closes the block of text that is open. */
function hush(state: ChoiceState, events: AnswerEvent[]): void {
  if (state.spoken === undefined) return;
  events.push({ kind: "close", choice: state.index, block: state.spoken.block });
  state.spoken = undefined;
}

function nextBlock(state: ChoiceState): number {
  const block = state.blocks;
  state.blocks += 1;
  return block;
}

function expectOpen({ finish: ended }: ChoiceState): void {
  if (ended !== undefined) throw garbage("a choice went on after its end");
}

function otherChoices(): Error {
  return garbage("it has other choices than were asked for");
}

function parseAnswer<T>(text: string, isPlain: (value: unknown) => value is T, shape: z.ZodType<T>): T {
  const value = parseJsonOrUndefined(text);
  if (isPlain(value)) return value;
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  if (typeof value === "object" && value !== null && "error" in value) {
    throw failedAnswer("The upstream reported an error instead of an answer.", "error_frame");
  }
  throw garbage("it is no chat completion");
}
