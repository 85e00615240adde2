// The choices of a stream, each text channel behind its own stream guard. Events are built anew from what the guards
// release; a frame's other fields do not pass. A finish reason is held until every channel of its choice is cleared.
import { stricter } from "../policy/decide.ts";
import { Failure } from "../terms/failure.ts";
import { type GuardStep, type StreamGuard, createStreamGuard } from "../safeguards/stream-guard.ts";
import type { Verdict } from "../terms/finding.ts";
import { type ChatChunk, type FinishReason, type TextPiece, chunkTexts } from "../upstream/chat.ts";
import type { Exchange } from "./exchange.ts";
import { declaredTool, eventOf, toolCallId } from "./wire.ts";

/** Characters of an answer, all its channels together, that are guarded at all; a longer one is stopped. */
const outputCharsMax = 1_000_000;

/** Channels of one answer: choices with content, refusal, reasoning and tool calls. */
const channelsMax = 600;

/** Characters of a tool's name. */
const nameCharsMax = 256;

export interface GuardedChoices {
  readonly push: (chunk: ChatChunk) => Generator<string, void, void>;
  /** Ends every choice that has not ended: with content_filter. */
  readonly finishAll: () => Generator<string, void, void>;
  readonly stoppedBy: () => Verdict | undefined;
  /** The strictest verdict so far. */
  readonly verdict: () => Verdict;
  /** All text that left, for the content digest. */
  readonly sent: () => string;
}

interface Channel {
  readonly guard: StreamGuard;
  readonly choice: number;
  readonly name: string;
  /** Tool names are read whole before anything of the call leaves. */
  pendingName: string;
  isAnnounced: boolean;
}

interface Books {
  readonly exchange: Exchange;
  readonly created: number;
  readonly channels: Map<string, Channel>;
  readonly begun: Set<number>;
  readonly ended: Set<number>;
  readonly sent: string[];
  /** Characters that came, over all channels. */
  taken: number;
  verdict: Verdict;
  stop: Verdict | undefined;
}

export function guardChoices(exchange: Exchange): GuardedChoices {
  const books: Books = {
    exchange,
    created: Math.floor(Date.now() / 1000),
    channels: new Map(),
    begun: new Set(),
    ended: new Set(),
    sent: [],
    taken: 0,
    verdict: { kind: "pass" },
    stop: undefined,
  };
  return {
    push: (chunk) => pushChunk(books, chunk),
    finishAll: () => finishAll(books),
    stoppedBy: () => books.stop,
    verdict: () => books.verdict,
    sent: () => books.sent.join(""),
  };
}

function* pushChunk(books: Books, chunk: ChatChunk): Generator<string, void, void> {
  for (const { index } of chunk.choices) {
    if (books.begun.has(index)) continue;
    books.begun.add(index);
    yield frame(books, index, { delta: { role: "assistant", content: "" } });
  }
  for (const piece of chunkTexts(chunk)) {
    yield* pushPiece(books, piece);
    if (books.stop !== undefined) return;
  }
  for (const { index, finish_reason: reason } of chunk.choices) {
    if (reason === undefined || reason === null || books.ended.has(index)) continue;
    yield* finishChoice(books, index, reason);
    if (books.stop !== undefined) return;
  }
}

function* pushPiece(books: Books, piece: TextPiece): Generator<string, void, void> {
  const channel = channelOf(books, piece.channel);
  if (books.ended.has(channel.choice)) return;
  if (channel.name.endsWith("/name")) {
    if (channel.isAnnounced || channel.pendingName.length > nameCharsMax) throw brokenCall();
    channel.pendingName += piece.text;
    return;
  }
  books.taken += piece.text.length;
  if (books.taken > outputCharsMax) {
    books.verdict = { kind: "unknown", cause: "too-long" };
    books.stop = books.verdict;
    return;
  }
  yield* announceTool(books, channel);
  yield* take(books, channel, channel.guard.push(piece.text));
}

