// Asks safeguards over HTTP, one desk a process: whatever chains name the same declaration share its connections, its line
// and its budget. What goes wrong is a cause, never an answer. Nothing of a text, an answer or a secret gets into an error.
import type { Pool } from "undici";
import { connectTo, outboundDefaults } from "../../outbound/connector.ts";
import { type SecretSources, resolveSecret } from "../../outbound/secret.ts";
import { Failure } from "../../terms/failure.ts";
import type { UnknownCause } from "../../terms/finding.ts";
import type { ExchangeHead } from "../../upstream/exchange-request.ts";
import { Stop } from "../../upstream/stop.ts";
import { askWhole } from "../../upstream/whole-exchange.ts";
import { type AskingLine, createAskingLine } from "./asking-line.ts";
import { type Budget, createBudget } from "./budget.ts";
import type { Question, RemoteFinding, ShownText, Speaker } from "./question.ts";
import type { RemoteEntry } from "./remote-document.ts";
import { digestOfRemote, speakerOf } from "./speaker.ts";

export interface RemoteMeans {
  readonly secrets: SecretSources;
  /** Ports this program listens on; a safeguard on one of them would be ourselves. */
  readonly ownPorts: ReadonlySet<number>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
  /** Hears when a safeguard begins to fail and when it answers again. */
  readonly report: (event: string, detail: Readonly<Record<string, string | number>>) => void;
}

type Asked =
  | { readonly kind: "asked"; readonly findings: readonly RemoteFinding[] }
  | { readonly kind: "unknown"; readonly cause: UnknownCause };

export interface Remote {
  readonly entry: RemoteEntry;
  /** Never rejects. */
  readonly ask: (texts: readonly ShownText[], caller: string) => Promise<Asked>;
}

export interface RemoteDesk {
  /** What the entry declares. Failure destination_refused for an address that is never used. */
  readonly open: (entry: RemoteEntry) => Remote;
  readonly close: () => Promise<void>;
}

/** Declarations kept; what is named after so many others begins its budget anew. */
const remotesMax = 512;
const answerBytesMax = 256 * 1024;

export function openRemoteDesk(means: RemoteMeans): RemoteDesk {
  const opened = new Map<string, Remote & { readonly pool: Pool }>();
  const secret = means.randomBytes(32);
  return {
    open: (entry) => {
      const digest = digestOfRemote(entry);
      const known = opened.get(digest);
      if (known !== undefined) return known;
      const remote = openRemote(entry, { means, secret });
      const [oldest] = opened.keys();
      // Who still holds it goes on asking: its connections end by themselves.
      if (opened.size >= remotesMax && oldest !== undefined) opened.delete(oldest);
      opened.set(digest, remote);
      return remote;
    },
    close: async () => {
      await Promise.all([...opened.values()].map(async ({ pool }) => pool.destroy()));
    },
  };
}

interface Around {
  readonly means: RemoteMeans;
  readonly secret: Uint8Array;
}

interface Server {
  readonly entry: RemoteEntry;
  readonly means: RemoteMeans;
  readonly pool: Pool;
  readonly speaker: Speaker;
  readonly line: AskingLine;
  readonly budget: Budget;
  /** The secret it is asked with, once it was read and was not refused since. */
  key: string | undefined;
  isFailing: boolean;
}

function openRemote(entry: RemoteEntry, { means, secret }: Around): Remote & { readonly pool: Pool } {
  const { concurrent, timeoutMs, charsMax } = entry;
  const pool = connectTo(new URL(entry.url), {
    ...outboundDefaults,
    allowPrivate: true,
    ownPorts: means.ownPorts,
    connectMsMax: Math.min(timeoutMs, outboundDefaults.connectMsMax),
    connectionsMax: concurrent,
  });
  const server: Server = {
    entry,
    means,
    pool,
    speaker: speakerOf(entry, secret),
    line: createAskingLine({ concurrent, timeoutMs }),
    budget: createBudget(entry.budget ?? {}),
    key: undefined,
    isFailing: false,
  };
  return {
    entry,
    pool,
    ask: async (texts, caller) => {
      if (texts.reduce((sum, { text }) => sum + text.length, 0) > charsMax) return unknown("too-long");
      try {
        return told(await server.line.take(async (msLeft) => askNow(server, texts, msLeft), caller), server);
      } catch {
        return unknown("failed");
      }
    },
  };
}

async function askNow(server: Server, texts: readonly ShownText[], msLeft: number): Promise<Asked> {
  try {
    const question = server.speaker.question(texts);
    const taken = server.budget.take(question.tokens, server.means.now());
    if (taken === undefined) return unknown("budget-spent");
    const answer = question.read(await post(server, question, msLeft));
    taken.settle(answer?.tokens);
    return answer === undefined ? unknown("unparsable") : { kind: "asked", findings: answer.findings };
  } catch (error) {
    return unknown(causeOf(error, server));
  }
}

/** The JSON that it answered; undefined for what is none. Throws a Failure of src/upstream, or of what names its secret. */
async function post(server: Server, { body }: Question, msLeft: number): Promise<unknown> {
  const { entry, means, pool, speaker } = server;
  const endAt = performance.now() + msLeft;
  if (entry.key !== undefined) server.key ??= await resolveSecret(entry.key, means.secrets);
  const common = { "content-type": "application/json", accept: "application/json", "accept-encoding": "identity" };
  const headers = Object.entries({ ...common, ...speaker.headers(server.key) }).flat();
  const { pathname } = new URL(entry.url);
  const path = speaker.path === "" ? pathname : pathname.replace(/\/+$/, "") + speaker.path;
  const request = { method: "POST", path, headers, body: JSON.stringify(body) } as const;
  const bounds = { bytesMax: answerBytesMax, totalMsMax: Math.max(1, endAt - performance.now()) };
  const reply = await askWhole(pool, request, { bounds, signal: new Stop(), check: expectAnswer });
  return parsed(reply.body);
}

function expectAnswer({ status }: ExchangeHead): void {
  if (status === 200) return;
  throw new Failure("upstream_failed", `A safeguard answered ${status}.`, { detail: { why: "status", status } });
}

function parsed(body: Buffer): unknown {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
    return value;
  } catch {
    return undefined;
  }
}

/** What a caller and a receipt are told of a failure. */
function causeOf(error: unknown, server: Server): UnknownCause {
  if (!(error instanceof Failure)) return "failed";
  const { why, status } = error.detail;
  // A key that was changed where it is kept is read again.
  if (status === 401 || status === 403) server.key = undefined;
  if (error.code === "upstream_timeout") return "timeout";
  return why === "too_long" || why === "garbage" ? "unparsable" : "failed";
}

/** Told once when it begins, and not for every question. */
function told(asked: Asked, server: Server): Asked {
  const isFailing = asked.kind === "unknown";
  if (isFailing !== server.isFailing) {
    server.isFailing = isFailing;
    const { name } = server.entry;
    server.means.report("safeguard", { safeguard: name, is: isFailing ? asked.cause : "answering" });
  }
  return asked;
}

function unknown(cause: UnknownCause): { readonly kind: "unknown"; readonly cause: UnknownCause } {
  return { kind: "unknown", cause };
}
