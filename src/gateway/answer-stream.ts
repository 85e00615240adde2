// A streamed answer. The status line waits for the upstream's first event, so that failures before it are real statuses.
// Then every text passes its guard (guarded-answer.ts) and the caller's format writes what was let go. A stop ends all choices
// as the format ends a refusal, with usage, receipt and terminal event; only a failure of the upstream ends in an error
// frame. The socket is never just closed.
import { setImmediate } from "node:timers/promises";
import { Failure } from "../terms/failure.ts";
import type { Category, Verdict } from "../terms/finding.ts";
import type { TextDigest } from "../proof/digest.ts";
import { type AnswerStream, nextEvents } from "../upstream/upstream.ts";
import type { AnswerEvent, Usage } from "../wire/answer.ts";
import type { AnswerWriter } from "../wire/format.ts";
import { tokenPartsAbout } from "../wire/prompt-size.ts";
import { type AnswerParts, type Streamed, type StreamedText, contextOf, isOneText, usageOf } from "./answer.ts";
import { isUsedUp, usedUp } from "./answer-limit.ts";
import { dividedAt, slowCharsAtOnce } from "./answer-turns.ts";
import { forgetPrompt } from "./exchange.ts";
import { beginContent, recordBeginning, recordEnding, verdictWord, whyWord } from "./record.ts";
import { shadowSettled } from "./shadow.ts";
import { rememberStopped } from "./reworded.ts";
import { asFailure } from "./fault.ts";
import { type GuardedAnswer, guardAnswer, toolIds } from "./guarded-answer.ts";
import { noticeComment } from "./notices.ts";
import { refusalOf, saidOf } from "./refusals.ts";

export async function streamAnswer(parts: AnswerParts): Promise<Streamed> {
  const { exchange, format, recording } = parts;
  const from = recording.gateway.clock.monotonic();
  const source = exchange.configuration.upstream.stream(exchange.call, exchange.signal, exchange.asking);
  const first = await nextEvents(source);
  exchange.note.spans.upstream = { from, ms: recording.gateway.clock.monotonic() - from };
  try {
    exchange.mustGoOn();
    await recordBeginning(exchange, parts.input, recording);
  } catch (error) {
    source.close();
    throw error;
  }
  forgetPrompt(exchange);
  const flow: Flow = {
    source,
    guard: guardAnswer(exchange, toolIds(exchange), isOneText(format)),
    writer: format.stream(contextOf(exchange, recording)),
    sent: { content: beginContent(exchange, recording.gateway), tokens: 0 },
  };
  return { kind: "stream", exchange, text: new GuardedText(parts, flow, first ?? "end") };
}

interface Flow {
  readonly source: AnswerStream;
  readonly guard: GuardedAnswer;
  readonly writer: AnswerWriter;
  readonly sent: Sent;
}

/** What is kept of the text that was let go. */
interface Sent {
  readonly content: TextDigest;
  /** About, where the server does not count. */
  tokens: number;
}

/** How a stream came to its end. */
interface End {
  readonly outcome: "served" | "blocked" | "stopped" | "cut" | "failed";
  readonly failure: Failure | undefined;
}

class GuardedText implements StreamedText {
  readonly #parts: AnswerParts;
  readonly #flow: Flow;
  /** What came and was not read yet: what the server began with, and what others' turn came before. */
  #first: readonly AnswerEvent[] | "end" | undefined;
  /** Others have their turn before more is read. */
  #isTurnOver = false;
  #end: End | undefined;
  #isOver = false;

  constructor(parts: AnswerParts, flow: Flow, first: readonly AnswerEvent[] | "end") {
    this.#parts = parts;
    this.#flow = flow;
    this.#first = first;
  }

  take(): string | undefined {
    let text = "";
    while (text === "" && this.#end === undefined) {
      const events = this.#isTurnOver ? undefined : this.#events();
      if (events === undefined) return "";
      if (events === "end") this.#end ??= served;
      else text = this.#cleared(events);
    }
    return text === "" ? undefined : text;
  }

  wait(): Promise<void> {
    if (this.#isTurnOver) {
      this.#isTurnOver = false;
      return setImmediate();
    }
    return this.#end === undefined ? this.#flow.source.wait() : Promise.resolve();
  }

  async end(): Promise<string | undefined> {
    if (this.#isOver) return undefined;
    this.#isOver = true;
    this.#end ??= cut;
    return this.#over(this.#end);
  }

  heartbeat(): string {
    return this.#flow.writer.heartbeat();
  }

  /** A failure ends the answer, and is no event. */
  #events(): readonly AnswerEvent[] | "end" | undefined {
    const first = this.#first;
    this.#first = undefined;
    if (first !== undefined) return first;
    try {
      return this.#flow.source.take();
    } catch (error) {
      this.#end = endOf(error, this.#parts);
      return "end";
    }
  }

