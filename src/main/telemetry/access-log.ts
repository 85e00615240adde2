// The access log: one JSON line a request, after its answer has ended. Ids, closed words and numbers; no text of a request, no
// key, no address. Where it goes and how it is rotated is the platform's: a file that is reopened on SIGHUP, or a stream.
import { type WriteStream, createWriteStream } from "node:fs";
import type { Answered } from "../../gateway/note.ts";
import { timestampOf } from "../../terms/ids.ts";

export interface AccessLog {
  readonly take: (answered: Answered) => void;
  /** Lines that found no room: the disk was slower than the requests. */
  readonly dropped: () => number;
  /** After a rotation: goes on in a new file of the same name. */
  readonly reopen: () => void;
  readonly close: () => Promise<void>;
}

/** Bytes that may wait for the disk; what comes on top is dropped and counted, so that a log never holds up an answer. */
const waitingBytesMax = 4 * 1024 * 1024;

/** `-` is standard output. */
export function openAccessLog(target: string): AccessLog {
  let stream = openStream(target);
  let dropped = 0;
  return {
    take: (answered) => {
      if (answered.route === "probe") return;
      const out = stream ?? process.stdout;
      if (out.writableLength > waitingBytesMax) dropped += 1;
      else out.write(lineOf(answered));
    },
    dropped: () => dropped,
    reopen: () => {
      stream?.end();
      stream = openStream(target);
    },
    close: async () => {
      const last = stream;
      if (last === undefined) return;
      await new Promise<void>((resolve) => {
        last.end(resolve);
      });
    },
  };
}

function openStream(target: string): WriteStream | undefined {
  if (target === "-") return undefined;
  const stream = createWriteStream(target, { flags: "a", mode: 0o600 });
  // A log that cannot be written is no reason to stop serving: receipts are what must not be missing.
  stream.on("error", () => undefined);
  return stream;
}

function lineOf(answered: Answered): string {
  const { at, id, key, route, model, stage, isStream, outcome, refusal, status, tokens, isWhole, spans, would } =
    answered;
  const line = {
    at: timestampOf(at),
    id: orNull(id),
    route,
    status,
    outcome: orNull(outcome),
    would: orNull(would),
    code: orNull(refusal?.code),
    reason: orNull(refusal?.reason),
    key: orNull(key),
    model: orNull(model),
    stage: orNull(stage),
    stream: isStream === true,
    ms: round(answered.ms),
    safeguardMs: round((spans.input?.ms ?? 0) + spans.outputMs),
    upstreamMs: spans.upstream === undefined ? null : round(spans.upstream.ms),
    tokens: orNull(tokens),
    whole: isWhole,
  };
  return `${JSON.stringify(line)}\n`;
}

/** Every line has every field. */
function orNull<T>(value: T | undefined): T | null {
  return value ?? null;
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}
