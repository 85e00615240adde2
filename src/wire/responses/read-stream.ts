// The stream of a server that speaks Responses, read into events. Every event type is known or the stream has failed; text
// comes only into a part that was opened, an item is opened and ended once, and a call keeps its name and id. Snapshots
// (`…done`, the final object) are not passed on: what was streamed is what counts, and they only fill in what was not.
import { z } from "zod";
import { given } from "../admitting.ts";
import type { AnswerEvent, Phase } from "../answer.ts";
import { groupedName } from "../call.ts";
import type { StreamReader } from "../format.ts";
import { failedAnswer, garbage, parseJsonOrUndefined } from "../reading.ts";
import type { SseEvent } from "../sse.ts";
import {
  EndShape,
  FunctionCall,
  PhaseShape,
  ReasoningItem,
  endingOf,
  reasoningBreak,
  reportedError,
  usageOf,
} from "./read-answer.ts";

interface Part {
  readonly block: number;
  chars: number;
  isClosed: boolean;
}

/** An item that was opened. Its parts, by their number; a call and a thought have one, under 0, once they have a block. */
interface Item {
  readonly type: "message" | "function_call" | "reasoning";
  readonly parts: Map<number, Part>;
  readonly phase: Phase | undefined;
  /** Of a call: id and name, which may not change. */
  readonly identity: string;
  isDone: boolean;
  /** Of a thought: which of its parts was written to last. */
  paragraph: string | undefined;
}

interface Books {
  readonly items: Map<number, Item>;
  blocks: number;
  hasStarted: boolean;
  hasBegun: boolean;
  isDone: boolean;
}

export function readStream(): StreamReader {
  const books: Books = { items: new Map(), blocks: 0, hasStarted: false, hasBegun: false, isDone: false };
  return {
    take: (event) => {
      const events = takeEvent(books, event);
      books.hasBegun ||= events.some(({ kind }) => kind !== "ping");
      return events;
    },
    isDone: () => books.isDone,
    hasBegun: () => books.hasBegun,
    end: () => {
      if (!books.isDone) throw failedAnswer("The upstream ended its stream before the answer was complete.", "cut");
      return [];
    },
  };
}

const Typed = z.looseObject({ type: z.string() });
type Frame = z.infer<typeof Typed>;
type Handler = (books: Books, frame: Frame) => readonly AnswerEvent[];

function takeEvent(books: Books, { event, data }: SseEvent): readonly AnswerEvent[] {
  if (books.isDone || data === "") return [];
  if (event === "error") throw reportedError();
  const frame = Typed.safeParse(parseJsonOrUndefined(data));
  if (!frame.success) throw garbage("an event without a type");
  const { type } = frame.data;
  if (event !== "message" && event !== type) throw garbage("an event under another event's name");
  const handler = Object.hasOwn(handlers, type) ? handlers[type] : undefined;
  if (handler === undefined) throw garbage("an unknown event");
  if (!books.hasStarted && !beforeStart.has(type)) throw garbage("an event before the answer was created");
  return handler(books, frame.data);
}

/** What may come before `response.created`: some servers send nothing but their failure. */
const beforeStart: ReadonlySet<string> = new Set(["response.created", "response.failed", "error", "keepalive"]);

const nothing: Handler = () => [];

const handlers: Readonly<Record<string, Handler>> = {
  "response.created": (books) => {
    if (books.hasStarted) throw garbage("a second beginning");
    books.hasStarted = true;
    return [];
  },
  "response.queued": nothing,
  "response.in_progress": nothing,
  keepalive: () => [{ kind: "ping" }],
  "response.output_item.added": itemAdded,
  "response.output_item.done": itemDone,
  "response.content_part.added": partAdded,
  "response.content_part.done": partDone,
  "response.output_text.delta": textDelta,
  "response.output_text.done": (books, frame) => textDone(books, frame, "text"),
  "response.output_text.annotation.added": nothing,
  "response.refusal.delta": textDelta,
  "response.refusal.done": (books, frame) => textDone(books, frame, "refusal"),
  "response.function_call_arguments.delta": argumentsDelta,
  "response.function_call_arguments.done": argumentsDone,
  "response.reasoning_summary_part.added": nothing,
  "response.reasoning_summary_part.done": nothing,
  "response.reasoning_summary_text.delta": thoughtDelta,
  "response.reasoning_summary_text.done": nothing,
  "response.reasoning_text.delta": thoughtDelta,
  "response.reasoning_text.done": nothing,
  "response.completed": ended,
  "response.incomplete": ended,
  "response.failed": () => {
    throw reportedError();
  },
  error: () => {
    throw reportedError();
  },
};