function channelOf(books: Books, id: string): Channel {
  const known = books.channels.get(id);
  if (known !== undefined) return known;
  const { chain } = books.exchange.configuration;
  const judge = (inspection: Parameters<Exchange["judge"]>[0]): Verdict => books.exchange.judge(inspection, "output");
  const guard = createStreamGuard(chain, judge, {
    outputCharsMax: books.channels.size < channelsMax ? outputCharsMax : 0,
  });
  const [choice = "0", ...name] = id.split("/");
  const channel: Channel = {
    guard,
    choice: Number(choice),
    name: name.join("/"),
    pendingName: "",
    isAnnounced: false,
  };
  books.channels.set(id, channel);
  return channel;
}

/** The first frame of a tool call: our id, and a name that the caller declared. */
function* announceTool(books: Books, channel: Channel): Generator<string, void, void> {
  const place = toolPlace(channel);
  if (place === undefined) return;
  const named = books.channels.get(`${channel.choice}/tool/${place}/name`);
  if (named === undefined) throw brokenCall();
  if (named.isAnnounced) return;
  const name = declaredTool(named.pendingName, books.exchange);
  named.isAnnounced = true;
  const call = {
    index: place,
    id: toolCallId(books.exchange, place),
    type: "function",
    function: { name, arguments: "" },
  };
  yield frame(books, channel.choice, { delta: { tool_calls: [call] } });
}

/** Arguments before a name, or a name after them: a call whose identity could change is none. */
function brokenCall(): Failure {
  return new Failure("upstream_failed", "", { detail: { why: "tool_call" } });
}

function toolPlace(channel: Channel): number | undefined {
  const found = /^tool\/(\d+)\//.exec(channel.name);
  return found === null ? undefined : Number(found[1]);
}

function* take(books: Books, channel: Channel, step: GuardStep): Generator<string, void, void> {
  books.verdict = stricter(books.verdict, step.verdict);
  if (step.text !== "") {
    // Half a surrogate pair is no text: it could be sent, and not committed to.
    const text = step.text.toWellFormed();
    books.sent.push(text);
    yield frame(books, channel.choice, { delta: deltaOf(channel, text) });
  }
  if (step.kind === "stop") books.stop = step.verdict;
}

function deltaOf(channel: Channel, text: string): object {
  if (channel.name === "content") return { content: text };
  if (channel.name === "refusal") return { refusal: text };
  if (channel.name === "reasoning") return { reasoning_content: text };
  return { tool_calls: [{ index: toolPlace(channel), function: { arguments: text } }] };
}

function* finishChoice(books: Books, index: number, reason: FinishReason): Generator<string, void, void> {
  for (const channel of [...books.channels.values()].filter((known) => known.choice === index)) {
    yield* announceTool(books, channel);
    if (channel.name.endsWith("/name")) continue;
    yield* take(books, channel, channel.guard.finish());
    if (books.stop !== undefined) return;
  }
  books.ended.add(index);
  yield frame(books, index, { delta: {}, finish_reason: reason });
}

function* finishAll(books: Books): Generator<string, void, void> {
  const wanted = Array.from({ length: books.exchange.body.n ?? 1 }, (_, index) => index);
  for (const index of wanted.filter((known) => !books.ended.has(known))) {
    books.ended.add(index);
    yield frame(books, index, { delta: {}, finish_reason: "content_filter" });
  }
}

interface Part {
  readonly delta: object;
  readonly finish_reason?: FinishReason;
}

function frame(books: Books, index: number, part: Part): string {
  const { exchange, created } = books;
  const isUsageAsked = exchange.body.stream_options?.include_usage === true;
  return eventOf({
    id: `chatcmpl-${exchange.id}`,
    object: "chat.completion.chunk",
    created,
    model: exchange.model,
    choices: [{ index, delta: part.delta, logprobs: null, finish_reason: part.finish_reason ?? null }],
    ...(isUsageAsked ? { usage: null } : {}),
  });
}