  /** What may be sent now that these came; where the answer ends with them, it is known how. */
  #cleared(events: readonly AnswerEvent[]): string {
    const { exchange, recording } = this.#parts;
    const { clock } = recording.gateway;
    let text = "";
    try {
      exchange.mustGoOn();
      const from = clock.monotonic();
      for (const event of this.#inThisTurn(events)) {
        text += this.#guarded(event);
        if (this.#end !== undefined) break;
      }
      exchange.note.spans.outputMs += clock.monotonic() - from;
    } catch (error) {
      this.#end = endOf(error, this.#parts);
    }
    return text;
  }

  /** All of them, unless the safeguards are slow; the others wait. */
  #inThisTurn(events: readonly AnswerEvent[]): readonly AnswerEvent[] {
    if (!this.#parts.exchange.configuration.chain.isSlow) return events;
    const [now, later] = dividedAt(events, slowCharsAtOnce);
    if (later.length === 0) return now;
    this.#first = later;
    this.#isTurnOver = true;
    return now;
  }

  #guarded(event: AnswerEvent): string {
    const { guard } = this.#flow;
    let text = this.#written(guard.push(event));
    if (event.kind === "text" && isUsedUp(this.#parts.recording.reservation, guard.taken())) {
      text += this.#written(guard.cutShort());
      this.#end = { outcome: "served", failure: usedUp() };
    }
    if (guard.stoppedBy() !== undefined) this.#end = { outcome: "blocked", failure: undefined };
    return text;
  }

  #written(events: readonly AnswerEvent[]): string {
    const { writer, sent } = this.#flow;
    let text = "";
    for (const event of events) {
      if (event.kind === "text") {
        sent.content.add(event.text);
        sent.tokens += tokenPartsAbout(event.text);
      }
      text += writer.write(event);
    }
    return text;
  }

  /** Every stream that began is closed and recorded, and here. */
  async #over(end: End): Promise<string | undefined> {
    const { source, guard, writer } = this.#flow;
    source.close();
    const closed = await close(this.#parts, end, this.#flow).catch((error: unknown) => {
      asFailure(error, this.#parts.recording.gateway);
      return undefined;
    });
    if (end.outcome === "cut") return undefined;
    const isRefused = end.outcome === "blocked" || end.outcome === "stopped";
    const refused = isRefused ? writer.refuse(categoryOf(guard.stoppedBy())) : "";
    return refused + terminal(this.#parts, { closed, end, writer });
  }
}

const served: End = { outcome: "served", failure: undefined };
/** The caller has gone. */
const cut: End = { outcome: "cut", failure: undefined };

function categoryOf(verdict: Verdict | undefined): Category | null {
  return verdict !== undefined && "category" in verdict ? verdict.category : null;
}

function endOf(error: unknown, { exchange, recording }: AnswerParts): End {
  const stopped = exchange.stopped();
  if (stopped !== undefined) return { outcome: "stopped", failure: stopped };
  if (exchange.signal.aborted) return cut;
  return { outcome: "failed", failure: asFailure(error, recording.gateway) };
}

interface Closed {
  readonly receipt: string;
  readonly usage: Usage;
}

async function close(parts: AnswerParts, end: End, { guard, sent }: Flow): Promise<Closed> {
  const usage = usageOf(parts.exchange, guard.usage(), sent.tokens);
  if (end.outcome === "served") await shadowSettled(parts.exchange.shadow);
  if (end.outcome === "blocked") rememberStopped(parts.exchange, verdictWord(guard.verdict()), parts.recording.gateway);
  const receipt = await recordEnding(
    parts.exchange,
    {
      outcome: end.outcome,
      why: end.failure === undefined ? (end.outcome === "blocked" ? "policy_blocked" : null) : whyWord(end.failure),
      input: parts.input,
      output: verdictWord(guard.verdict()),
      answer: sent.content,
      tokens: [usage.input, usage.output],
      guarded: guard.redaction(),
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
  if (closed !== undefined && end.outcome !== "failed")
    return noticeComment(exchange.notices) + writer.end(closed.usage, closed.receipt);
  // Without a receipt it must not look whole. The spool knows the stream, and gets its receipt once the disk takes it.
  const failure =
    closed === undefined ? new Failure("gateway_closed", "", { detail: { reason: "disk" } }) : end.failure;
  const refusal = refusalOf(failure ?? new Failure("gateway_closed", ""));
  const receipt = closed === undefined ? "" : `: x-headgate-receipt ${closed.receipt}\n\n`;
  return receipt + writer.fail(saidOf(refusal, exchange.id, recording.gateway.contact));
}