const Index = z.number().int().min(0);
const Added = z.object({ output_index: Index, item: Typed });
const AddedCall = FunctionCall.extend({ arguments: z.string().nullish() });

function itemAdded(books: Books, frame: Frame): readonly AnswerEvent[] {
  const { output_index: index, item } = shaped(Added, frame);
  if (books.items.has(index)) throw garbage("an item that was opened before");
  const { type } = item;
  if (type !== "message" && type !== "function_call" && type !== "reasoning") {
    throw garbage("an item of a kind that was not asked for");
  }
  const phase = type === "message" ? (PhaseShape.parse(item["phase"]) ?? undefined) : undefined;
  const known: Item = {
    type,
    parts: new Map(),
    phase,
    identity: identityOf(item),
    isDone: false,
    paragraph: undefined,
  };
  books.items.set(index, known);
  if (type !== "function_call") return [];
  const call = shaped(AddedCall, item);
  const block = openPart(books, known, 0);
  const name = groupedName(call.namespace ?? undefined, call.name);
  return [{ kind: "open", choice: 0, block, as: "tool", id: call.call_id, name }];
}

/** What may not change between the beginning and the end of an item. */
function identityOf(item: Frame): string {
  if (item.type === "message") {
    const role = item["role"];
    if (role !== "assistant") throw garbage("a message of another role");
  }
  return JSON.stringify([item.type, item["call_id"] ?? null, item["name"] ?? null, item["namespace"] ?? null]);
}

function openPart(books: Books, item: Item, at: number): number {
  const block = books.blocks;
  books.blocks += 1;
  item.parts.set(at, { block, chars: 0, isClosed: false });
  return block;
}

const PartAdded = z.object({ output_index: Index, content_index: Index, part: Typed });

function partAdded(books: Books, frame: Frame): readonly AnswerEvent[] {
  const { output_index: index, content_index: at, part } = shaped(PartAdded, frame);
  const item = openItem(books, index);
  if (item.type === "reasoning" && part.type === "reasoning_text") return [];
  const as = part.type === "output_text" ? "text" : part.type === "refusal" ? "refusal" : undefined;
  if (item.type !== "message" || as === undefined) throw garbage("a part of a kind that was not asked for");
  if (item.parts.has(at)) throw garbage("a part that was opened before");
  const place = { choice: 0, block: openPart(books, item, at) };
  return [
    as === "text" ? { kind: "open", ...place, as, ...given("phase", item.phase) } : { kind: "open", ...place, as },
  ];
}

const PartPlace = z.object({ output_index: Index, content_index: Index });

function partDone(books: Books, frame: Frame): readonly AnswerEvent[] {
  const { output_index: index, content_index: at } = shaped(PartPlace, frame);
  const item = openItem(books, index);
  return item.type === "reasoning" ? [] : closePart(partOf(item, at));
}

const TextDelta = PartPlace.extend({ delta: z.string() });

function textDelta(books: Books, frame: Frame): readonly AnswerEvent[] {
  const { output_index: index, content_index: at, delta } = shaped(TextDelta, frame);
  const item = openItem(books, index);
  if (item.type !== "message") throw garbage("text in an item that has none");
  return textInto(partOf(item, at), delta);
}

function textDone(books: Books, frame: Frame, field: "text" | "refusal"): readonly AnswerEvent[] {
  const { output_index: index, content_index: at } = shaped(PartPlace, frame);
  return fillIn(partOf(openItem(books, index), at), frame[field]);
}

const ArgumentsDelta = z.object({ output_index: Index, delta: z.string() });

function argumentsDelta(books: Books, frame: Frame): readonly AnswerEvent[] {
  const { output_index: index, delta } = shaped(ArgumentsDelta, frame);
  return textInto(callPart(openItem(books, index)), delta);
}

const ItemPlace = z.object({ output_index: Index });

function argumentsDone(books: Books, frame: Frame): readonly AnswerEvent[] {
  const { output_index: index } = shaped(ItemPlace, frame);
  return fillIn(callPart(openItem(books, index)), frame["arguments"]);
}

function callPart(item: Item): Part {
  if (item.type !== "function_call") throw garbage("arguments in an item that has none");
  return partOf(item, 0);
}

