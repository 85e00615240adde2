// An answer as a stream of Responses events, in the order and with the fields the official SDK's types demand: each event
// named, numbered from 0 without gaps, one item open at a time. Blocks that come interleaved (parallel tool calls of a chat
// server) wait until the earlier one is closed. There is no `[DONE]` in this format.
import type { AnswerEvent, Ending, Phase, Usage } from "../answer.ts";
import type { AnswerContext, AnswerWriter, ErrorSaid } from "../format.ts";
import { type ResponseState, endState, errorObject, responseObject } from "./response-object.ts";
import { type ItemKind, contentPart, itemId, messageItem, reasoningItem, toolItem } from "./write-answer.ts";

type BlockEvent = Extract<AnswerEvent, { readonly block: number }>;
type OpenEvent = Extract<AnswerEvent, { readonly kind: "open" }>;

interface OpenBlock {
  readonly opening: OpenEvent;
  text: string;
  seal: string | undefined;
}

/** A message stays open while its next block may be a part of it too. */
interface OpenItem {
  readonly kind: ItemKind;
  readonly id: string;
  readonly content: object[];
  readonly phase: Phase | undefined;
}

interface Books {
  readonly context: AnswerContext;
  /** Items that are done, as they stand in the final object. */
  readonly output: object[];
  /** Events of blocks that wait for the open one, in the order in which the blocks were opened. */
  readonly held: Map<number, BlockEvent[]>;
  sequence: number;
  item: OpenItem | undefined;
  block: OpenBlock | undefined;
  ending: Ending | undefined;
}

export function writeStream(context: AnswerContext): AnswerWriter {
  const books: Books = {
    context,
    output: [],
    held: new Map(),
    sequence: 0,
    item: undefined,
    block: undefined,
    ending: undefined,
  };
  return {
    write: (event) => takeEvent(books, event),
    heartbeat: () => waiting,
    refuse: (category) => {
      if (books.ending !== undefined) return "";
      books.ending = { finish: "refusal", ...(category === null ? {} : { category }) };
      return begin(books) + cutOff(books);
    },
    end: (usage, receipt) => end(books, usage, receipt),
    fail: (said) => fail(books, said),
  };
}

const waiting = ": waiting\n\n";

function takeEvent(books: Books, event: AnswerEvent): string {
  switch (event.kind) {
    case "ping":
      return waiting;
    case "usage":
      return begin(books);
    case "finish":
      books.ending ??= event.ending;
      return begin(books) + closeAll(books);
    case "open":
    case "text":
    case "seal":
    case "close":
      return begin(books) + takeBlockEvent(books, event);
  }
}

function begin(books: Books): string {
  if (books.sequence > 0) return "";
  const response = responseObject(books.context, stateOf(books, "in_progress"));
  return frame(books, "response.created", { response }) + frame(books, "response.in_progress", { response });
}

function takeBlockEvent(books: Books, event: BlockEvent): string {
  const { block } = books;
  if (block === undefined) return event.kind === "open" ? openBlock(books, event) : "";
  if (block.opening.block === event.block) return intoBlock(books, block, event) + unheld(books);
  const held = books.held.get(event.block);
  if (held === undefined) books.held.set(event.block, [event]);
  else held.push(event);
  return "";
}

/** What waited for a block that is closed now. */
function unheld(books: Books): string {
  let written = "";
  while (books.block === undefined) {
    const [next] = books.held;
    if (next === undefined) break;
    books.held.delete(next[0]);
    for (const event of next[1]) written += takeBlockEvent(books, event);
  }
  return written;
}

