// Malformed bodies through parse and admission, in process: whatever a caller sends ends in a call or in a Failure of a code
// that callers meet, soon; no message repeats their words; and nothing reaches a server that the safeguards did not read.
import { modelOf, parseBody } from "../../src/gateway/admission.ts";
import { Failure, type FailureCode } from "../../src/terms/failure.ts";
import { admitCall } from "../../src/upstream/envelope.ts";
import { ModelDocument } from "../../src/upstream/model-document.ts";
import { type Call, callTexts } from "../../src/wire/call.ts";
import { chatDialect, chatFormat } from "../../src/wire/chat/chat.ts";
import { embeddingsDialect, embeddingsFormat } from "../../src/wire/embeddings/embeddings.ts";
import type { Dialect, Format } from "../../src/wire/format.ts";
import { countFormat, messagesDialect, messagesFormat } from "../../src/wire/messages/messages.ts";
import { responsesDialect, responsesFormat } from "../../src/wire/responses/responses.ts";
import { type BodyFormat, fuzzedBody, marker } from "./bodies.ts";
import { chanceOf } from "./seeded.ts";

const formats: Readonly<Record<BodyFormat, Format>> = {
  chat: chatFormat,
  responses: responsesFormat,
  messages: messagesFormat,
  count: countFormat,
  embeddings: embeddingsFormat,
};
const dialects: readonly Dialect[] = [chatDialect, responsesDialect, messagesDialect];

function documentOf(dialect: Dialect["name"], envelope: object): ModelDocument {
  const upstream = { dialect, url: "http://127.0.0.1:1/v1", model: "served" };
  return ModelDocument.parse({ kind: "Model", name: "small", upstream, identity: { basis: "declared" }, envelope });
}

const wide = documentOf("openai-chat", { tools: true, images: true, reasoning: true, choicesMax: 4 });
const narrow = documentOf("openai-chat", { systemMessages: false });
const vectors = documentOf("openai-embeddings", {});

/** How a body may be refused. */
const codes: ReadonlySet<FailureCode> = new Set<FailureCode>([
  "request_invalid",
  "feature_unsupported",
  "model_unknown",
]);

/** How long one body may take, in milliseconds; one that took longer is timed again before it counts. */
const bodyMsMax = 150;

export interface Finding {
  readonly seed: number;
  readonly what: string;
}

export interface BodiesDone {
  readonly bodies: number;
  readonly admitted: number;
  readonly rendered: number;
  readonly slowestMs: number;
  readonly findings: readonly Finding[];
}

/** What the safeguards are given of a call; a test puts something worse in its place, to see that it is found out. */
export type TextsOf = (call: Call) => readonly string[];

/** Bodies of the seeds from `from` on. */
export function fuzzBodies(from: number, count: number, textsOf: TextsOf = callTexts): BodiesDone {
  const findings: Finding[] = [];
  let [admitted, rendered, slowestMs] = [0, 0, 0];
  for (let seed = from; seed < from + count; seed += 1) {
    const { format, bytes } = fuzzedBody(chanceOf(seed));
    const startedAt = performance.now();
    const came = tryBody(format, bytes, textsOf);
    const ms = performance.now() - startedAt;
    slowestMs = Math.max(slowestMs, ms);
    if (ms > bodyMsMax && leastMs(format, bytes) > bodyMsMax) findings.push({ seed, what: `took ${ms} ms` });
    if (came.what !== undefined) findings.push({ seed, what: came.what });
    if (came.rendered > 0) admitted += 1;
    rendered += came.rendered;
  }
  return { bodies: count, admitted, rendered, slowestMs, findings };
}

/** Processor time, the least of three, so that a busy machine is not taken for a slow parser. */
function leastMs(format: BodyFormat, bytes: Buffer): number {
  const times = [0, 1, 2].map(() => {
    const before = process.cpuUsage();
    tryBody(format, bytes, callTexts);
    return process.cpuUsage(before).user / 1_000;
  });
  return Math.min(...times);
}

interface Came {
  readonly rendered: number;
  readonly what: string | undefined;
}

function tryBody(name: BodyFormat, bytes: Buffer, textsOf: TextsOf): Came {
  const format = formats[name];
  let rendered = 0;
  try {
    const raw = parseBody(bytes);
    modelOf(raw);
    const call = format.parseCall(raw);
    const documents = name === "embeddings" ? [vectors] : [wide, narrow];
    for (const document of documents) {
      const admitted = admittedBy(call, document, format);
      if (admitted === undefined) continue;
      rendered += 1;
      const spoken = name === "embeddings" ? [embeddingsDialect] : dialects;
      const what = unread(admitted, spoken, textsOf(admitted).join("\n"));
      if (what !== undefined) return { rendered, what };
    }
    return { rendered, what: undefined };
  } catch (error) {
    return { rendered, what: wrongFailure(error) };
  }
}

function admittedBy(call: Call, document: ModelDocument, format: Format): Call | undefined {
  try {
    return admitCall(call, document, format);
  } catch (error) {
    if (wrongFailure(error) !== undefined) throw error;
    return undefined;
  }
}

function wrongFailure(error: unknown): string | undefined {
  if (!(error instanceof Failure))
    return `threw ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  if (!codes.has(error.code)) return `failed with ${error.code}`;
  const told = `${error.message} ${JSON.stringify(error.detail)}`;
  return told.includes(marker) ? `repeats the caller's words: ${told.slice(0, 200)}` : undefined;
}

/** What a server would read and no safeguard did. */
function unread(call: Call, spoken: readonly Dialect[], read: string): string | undefined {
  for (const dialect of spoken) {
    if (dialect.lacks(call) !== undefined) continue;
    const sent = JSON.stringify(dialect.body(call, "served"));
    if (occurrences(sent) > 0 && occurrences(read) === 0)
      return `${dialect.name} sends what nobody read: ${sent.slice(0, 400)}`;
    if (occurrences(sent) > occurrences(read)) return `${dialect.name} sends more than was read: ${sent.slice(0, 400)}`;
    if (!sent.includes('"model":"served"')) return `${dialect.name} asks for another model`;
  }
  return undefined;
}

function occurrences(text: string): number {
  return text.split(marker).length - 1;
}