const ThoughtDelta = z.object({
  output_index: Index,
  delta: z.string(),
  summary_index: Index.nullish(),
  content_index: Index.nullish(),
});

/** A thought is one block whatever its parts; it is opened by its first character. */
function thoughtDelta(books: Books, frame: Frame): readonly AnswerEvent[] {
  const { output_index: index, delta, summary_index: summary, content_index: content } = shaped(ThoughtDelta, frame);
  const item = openItem(books, index);
  if (item.type !== "reasoning") throw garbage("a thought in an item that has none");
  if (delta === "") return [];
  const paragraph = JSON.stringify([frame.type, summary ?? null, content ?? null]);
  const isNext = item.paragraph !== undefined && item.paragraph !== paragraph;
  item.paragraph = paragraph;
  const known = item.parts.get(0);
  if (known !== undefined) return textInto(known, isNext ? `${reasoningBreak}${delta}` : delta);
  const block = openPart(books, item, 0);
  return [{ kind: "open", choice: 0, block, as: "reasoning" }, ...textInto(partOf(item, 0), delta)];
}

const Done = z.object({ output_index: Index, item: Typed });

function itemDone(books: Books, frame: Frame): readonly AnswerEvent[] {
  const { output_index: index, item: final } = shaped(Done, frame);
  const item = openItem(books, index);
  if (identityOf(final) !== item.identity) throw garbage("an item that changed its identity");
  const filled = item.type === "function_call" ? fillIn(partOf(item, 0), final["arguments"]) : [];
  const sealed = item.type === "reasoning" ? seal(books, item, final) : [];
  return [...filled, ...sealed, ...closeItem(item)];
}

/** A thought without a word is its ciphertext and nothing else. */
function seal(books: Books, item: Item, final: Frame): readonly AnswerEvent[] {
  const { encrypted_content: data } = shaped(ReasoningItem, final);
  if (typeof data !== "string" || data === "") return [];
  const part = item.parts.get(0);
  if (part !== undefined) return [{ kind: "seal", choice: 0, block: part.block, seal: data }];
  return [{ kind: "open", choice: 0, block: openPart(books, item, 0), as: "sealed", data }];
}

function closeItem(item: Item): readonly AnswerEvent[] {
  item.isDone = true;
  return [...item.parts.values()].flatMap(closePart);
}

const End = z.object({ response: EndShape });

function ended(books: Books, frame: Frame): readonly AnswerEvent[] {
  const { response } = shaped(End, frame);
  const isWhole = frame.type === "response.completed";
  const items = [...books.items.values()];
  if (isWhole && items.some((item) => !item.isDone)) throw garbage("an end with items that are still open");
  if (typeof response.status === "string" && response.status !== frame.type.slice("response.".length)) {
    throw garbage("an end of another state than it says");
  }
  const hasCalls = items.some(({ type }) => type === "function_call");
  const ending = endingOf({ ...response, status: isWhole ? "completed" : "incomplete" }, { isWhole, hasCalls });
  const usage = usageOf(response.usage);
  books.isDone = true;
  return [
    ...items.filter((item) => !item.isDone).flatMap(closeItem),
    ...(usage === undefined ? [] : [{ kind: "usage", usage } as const]),
    { kind: "finish", choice: 0, ending },
  ];
}

function openItem(books: Books, index: number): Item {
  const item = books.items.get(index);
  if (item === undefined || item.isDone) throw garbage("an event outside an open item");
  return item;
}

function partOf(item: Item, at: number): Part {
  const part = item.parts.get(at);
  if (part === undefined) throw garbage("text outside a part");
  return part;
}

function textInto(part: Part, text: string): readonly AnswerEvent[] {
  if (part.isClosed) throw garbage("text after the end of its part");
  if (text === "") return [];
  part.chars += text.length;
  return [{ kind: "text", choice: 0, block: part.block, text }];
}

/** The text of a part of which nothing was streamed; else what was streamed stands. */
function fillIn(part: Part, whole: unknown): readonly AnswerEvent[] {
  return part.chars > 0 || part.isClosed || typeof whole !== "string" ? [] : textInto(part, whole);
}

function closePart(part: Part): readonly AnswerEvent[] {
  if (part.isClosed) return [];
  part.isClosed = true;
  return [{ kind: "close", choice: 0, block: part.block }];
}

function shaped<T>(shape: z.ZodType<T>, value: unknown): T {
  const parsed = shape.safeParse(value);
  if (!parsed.success) throw garbage("an event without its fields");
  return parsed.data;
}
