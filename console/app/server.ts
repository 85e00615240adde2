// Asks the control plane that served this page. What comes back is bounded and parsed once; a refusal is the same Failure, with
// the same sentence, that the command line would show.
import type { z } from "zod";
import { backgroundHeader, consoleHeader } from "../../src/control/contract-session.ts";
import { refusalIn } from "../../src/control/contract-paths.ts";
import { Failure } from "../../src/terms/failure.ts";

/** Bytes of one answer that are read at all. */
const answerBytesMax = 96 * 1024 * 1024;
const answerMsMax = 60_000;

export interface Asked {
  readonly method?: "GET" | "POST" | "DELETE";
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Asked by a clock, not by a person: it does not keep a session from ending. */
  readonly isBackground?: boolean;
}

/** The parsed answer. Fails with server_unreachable, or as the server refuses. */
export async function ask<T>(path: string, type: z.ZodType<T>, asked: Asked = {}): Promise<T> {
  const parsed = type.safeParse(jsonOf(new TextDecoder().decode(await askBytes(path, asked))));
  if (parsed.success) return parsed.data;
  throw new Failure(
    "server_unreachable",
    "The server's answer is not what this console expects. Load the page again.",
    {
      cause: parsed.error,
    },
  );
}

export async function askBytes(path: string, asked: Asked = {}): Promise<Uint8Array> {
  const { answer, bytes } = await answerTo(path, asked);
  if (answer.ok) return bytes;
  throw refusalIn(jsonOf(new TextDecoder().decode(bytes)), {
    status: answer.status,
    place: `${location.origin}${path.split("?")[0] ?? ""}`,
  });
}

interface Answered {
  readonly answer: Response;
  readonly bytes: Uint8Array;
}

async function answerTo(
  path: string,
  { method = "GET", body, headers = {}, signal, isBackground }: Asked,
): Promise<Answered> {
  const limits = [AbortSignal.timeout(answerMsMax), ...(signal === undefined ? [] : [signal])];
  try {
    const answer = await fetch(path, {
      method,
      headers: {
        [consoleHeader]: "1",
        ...(isBackground === true ? { [backgroundHeader]: "1" } : {}),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      body: body === undefined ? null : JSON.stringify(body),
      credentials: "same-origin",
      redirect: "error",
      cache: "no-store",
      signal: AbortSignal.any(limits),
    });
    return { answer, bytes: await bytesOf(answer) };
  } catch (cause) {
    if (signal?.aborted === true || cause instanceof Failure) throw cause;
    throw new Failure(
      "server_unreachable",
      `${location.origin} does not answer. Is \`headgate serve\` running there?`,
      {
        cause,
      },
    );
  }
}

/** All of it, or as much as is too much. */
async function bytesOf({ body }: Response): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of body ?? []) {
    length += piece.length;
    if (length > answerBytesMax) throw new Failure("server_unreachable", "The server's answer is too long.");
    pieces.push(piece);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
