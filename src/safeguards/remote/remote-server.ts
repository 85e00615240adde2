// The server of one safeguard that is asked over HTTP: one bounded POST at a time, through the guarded connector, with the
// entry's secret. No redirect is followed, and what it answers gets into no error.
import { connectTo, outboundDefaults } from "../../outbound/connector.ts";
import { type SecretSources, resolveSecret } from "../../outbound/secret.ts";
import { Failure } from "../../terms/failure.ts";
import type { ExchangeHead } from "../../upstream/exchange-request.ts";
import { Stop } from "../../upstream/stop.ts";
import { type WholeReply, askWhole } from "../../upstream/whole-exchange.ts";
import { answeredJson } from "./answered-json.ts";
import type { Speaker } from "./question.ts";
import type { RemoteEntry } from "./remote-document.ts";

export interface ServerMeans {
  readonly secrets: SecretSources;
  /** Ports this program listens on; a safeguard on one of them would be ourselves. */
  readonly ownPorts: ReadonlySet<number>;
}

export interface RemoteServer {
  /**
   * What it answered, with status 200 unless `statuses` is `any`. Throws `upstream_timeout`, `upstream_failed` or
   * `destination_refused`, and configuration_invalid for a secret that cannot be read.
   */
  readonly post: (body: string, asking: Posting) => Promise<WholeReply>;
  readonly close: () => Promise<void>;
}

interface Posting {
  readonly msMax: number;
  readonly statuses?: "any";
  /** Without the entry's secret. */
  readonly isStranger?: true;
}

const answerBytesMax = 256 * 1024;
const common = { "content-type": "application/json", accept: "application/json", "accept-encoding": "identity" };

/** Failure destination_refused for an address that is never used. */
export function openRemoteServer(
  entry: Pick<RemoteEntry, "url" | "key" | "timeoutMs" | "concurrent">,
  speaker: Pick<Speaker, "path" | "headers">,
  means: ServerMeans,
): RemoteServer {
  const url = new URL(entry.url);
  const pool = connectTo(url, {
    ...outboundDefaults,
    allowPrivate: true,
    ownPorts: means.ownPorts,
    connectMsMax: Math.min(entry.timeoutMs, outboundDefaults.connectMsMax),
    connectionsMax: entry.concurrent,
  });
  const path = speaker.path === "" ? url.pathname : url.pathname.replace(/\/+$/, "") + speaker.path;
  /** Once it was read, and was not refused since. */
  let key: string | undefined;

  async function keyNow(): Promise<string | undefined> {
    if (entry.key !== undefined) key ??= await resolveSecret(entry.key, means.secrets);
    return key;
  }

  function check(head: ExchangeHead): void {
    // A key that was changed where it is kept is read again.
    if (head.status === 401 || head.status === 403) key = undefined;
    expectAnswer(head);
  }

  return {
    post: async (body, { msMax, statuses, isStranger }) => {
      const endAt = performance.now() + msMax;
      const own = speaker.headers(isStranger === true ? undefined : await keyNow());
      const headers = Object.entries({ ...common, ...own }).flat();
      const bounds = { bytesMax: answerBytesMax, totalMsMax: Math.max(1, endAt - performance.now()) };
      const options = { bounds, signal: new Stop(), check: statuses === "any" ? () => undefined : check };
      return askWhole(pool, { method: "POST", path, headers, body }, options);
    },
    close: () => pool.destroy(),
  };
}

function expectAnswer({ status }: ExchangeHead): void {
  if (status === 200) return;
  throw new Failure("upstream_failed", `it answered ${status}`, { detail: { why: "status", status } });
}

/** What went wrong with a question, for people; undefined for what is no matter of the server. */
export function troubleWith({ url, timeoutMs }: RemoteEntry, error: unknown): string | undefined {
  if (!(error instanceof Failure) || !error.code.startsWith("upstream_")) return undefined;
  if (error.code === "upstream_timeout") return `no whole answer within ${timeoutMs} ms`;
  const words: Readonly<Record<string, string>> = {
    connect: `${url} cannot be reached, or closed the connection before it answered`,
    cut: "it broke off its answer",
    too_long: `its answer is longer than ${answerBytesMax} bytes`,
    garbage: "its answer is compressed, although that was not asked for",
  };
  return words[String(error.detail["why"])] ?? error.message;
}

/** The JSON that was answered; undefined for what is none, or may be read in two ways. */
export function jsonOf({ body }: WholeReply): unknown {
  try {
    return answeredJson(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    return undefined;
  }
}