function openBlock(books: Books, opening: OpenEvent): string {
  books.block = { opening, text: "", seal: undefined };
  switch (opening.as) {
    case "text":
      return openPart(books, "text", opening.phase);
    case "refusal":
      return openPart(books, "refusal", undefined);
    case "tool": {
      const closed = closeMessage(books, "completed");
      const item = openItem(books, "tool");
      const shown = {
        id: item.id,
        callId: opening.id,
        name: opening.name,
        arguments: "",
        status: "in_progress",
      } as const;
      return closed + added(books, toolItem(shown, books.context.call));
    }
    case "reasoning":
    case "sealed": {
      const closed = closeMessage(books, "completed");
      const item = openItem(books, "reasoning");
      return closed + added(books, reasoningItem(item.id, "", opening.as === "sealed" ? opening.data : undefined));
    }
  }
}

function openPart(books: Books, as: "text" | "refusal", phase: Phase | undefined): string {
  let written = books.item?.phase === phase ? "" : closeMessage(books, "completed");
  let { item } = books;
  if (item === undefined) {
    item = openItem(books, "message", phase);
    written += added(books, messageItem({ ...item, status: "in_progress" }));
  }
  return (
    written +
    inItem(books, "response.content_part.added", { content_index: item.content.length, part: contentPart(as, "") })
  );
}

function openItem(books: Books, kind: ItemKind, phase?: Phase): OpenItem {
  const item: OpenItem = { kind, id: itemId(kind, books.output.length, books.context), content: [], phase };
  books.item = item;
  return item;
}

function intoBlock(books: Books, block: OpenBlock, event: BlockEvent): string {
  switch (event.kind) {
    case "open":
      return "";
    case "text":
      return textInto(books, block, event.text);
    case "seal":
      block.seal = event.seal;
      return "";
    case "close":
      return closeBlock(books, block);
  }
}

function textInto(books: Books, block: OpenBlock, text: string): string {
  if (text === "") return "";
  const isFirst = block.text === "";
  block.text += text;
  switch (block.opening.as) {
    case "text":
      return inPart(books, "response.output_text.delta", { delta: text, logprobs: [] });
    case "refusal":
      return inPart(books, "response.refusal.delta", { delta: text });
    case "tool":
      return inItem(books, "response.function_call_arguments.delta", { delta: text });
    case "reasoning": {
      const opened = isFirst
        ? inSummary(books, "response.reasoning_summary_part.added", { part: summaryPart("") })
        : "";
      return opened + inSummary(books, "response.reasoning_summary_text.delta", { delta: text });
    }
    case "sealed":
      return "";
  }
}

function closeBlock(books: Books, block: OpenBlock): string {
  const { opening, text, seal } = block;
  switch (opening.as) {
    case "text":
    case "refusal": {
      const written = closePart(books, opening.as, text);
      books.block = undefined;
      return written;
    }
    case "tool": {
      // Clients parse the arguments: a tool without any is called with an empty object.
      const written = text === "" ? textInto(books, block, "{}") : "";
      const name = books.context.call.tools.find((tool) => tool.name === opening.name)?.group?.member ?? opening.name;
      const said = inItem(books, "response.function_call_arguments.done", { name, arguments: block.text });
      const known = { callId: opening.id, name: opening.name, arguments: block.text, status: "completed" } as const;
      return written + said + closeItem(books, (id) => toolItem({ id, ...known }, books.context.call));
    }
    case "reasoning":
      return closeSummary(books, text) + closeItem(books, (id) => reasoningItem(id, text, seal));
    case "sealed":
      return closeItem(books, (id) => reasoningItem(id, "", opening.data));
  }
}

function closePart(books: Books, as: "text" | "refusal", text: string): string {
  const part = contentPart(as, text);
  const said =
    as === "text"
      ? inPart(books, "response.output_text.done", { text, logprobs: [] })
      : inPart(books, "response.refusal.done", { refusal: text });
  const done = said + inPart(books, "response.content_part.done", { part });
  books.item?.content.push(part);
  return done;
}

function closeSummary(books: Books, text: string): string {
  if (text === "") return "";
  return (
    inSummary(books, "response.reasoning_summary_text.done", { text }) +
    inSummary(books, "response.reasoning_summary_part.done", { part: summaryPart(text) })
  );
}

