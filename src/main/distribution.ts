// What the environment says of running in several processes or on several machines: how many workers, where the feed listens
// for gateways elsewhere, and, for such a gateway, where the feed is. One process that is everything where nothing is said.
import { readFileSync } from "node:fs";
import path from "node:path";
import type { FeedAddress } from "../feed/connection.ts";
import { Failure } from "../terms/failure.ts";

export interface Distribution {
  /** Gateway processes on the data plane's port; 1: the control plane's process is the gateway, too. */
  readonly workers: number;
  /** Where gateways on other machines find the feed; undefined: nowhere. */
  readonly feedPort: number | undefined;
  readonly feedHost: string;
  /** For a gateway on its own: where its feed is. */
  readonly feed: FeedAddress | undefined;
  /** For a gateway on its own: where its numbers are; undefined: nowhere. */
  readonly metricsPort: number | undefined;
}

const workersMax = 64;

type Environment = Readonly<Record<string, string | undefined>>;

/** Fails with configuration_invalid and the name of the variable. */
export function readDistribution(environment: Environment, host: string): Distribution {
  return {
    workers: numberOf(environment, { name: "HEADGATE_WORKERS", least: 1, most: workersMax }) ?? 1,
    feedPort: numberOf(environment, { name: "HEADGATE_FEED_PORT", least: 0, most: 65_535 }),
    feedHost: said(environment["HEADGATE_FEED_HOST"]) ?? host,
    metricsPort: numberOf(environment, { name: "HEADGATE_METRICS_PORT", least: 1, most: 65_535 }),
    feed: feedOf(said(environment["HEADGATE_FEED"]), said(environment["HEADGATE_FEED_CA"])),
  };
}

interface Range {
  readonly name: string;
  readonly least: number;
  readonly most: number;
}

function numberOf(environment: Environment, { name, least, most }: Range): number | undefined {
  const text = said(environment[name]);
  if (text === undefined) return undefined;
  const number = /^\d{1,5}$/.test(text) ? Number(text) : -1;
  if (number >= least && number <= most) return number;
  throw new Failure("configuration_invalid", `${name} is a number from ${least} to ${most}, not "${text}".`);
}

function feedOf(text: string | undefined, caFile: string | undefined): FeedAddress | undefined {
  if (text === undefined) return undefined;
  if (text.startsWith("unix:")) return { kind: "socket", path: path.resolve(text.slice("unix:".length)) };
  const url = URL.parse(text);
  const isFeed = (url?.protocol === "http:" || url?.protocol === "https:") && url.pathname === "/";
  if (url !== null && isFeed) return { kind: "url", url, ca: caFile === undefined ? undefined : textOf(caFile) };
  throw new Failure("configuration_invalid", "HEADGATE_FEED is https://HOST:PORT, http://HOST:PORT or unix:PATH.");
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new Failure("configuration_invalid", "HEADGATE_FEED_CA names a file in PEM; it cannot be read.", { cause });
  }
}

/** Set to nothing is not set. */
function said(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}
