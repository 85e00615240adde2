// Talks to the control plane: reads with a pass, writes statements (with one too: large bodies are taken from an admitted
// person only). What comes back is bounded, parsed once, and trusted
// for nothing that a signature or a digest can decide.
import type { z } from "zod";
import { signPass } from "../acts/pass.ts";
import { StatementAnswer, type StatementRequest, routes } from "../control/contract.ts";
import { refusalIn } from "../control/contract-paths.ts";
import { concatBytes } from "../proof/encoding.ts";
import type { Signer } from "../proof/primitives.ts";
import { Failure } from "../terms/failure.ts";
import { type DeploymentId, type Instant, timestampOf } from "../terms/ids.ts";

export interface ClientOptions {
  readonly server: string;
  /** Who asks; without one only the public part answers, and large statements are refused. */
  readonly reader: { readonly signer: Signer; readonly deployment: DeploymentId } | undefined;
  readonly now: () => Instant;
}

export interface Client {
  readonly server: string;
  /** The parsed answer to `GET path`; `path` begins with a slash and may end in a query. */
  get<T>(path: string, type: z.ZodType<T>): Promise<T>;
  bytes(path: string): Promise<Uint8Array>;
  post<T>(path: string, body: unknown, as: PostOptions<T>): Promise<T>;
  submit(request: StatementRequest): Promise<StatementAnswer>;
}

interface PostOptions<T> {
  readonly type: z.ZodType<T>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Bytes of one answer that are read at all. */
const answerBytesMax = 96 * 1024 * 1024;
/** Loosening acts are answered after the gateways folded them, so this is generous. */
const answerMsMax = 60_000;

export function createClient(options: ClientOptions): Client {
  const base = options.server.replace(/\/+$/, "");

  async function call(method: string, path: string, init: RequestInit): Promise<Uint8Array> {
    const headers = new Headers(init.headers);
    if (options.reader !== undefined) headers.set("authorization", await passFor(method, path));
    return answerOf({ method, ...init, headers }, base + path);
  }

  async function passFor(method: string, path: string): Promise<string> {
    if (options.reader === undefined) throw new Error("a pass needs a reader");
    const { signer, deployment } = options.reader;
    const pass = { deployment, signer: signer.publicKey, method, path, at: timestampOf(options.now()) };
    return `Headgate ${await signPass(pass, signer)}`;
  }

  async function post<T>(path: string, body: unknown, { type, headers }: PostOptions<T>): Promise<T> {
    const init = { body: JSON.stringify(body), headers: { "content-type": "application/json", ...headers } };
    return parseAnswer(await call("POST", path, init), type);
  }

  return {
    server: base,
    get: async (path, type) => parseAnswer(await call("GET", path, {}), type),
    bytes: async (path) => call("GET", path, {}),
    post,
    submit: async (request) => post(routes.statements, request, { type: StatementAnswer }),
  };
}

/** Bytes behind a URL, whoever serves them. Fails with server_unreachable, or as the server's refusal says. */
export async function fetchBytes(url: string): Promise<Uint8Array> {
  return answerOf({ method: "GET" }, url);
}

async function answerOf(init: RequestInit, url: string): Promise<Uint8Array> {
  let status: number;
  let bytes: Uint8Array;
  try {
    await noticeClosed();
    const response = await fetch(url, { ...init, redirect: "error", signal: AbortSignal.timeout(msMaxFor(init)) });
    status = response.status;
    bytes = await readBody(response);
  } catch (cause) {
    throw new Failure(
      "server_unreachable",
      `${new URL(url).origin} does not answer. Is \`headgate serve\` running there?`,
      {
        cause,
      },
    );
  }
  if (status >= 200 && status < 300) return bytes;
  const { origin, pathname } = new URL(url);
  throw refusalIn(jsonOf(bytes), { status, place: `${origin}${pathname}` });
}

/**
 * After long work without a pause a connection may be closed that this process takes for open, and a request on it would
 * fail: in two turns of the loop it is noticed.
 */
async function noticeClosed(): Promise<void> {
  for (let turns = 0; turns < 2; turns += 1) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
}

/** The samples of a long run are counted again before they are recorded. */
function msMaxFor({ body }: RequestInit): number {
  const length = typeof body === "string" ? body.length : 0;
  return answerMsMax + Math.floor(length / megabyte) * megabyteMsMax;
}

const megabyte = 1_000_000;
const megabyteMsMax = 20_000;

async function readBody(response: Response): Promise<Uint8Array> {
  const body: AsyncIterable<Uint8Array> | null = response.body;
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of body ?? []) {
    length += part.length;
    if (length > answerBytesMax) throw new Error(`the answer is longer than ${answerBytesMax} bytes`);
    parts.push(part);
  }
  return concatBytes(parts);
}

function parseAnswer<T>(bytes: Uint8Array, type: z.ZodType<T>): T {
  const parsed = type.safeParse(jsonOf(bytes));
  if (parsed.success) return parsed.data;
  throw new Failure("server_unreachable", "The server's answer is not what this version of headgate expects.", {
    cause: parsed.error,
  });
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    return undefined;
  }
}
