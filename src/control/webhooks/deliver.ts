// One try to deliver one message: signed anew, for its time stands in the signature; posted by the guarded connector; whatever
// the other end answers is read to its status only.
import type { Pool } from "undici";
import { Failure } from "../../terms/failure.ts";
import type { Instant } from "../../terms/ids.ts";
import { webhookHeaders } from "./signature.ts";

/** How long the other end may take, and bytes of its answer that are read before it is cut. */
const tryMsMax = 15_000;
const answerBytesMax = 64 * 1024;

export interface Target {
  readonly pool: Pool;
  /** Path and query. */
  readonly path: string;
  readonly keys: readonly Uint8Array[];
}

export interface Posted {
  readonly kind: "taken" | "refused" | "gone";
  /** In words, for those who look: a status, or why there was none. */
  readonly answer: string;
}

/** Never throws: that nobody answers is an answer too. */
export async function post(
  { pool, path, keys }: Target,
  message: { readonly id: string; readonly payload: string },
  now: { readonly at: Instant; readonly signal: AbortSignal },
): Promise<Posted> {
  const { id, payload } = message;
  const signed = webhookHeaders({ id, seconds: Math.floor(now.at / 1000), payload }, keys);
  try {
    const { statusCode, body } = await pool.request({
      method: "POST",
      path,
      headers: ["content-type", "application/json", "user-agent", "headgate-webhooks", ...signed],
      body: payload,
      signal: AbortSignal.any([now.signal, AbortSignal.timeout(tryMsMax)]),
    });
    await body.dump({ limit: answerBytesMax });
    return { kind: kindOf(statusCode), answer: `status ${statusCode}` };
  } catch (error) {
    return { kind: "refused", answer: wordsOf(error) };
  }
}

function kindOf(status: number): Posted["kind"] {
  if (status >= 200 && status < 300) return "taken";
  // The specification: whoever says so wants no more.
  return status === 410 ? "gone" : "refused";
}

/** The kind of an error, never its text: that could hold what the other end sent. */
function wordsOf(error: unknown): string {
  if (error instanceof Failure) return error.message;
  if (!(error instanceof Error)) return "no answer";
  if (error.name === "TimeoutError") return `no answer within ${tryMsMax / 1000} s`;
  return `no answer (${"code" in error && typeof error.code === "string" ? error.code : error.name})`;
}
