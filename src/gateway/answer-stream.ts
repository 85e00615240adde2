// A streamed answer. The status line waits for the upstream's first event, so that failures before it are real statuses.
// Then every text passes its guard (guarded-answer.ts) and the caller's format writes what was let go. A stop ends all choices
// as the format ends a refusal, with usage, receipt and terminal event; only a failure of the upstream ends in an error
// frame. The socket is never just closed.
import { Failure } from "../terms/failure.ts";
import type { Category, Verdict } from "../terms/finding.ts";
import type { AnswerEvent, Usage } from "../wire/answer.ts";
import type { AnswerWriter } from "../wire/format.ts";
import { type AnswerParts, type Streamed, contextOf, usageOf } from "./answer.ts";
import { type Exchange, type Reservation, recordBeginning, recordEnding, verdictWord, whyWord } from "./exchange.ts";
import { type GuardedAnswer, guardAnswer, toolIds } from "./guarded-answer.ts";
import { withHeartbeats } from "./heartbeat.ts";
import { refusalOf, saidOf } from "./refusals.ts";

/** A heartbeat is sent when nothing else was for this long, in milliseconds. */
const heartbeatMs = 10_000;

export async function streamAnswer(parts: AnswerParts): Promise<Streamed> {
  const { exchange, format, recording } = parts;
  const from = recording.gateway.clock.monotonic();
  const source = exchange.configuration.upstream.stream(exchange.call, exchange.signal, exchange.asking);
  const first = await source.next();
  exchange.note.spans.upstream = { from, ms: recording.gateway.clock.monotonic() - from };
  try {
    exchange.mustGoOn();
    await recordBeginning(exchange, parts.input, recording);
  } catch (error) {
    await source.return();
    throw error;
  }
  const flow: Flow = {
    events: resume(first, source),
    guard: guardAnswer(exchange, toolIds(exchange)),
    writer: format.stream(contextOf(exchange, recording)),
  };
  return { kind: "stream", exchange, events: sentEvents(parts, flow) };
}

async function* resume(
  first: IteratorResult<AnswerEvent, void>,
  rest: AsyncGenerator<AnswerEvent, void, void>,
): AsyncGenerator<AnswerEvent, void, void> {
  try {
    if (first.done === true) return;
    yield first.value;
    yield* rest;
  } finally {
    await rest.return();
  }
}

interface Flow {
  readonly events: AsyncGenerator<AnswerEvent, void, void>;
  readonly guard: GuardedAnswer;
  readonly writer: AnswerWriter;
}

/** How a stream came to its end. */
interface End {
  readonly outcome: "served" | "blocked" | "stopped" | "cut" | "failed";
  readonly failure: Failure | undefined;
}

async function* sentEvents(parts: AnswerParts, flow: Flow): AsyncGenerator<string, void, void> {
  const { exchange } = parts;
  const { guard, writer } = flow;
  let end: End = { outcome: "cut", failure: undefined };
  let closed: Closed | undefined;
  try {
    end = yield* relay(parts, flow);
  } catch (error) {
    end = endOf(error, exchange);
  } finally {
    // Reached also when the caller went away and nobody reads on: every stream that began is closed, and here.
    await flow.events.return();
    closed = await close(parts, end, guard).catch(() => undefined);
  }
  if (end.outcome === "cut") return;
  if (end.outcome === "blocked" || end.outcome === "stopped")
    yield* written(writer.refuse(categoryOf(guard.stoppedBy())));
  yield* written(terminal(parts, { closed, end, writer }));
}

/** What a writer gave, where it gave something. */
function* written(text: string): Generator<string, void, void> {
  if (text !== "") yield text;
}

function categoryOf(verdict: Verdict | undefined): Category | null {
  return verdict !== undefined && "category" in verdict ? verdict.category : null;
}

async function* relay(parts: AnswerParts, { events, guard, writer }: Flow): AsyncGenerator<string, End, void> {
  const { exchange, recording } = parts;
  const { clock } = recording.gateway;
  let writtenAt = clock.monotonic();
  let isSpent = false;
  for await (const beat of withHeartbeats(events, heartbeatMs)) {
    let text = "";
    if (beat.kind === "value") {
      exchange.mustGoOn();
      const from = clock.monotonic();
      const cleared = guard.push(beat.value);
      isSpent = beat.value.kind === "text" && isUsedUp(recording.reservation, guard);
      const last = isSpent ? guard.cutShort() : [];
      exchange.note.spans.outputMs += clock.monotonic() - from;
      for (const event of [...cleared, ...last]) text += writer.write(event);
    }
    // A model may go on while all it says is held back: that is silence to the caller, too.
    const isDue = beat.kind === "silence" || clock.monotonic() - writtenAt >= heartbeatMs;
    if (text === "" && isDue) text = writer.heartbeat();
    if (text !== "") {
      writtenAt = clock.monotonic();
      yield text;
    }
    if (guard.stoppedBy() !== undefined) return { outcome: "blocked", failure: undefined };
    if (isSpent) return { outcome: "served", failure: usedUp() };
  }
  return { outcome: "served", failure: undefined };
}

/** Characters of text that make a token, at the most: an honest server ends by its own count long before. */
const charsPerTokenMax = 8;

/** Whether the answer has used up what was set aside for it; a server that heeds no limit is not read on. */
function isUsedUp(reservation: Reservation | undefined, guard: GuardedAnswer): boolean {
  return reservation?.spend(Math.floor(guard.taken() / charsPerTokenMax)) === "stop";
}

function usedUp(): Failure {
  return new Failure("quota_exhausted", "", { detail: { reason: "tokens" } });
}

function endOf(error: unknown, exchange: Exchange): End {
  const stopped = exchange.stopped();
  if (stopped !== undefined) return { outcome: "stopped", failure: stopped };
  if (exchange.signal.aborted) return { outcome: "cut", failure: undefined };
  const failure = error instanceof Failure ? error : new Failure("upstream_failed", "", { cause: error });
  return { outcome: "failed", failure };
}

interface Closed {
  readonly receipt: string;
  readonly usage: Usage;
}

async function close(parts: AnswerParts, end: End, guard: GuardedAnswer): Promise<Closed> {
  const answer = guard.sent();
  const usage = usageOf(parts.exchange, guard.usage(), answer);
  const receipt = await recordEnding(
    parts.exchange,
    {
      outcome: end.outcome,
      why: end.failure === undefined ? (end.outcome === "blocked" ? "policy_blocked" : null) : whyWord(end.failure),
      input: parts.input,
      output: verdictWord(guard.verdict()),
      answer,
      tokens: [usage.input, usage.output],
    },
    parts.recording,
  );
  return { receipt: receipt.text, usage };
}

interface Ended {
  readonly closed: Closed | undefined;
  readonly end: End;
  readonly writer: AnswerWriter;
}

function terminal({ exchange, recording }: AnswerParts, { closed, end, writer }: Ended): string {
  if (closed !== undefined && end.outcome !== "failed") return writer.end(closed.usage, closed.receipt);
  // Without a receipt it must not look whole. The spool knows the stream, and gets its receipt once the disk takes it.
  const failure =
    closed === undefined ? new Failure("gateway_closed", "", { detail: { reason: "disk" } }) : end.failure;
  const refusal = refusalOf(failure ?? new Failure("gateway_closed", ""));
  const receipt = closed === undefined ? "" : `: x-headgate-receipt ${closed.receipt}\n\n`;
  return receipt + writer.fail(saidOf(refusal, exchange.id, recording.gateway.contact));
}
