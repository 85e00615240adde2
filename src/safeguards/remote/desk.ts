// Asks safeguards over HTTP, one desk a process: whatever chains name the same declaration share its connections, its line
// and its budget. What goes wrong is a cause, never an answer. Nothing of a text, an answer or a secret gets into an error.
import { Failure } from "../../terms/failure.ts";
import type { UnknownCause } from "../../terms/finding.ts";
import type { WholeReply } from "../../upstream/whole-exchange.ts";
import { type AskingLine, createAskingLine } from "./asking-line.ts";
import { type Budget, createBudget } from "./budget.ts";
import type { RemoteFinding, ShownText, Speaker } from "./question.ts";
import type { RemoteEntry } from "./remote-document.ts";
import { type RemoteServer, type ServerMeans, jsonOf, openRemoteServer } from "./remote-server.ts";
import { digestOfRemote, speakerOf } from "./speaker.ts";

export interface RemoteMeans extends ServerMeans {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
  /** Hears when a safeguard begins to fail and when it answers again. */
  readonly report: (event: string, detail: Readonly<Record<string, string | number>>) => void;
  /** Hears of each question, once it is over. */
  readonly asked?: (question: AskedQuestion) => void;
}

/** How one question ended, and how long it took, its wait for a turn included. */
export interface AskedQuestion {
  readonly entry: Pick<RemoteEntry, "safeguard" | "name">;
  readonly answer: "answered" | UnknownCause;
  readonly ms: number;
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
/** How often it is told at most that one begins to fail, or answers again, in milliseconds. */
const tellMs = 10_000;

export function openRemoteDesk(means: RemoteMeans): RemoteDesk {
  const opened = new Map<string, Remote & { readonly server: RemoteServer }>();
  const secret = means.randomBytes(32);
  return {
    open: (entry) => {
      const digest = digestOfRemote(entry);
      const known = opened.get(digest);
      if (known !== undefined) return known;
      const speaker = speakerOf(entry, secret);
      const server = openRemoteServer(entry, speaker, means);
      const remote = { entry, server, ask: askingOf({ entry, speaker, server, ...boundsOf(entry), means, told: {} }) };
      const [oldest] = opened.keys();
      // Who still holds it goes on asking: its connections end by themselves.
      if (opened.size >= remotesMax && oldest !== undefined) opened.delete(oldest);
      opened.set(digest, remote);
      return remote;
    },
    close: async () => {
      await Promise.all([...opened.values()].map(async ({ server }) => server.close()));
    },
  };
}

function boundsOf({ concurrent, timeoutMs, budget }: RemoteEntry): Pick<Asking, "line" | "budget"> {
  return { line: createAskingLine({ concurrent, timeoutMs }), budget: createBudget(budget ?? {}) };
}

interface Asking {
  readonly entry: RemoteEntry;
  readonly speaker: Speaker;
  readonly server: RemoteServer;
  readonly line: AskingLine;
  readonly budget: Budget;
  readonly means: RemoteMeans;
  readonly told: { is?: string; at?: number };
}

function askingOf(asking: Asking): Remote["ask"] {
  return async (texts, caller) => {
    const from = performance.now();
    const asked = await askInTurn(asking, texts, caller);
    const answer = asked.kind === "unknown" ? asked.cause : "answered";
    asking.means.asked?.({ entry: asking.entry, answer, ms: performance.now() - from });
    return asked;
  };
}

/** Never rejects. */
async function askInTurn(asking: Asking, texts: readonly ShownText[], caller: string): Promise<Asked> {
  if (texts.reduce((sum, { text }) => sum + text.length, 0) > asking.entry.charsMax) return unknown("too-long");
  try {
    const asked = await asking.line.take(async (msLeft) => askNow(asking, { texts, caller }, msLeft), caller);
    tell(asked, asking);
    return asked;
  } catch {
    return unknown("failed");
  }
}

async function askNow(
  { speaker, server, budget, means }: Asking,
  { texts, caller }: { readonly texts: readonly ShownText[]; readonly caller: string },
  msMax: number,
): Promise<Asked> {
  try {
    const question = speaker.question(texts);
    const taken = budget.take(caller, question.tokens, means.now());
    if (taken === undefined) return unknown("budget-spent");
    const answer = question.read(jsonOf(await posted(server, JSON.stringify(question.body), msMax)));
    taken.settle(answer?.tokens);
    return answer === undefined ? unknown("unparsable") : { kind: "asked", findings: answer.findings };
  } catch (error) {
    return unknown(causeOf(error));
  }
}

/**
 * Once more, in the time that is left, where nothing of an answer came: servers close connections that were idle for a while, and
 * may do so just as one is used.
 */
async function posted(server: RemoteServer, body: string, msMax: number): Promise<WholeReply> {
  const from = performance.now();
  try {
    return await server.post(body, { msMax });
  } catch (error) {
    const msLeft = msMax - (performance.now() - from);
    if (!(error instanceof Failure) || error.detail["why"] !== "connect" || msLeft <= 0) throw error;
    return server.post(body, { msMax: msLeft });
  }
}

/** What a caller and a receipt are told of a failure. */
function causeOf(error: unknown): UnknownCause {
  if (!(error instanceof Failure)) return "failed";
  const { why } = error.detail;
  if (error.code === "upstream_timeout") return "timeout";
  return why === "too_long" || why === "garbage" ? "unparsable" : "failed";
}

/** Not of every question: who writes texts may have them answered by turns this way and that. */
function tell(asked: Asked, { entry, means, told }: Asking): void {
  const is = asked.kind === "unknown" ? asked.cause : "answering";
  const now = means.now();
  const isNews = is !== (told.is ?? "answering");
  if (!isNews || now < (told.at ?? 0) + tellMs) return;
  Object.assign(told, { is, at: now });
  means.report("safeguard", { safeguard: entry.name, is });
}

function unknown(cause: UnknownCause): { readonly kind: "unknown"; readonly cause: UnknownCause } {
  return { kind: "unknown", cause };
}
