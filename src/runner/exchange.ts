// One request of a run and what came back, reduced to what grading and the record need. Nothing here throws for what the
// far side does: no answer is an outcome of its own.
import { type Dispatcher, request } from "undici";
import { z } from "zod";
import { receiptCharsMax } from "../acts/receipt.ts";
import type { ToolCall } from "../evidence/graders/grader.ts";

export interface Exchange {
  /** Null where no answer came at all. */
  readonly status: number | null;
  /** `error.code` and `error.reason` of a refusal. */
  readonly code: string | null;
  readonly reason: string | null;
  readonly finish: string | null;
  readonly answer: string;
  readonly calls: readonly ToolCall[];
  /** Self-contained text of src/acts/receipt.ts, as the header carried it. */
  readonly receipt: string | null;
  /** How long to wait before trying again; null where that cannot help. */
  readonly retryAfterMs: number | null;
}

export interface Ask {
  readonly url: string;
  readonly secret: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly msMax: number;
}

/** Answers are short: a suite says how many tokens. */
const answerBytesMax = 4 * 1024 * 1024;
/** Tools that one answer calls. */
const callsMax = 128;
const retryMsDefault = 500;
const retryMsMax = 60_000;

const Answer = z.object({
  choices: z
    .array(
      z.object({
        finish_reason: z.string().nullish(),
        message: z.object({
          content: z.string().nullish(),
          refusal: z.string().nullish(),
          tool_calls: z
            .array(z.object({ function: z.object({ name: z.string(), arguments: z.string() }) }))
            .max(callsMax)
            .nullish(),
        }),
      }),
    )
    .min(1),
});
const Refusal = z.object({ error: z.object({ code: z.string(), reason: z.string().nullish() }) });

export async function exchange(ask: Ask): Promise<Exchange> {
  try {
    // Connections stay open from one to the next.
    const response = await request(ask.url, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${ask.secret}`, ...ask.headers },
      body: JSON.stringify(ask.body),
      signal: AbortSignal.timeout(ask.msMax),
      headersTimeout: ask.msMax,
      bodyTimeout: ask.msMax,
    });
    const text = await textOf(response);
    return text === undefined ? none(null, retryMsDefault) : read(response, text);
  } catch {
    return none(null, retryMsDefault);
  }
}

type Response = Pick<Dispatcher.ResponseData, "statusCode" | "headers" | "body">;

/** The body, read no further than its bound; undefined where it goes on, or where it is somebody else's to give. */
async function textOf({ statusCode, body }: Response): Promise<string | undefined> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    const part: unknown = chunk;
    if (!(part instanceof Uint8Array)) return undefined;
    bytes += part.length;
    // Leaving the loop cancels the rest.
    if (bytes > answerBytesMax) return undefined;
    parts.push(part);
  }
  return statusCode >= 300 && statusCode < 400 ? undefined : Buffer.concat(parts).toString("utf8");
}

function none(status: number | null, retryAfterMs: number | null): Exchange {
  return { status, code: null, reason: null, finish: null, answer: "", calls: [], receipt: null, retryAfterMs };
}

function read(response: Response, text: string): Exchange {
  const value = jsonOf(text);
  const common = { ...none(response.statusCode, null), receipt: receiptIn(response) };
  const answer = response.statusCode < 300 ? Answer.safeParse(value).data?.choices[0] : undefined;
  if (answer !== undefined) {
    const said = [answer.message.content, answer.message.refusal].filter((part) => typeof part === "string").join("\n");
    const calls = (answer.message.tool_calls ?? []).map((call) => call.function);
    return { ...common, finish: answer.finish_reason ?? null, answer: said, calls };
  }
  const refusal = Refusal.safeParse(value).data?.error;
  const [code, reason] = [refusal?.code ?? null, refusal?.reason ?? null];
  return { ...common, code, reason, retryAfterMs: isSpent({ code, reason }) ? null : retryAfter(response) };
}

function receiptIn(response: Response): string | null {
  const receipt = headerOf(response, "x-headgate-receipt");
  return receipt === undefined || receipt.length > receiptCharsMax ? null : receipt;
}

/** One that stands there twice is none. */
function headerOf({ headers }: Response, name: string): string | undefined {
  const found = headers[name];
  return typeof found === "string" ? found : undefined;
}

/** The gateway has answered this item as often as the permit allows: an answer was given and lost on its way here. */
export function isSpent(refusal: Pick<Exchange, "code" | "reason">): boolean {
  return refusal.code === "quota_exhausted" && refusal.reason === "attempts";
}

/** Full and closed doors are tried again, and so is a failing upstream; a refusal is an answer. */
function retryAfter(response: Response): number | null {
  const isTemporary = response.statusCode === 429 || response.statusCode >= 500;
  if (!isTemporary || headerOf(response, "x-should-retry") === "false") return null;
  const seconds = Number(headerOf(response, "retry-after") ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds * 1000, retryMsMax) : retryMsDefault;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