function summaryPart(text: string): object {
  return { type: "summary_text", text };
}

function closeMessage(books: Books, status: "completed" | "incomplete"): string {
  const { item } = books;
  return item?.kind === "message" ? closeItem(books, () => messageItem({ ...item, status })) : "";
}

/** Ends the open item, and with it the block that is all of it. */
function closeItem(books: Books, made: (id: string) => object): string {
  if (books.item === undefined) return "";
  const item = made(books.item.id);
  const index = books.output.length;
  books.output.push(item);
  if (books.item.kind !== "message") books.block = undefined;
  books.item = undefined;
  return frame(books, "response.output_item.done", { output_index: index, item });
}

/** Closes what is open, and what waited: an answer that has ended has nothing open. */
function closeAll(books: Books): string {
  let written = "";
  while (books.block !== undefined) written += closeBlock(books, books.block) + unheld(books);
  return written + closeMessage(books, "completed");
}

/**
 * Ends what is open as it is, for a refusal: texts as incomplete, a tool call not at all, so that nobody runs a tool with
 * half its arguments. What waited is dropped.
 */
function cutOff(books: Books): string {
  books.held.clear();
  const { block } = books;
  books.block = undefined;
  if (block === undefined) return closeMessage(books, "completed");
  switch (block.opening.as) {
    case "text":
    case "refusal":
      return closePart(books, block.opening.as, block.text) + closeMessage(books, "incomplete");
    case "reasoning":
      return closeSummary(books, block.text) + closeItem(books, (id) => reasoningItem(id, block.text, undefined));
    case "tool":
    case "sealed":
      books.item = undefined;
      return "";
  }
}

function end(books: Books, usage: Usage, receipt: string): string {
  const begun = begin(books) + closeAll(books);
  const state = books.ending === undefined ? unfinished : { ...endState(books.ending), error: null };
  const response = responseObject(books.context, { ...state, output: books.output, usage });
  return `${begun}: x-headgate-receipt ${receipt}\n\n${frame(books, `response.${state.status}`, { response })}`;
}

/** An answer of which nobody said how it ended is not whole. */
const unfinished = {
  status: "failed",
  incomplete: null,
  error: { code: "server_error", message: "The answer has no end." },
} as const;

/**
 * Two events, because clients differ in which of them they look for: some throw at `error`, some end at `failed`. OpenAI's
 * for Python throws only where `error` has a member of that name, so it is said in both forms.
 */
function fail(books: Books, said: ErrorSaid): string {
  const begun = begin(books);
  const response = responseObject(books.context, { ...stateOf(books, "failed"), error: errorObject(said) });
  const { code, message, type, reason, id, contact } = said;
  const told = { code, message, param: null, reason, id, contact };
  const error = { ...told, error_type: type, error: { ...told, type } };
  return begun + frame(books, "response.failed", { response }) + frame(books, "error", error);
}

function stateOf({ output }: Books, status: "in_progress" | "failed"): ResponseState {
  return { status, output: [...output], usage: undefined, incomplete: null, error: null };
}

function added(books: Books, item: object): string {
  return frame(books, "response.output_item.added", { output_index: books.output.length, item });
}

function inItem(books: Books, type: string, fields: object): string {
  return frame(books, type, { item_id: books.item?.id ?? "", output_index: books.output.length, ...fields });
}

function inPart(books: Books, type: string, fields: object): string {
  return inItem(books, type, { content_index: books.item?.content.length ?? 0, ...fields });
}

function inSummary(books: Books, type: string, fields: object): string {
  return inItem(books, type, { summary_index: 0, ...fields });
}

function frame(books: Books, type: string, fields: object): string {
  const data = JSON.stringify({ type, sequence_number: books.sequence, ...fields });
  books.sequence += 1;
  return `event: ${type}\ndata: ${data}\n\n`;
}
