// A streamed answer. The status line waits for the upstream's first event, so that failures before it are real statuses.
// Then every text channel (content, refusal, reasoning, tool arguments, of each choice) passes a guard of its own; what
// the guard has not cleared does not leave. A stop ends all choices as the format ends a refusal, with usage, receipt
// and terminal event; only a failure of the upstream ends in an error frame. The socket is never just closed.
import { Failure } from "../terms/failure.ts";
import type { ChatChunk, Usage } from "../upstream/chat.ts";
import type { AnswerParts, Streamed } from "./answer.ts";
import { type Exchange, recordBeginning, recordEnding, verdictWord, whyWord } from "./exchange.ts";
import { type GuardedChoices, guardChoices } from "./guarded-choices.ts";
import { withHeartbeats } from "./heartbeat.ts";
import { refusalOf } from "./refusals.ts";
import { commentOf, doneEvent, errorBody, eventOf, usageOf } from "./wire.ts";

/** A comment is sent when nothing else was for this long, in milliseconds. */
const heartbeatMs = 10_000;

export async function streamAnswer(parts: AnswerParts): Promise<Streamed> {
  const { exchange } = parts;
  const chunks = exchange.configuration.upstream.stream(exchange.body, exchange.signal);
  const first = await chunks.next();
  try {
    exchange.mustGoOn();
    await recordBeginning(exchange, parts.input, parts.recording);
  } catch (error) {
    await chunks.return();
    throw error;
  }
  return { kind: "stream", exchange, events: events(parts, resume(first, chunks)) };
}

async function* resume(
  first: IteratorResult<ChatChunk, void>,
  rest: AsyncGenerator<ChatChunk, void, void>,
): AsyncGenerator<ChatChunk, void, void> {
  try {
    if (first.done === true) return;
    yield first.value;
    yield* rest;
  } finally {
    await rest.return();
  }
}

/** How a stream came to its end. */
interface End {
  readonly outcome: "served" | "blocked" | "stopped" | "cut" | "failed";
  readonly failure: Failure | undefined;
}

async function* events(
  parts: AnswerParts,
  chunks: AsyncGenerator<ChatChunk, void, void>,
): AsyncGenerator<string, void, void> {
  const { exchange } = parts;
  const choices = guardChoices(exchange);
  const counted: { usage: Usage | undefined } = { usage: undefined };
  let end: End = { outcome: "cut", failure: undefined };
  let closed: Closed | undefined;
  try {
    end = yield* relay(parts, { chunks, choices, counted });
  } catch (error) {
    end = endOf(error, exchange);
  } finally {
    // Reached also when the caller went away and nobody reads on: every stream that began is closed, and here.
    await chunks.return();
    closed = await close(parts, { end, choices, counted }).catch(() => undefined);
  }
  if (end.outcome === "cut") return;
  if (end.outcome !== "failed") yield* choices.finishAll();
  yield* terminal(parts, closed, end);
}

interface Flow {
  readonly chunks: AsyncGenerator<ChatChunk, void, void>;
  readonly choices: GuardedChoices;
  readonly counted: { usage: Usage | undefined };
}

async function* relay(parts: AnswerParts, flow: Flow): AsyncGenerator<string, End, void> {
  for await (const beat of withHeartbeats(flow.chunks, heartbeatMs)) {
    if (beat.kind === "silence") {
      yield commentOf("waiting");
      continue;
    }
    parts.exchange.mustGoOn();
    flow.counted.usage = beat.value.usage ?? flow.counted.usage;
    yield* flow.choices.push(beat.value);
    if (flow.choices.stoppedBy() !== undefined) return { outcome: "blocked", failure: undefined };
  }
  return { outcome: "served", failure: undefined };
}

function endOf(error: unknown, exchange: Exchange): End {
  const stopped = exchange.stopped();
  if (stopped !== undefined) return { outcome: "stopped", failure: stopped };
  if (exchange.signal.aborted) return { outcome: "cut", failure: undefined };
  const failure = error instanceof Failure ? error : new Failure("upstream_failed", "", { cause: error });
  return { outcome: "failed", failure };
}

interface Closing {
  readonly end: End;
  readonly choices: GuardedChoices;
  readonly counted: { readonly usage: Usage | undefined };
}

interface Closed {
  readonly receipt: string;
  readonly usage: Usage;
}

async function close(parts: AnswerParts, { end, choices, counted }: Closing): Promise<Closed> {
  const answer = choices.sent();
  const usage = usageOf(parts.exchange, counted.usage, answer);
  const { verdict } = choices;
  const receipt = await recordEnding(
    parts.exchange,
    {
      outcome: end.outcome,
      why: end.failure === undefined ? (end.outcome === "blocked" ? "policy_blocked" : null) : whyWord(end.failure),
      input: parts.input,
      output: verdictWord(verdict()),
      answer,
      tokens: [usage.prompt_tokens, usage.completion_tokens],
    },
    parts.recording,
  );
  return { receipt: receipt.text, usage };
}

function* terminal(parts: AnswerParts, closed: Closed | undefined, end: End): Generator<string, void, void> {
  const { exchange, recording } = parts;
  if (closed !== undefined) yield commentOf(`x-headgate-receipt ${closed.receipt}`);
  // Without a receipt it must not look whole. The spool knows the stream, and gets its receipt once the disk takes it.
  const failure =
    closed === undefined ? new Failure("gateway_closed", "", { detail: { reason: "disk" } }) : end.failure;
  if (closed === undefined || (end.outcome === "failed" && failure !== undefined)) {
    const refusal = refusalOf(failure ?? new Failure("gateway_closed", ""));
    yield eventOf(errorBody(refusal, exchange.id, recording.gateway.contact));
    return;
  }
  if (exchange.body.stream_options?.include_usage === true) {
    const head = {
      id: `chatcmpl-${exchange.id}`,
      object: "chat.completion.chunk",
      created: Math.floor(Date.now() / 1000),
    };
    yield eventOf({ ...head, model: exchange.model, choices: [], usage: closed.usage });
  }
  yield doneEvent;
}
