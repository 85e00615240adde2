// A large file over HTTP into a file, going on where an earlier try stopped. Every hop goes through the guarded
// connector; what arrives is only trusted once its digest is checked by the caller.
import { open, stat } from "node:fs/promises";
import { connectTo, type OutboundRules } from "../../outbound/connector.ts";
import { Failure } from "../../terms/failure.ts";

export interface Download {
  readonly url: URL;
  readonly path: string;
  readonly rules: OutboundRules;
  readonly bytesMax: number;
  readonly onBytes: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/** Model hosts answer with a redirect to a store. Each hop is vetted like the first; content is checked by digest. */
const hopsMax = 5;
const idleMsMax = 30_000;
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Bytes in the file afterwards. Throws `model_unavailable`; what came so far is kept for the next try. */
export async function download(task: Download): Promise<number> {
  let url = task.url;
  for (let hop = 0; hop <= hopsMax; hop += 1) {
    const moved = await fetchOnce({ ...task, url });
    if (moved === undefined) return (await stat(task.path)).size;
    if (url.protocol === "https:" && moved.protocol !== "https:")
      throw unavailable(url, "it redirects from https to http");
    url = moved;
  }
  throw unavailable(task.url, `it redirects more than ${hopsMax} times`);
}

/** Where the file is instead, or undefined when it was written. */
async function fetchOnce(task: Download): Promise<URL | undefined> {
  const { url, signal } = task;
  const have = await stat(task.path).then(
    (found) => found.size,
    () => 0,
  );
  const pool = connectTo(url, { ...task.rules, connectionsMax: 1 });
  try {
    const { statusCode, headers, body } = await pool.request({
      method: "GET",
      path: url.pathname + url.search,
      headers: { "accept-encoding": "identity", ...(have > 0 ? { range: `bytes=${have}-` } : {}) },
      headersTimeout: idleMsMax,
      bodyTimeout: idleMsMax,
      signal,
    });
    if (redirects.has(statusCode)) return nextHop(url, headers["location"]);
    // 416: nothing is left to fetch; whether what we have is right, the digest says.
    if (statusCode === 416) return undefined;
    if (statusCode !== 200 && statusCode !== 206) throw unavailable(url, `it answers ${statusCode}`);
    await writeBody(body, { ...task, from: startOf(statusCode, have, headers["content-range"]) });
    return undefined;
  } catch (error) {
    throw error instanceof Failure ? error : unavailable(url, "the connection failed", error);
  } finally {
    await pool.destroy();
  }
}

/** Where in the file the answer begins: a server may ignore the range, then it begins at the start. */
function startOf(status: number, have: number, contentRange: string | string[] | undefined): number {
  if (status === 200) return 0;
  const start = /^bytes (\d+)-/.exec(String(contentRange))?.[1];
  return start === String(have) ? have : Number.NaN;
}

async function writeBody(body: AsyncIterable<unknown>, task: Download & { readonly from: number }): Promise<void> {
  if (Number.isNaN(task.from)) throw unavailable(task.url, "it sent another part of the file than was asked for");
  const file = await open(task.path, task.from === 0 ? "w" : "r+");
  let bytes = task.from;
  try {
    for await (const piece of body) {
      if (!(piece instanceof Uint8Array)) continue;
      if (bytes + piece.length > task.bytesMax)
        throw unavailable(task.url, `the file is longer than ${task.bytesMax} bytes`);
      await file.write(piece, 0, piece.length, bytes);
      bytes += piece.length;
      task.onBytes(bytes);
    }
  } finally {
    await file.close();
  }
}

function nextHop(url: URL, location: string | string[] | undefined): URL {
  const next = typeof location === "string" ? URL.parse(location, url.href) : null;
  if (next === null) throw unavailable(url, "it redirects to nowhere");
  return next;
}

function unavailable(url: URL, why: string, cause?: unknown): Failure {
  return new Failure("model_unavailable", `The model was not fetched from ${url.host}: ${why}.`, { cause });
}
