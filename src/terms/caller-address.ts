// Which address a request comes from: the socket's, or, where that is a proxy the operator named, the last hop of
// X-Forwarded-For that is none of those proxies. What anybody else writes into that header counts for nothing.
import { type Network, isInNetworks } from "./network.ts";

/** Hops that are looked at; a longer list is not one that our proxies wrote. */
const hopsMax = 32;

export interface Connection {
  /** Of the socket; undefined where it has gone already. */
  readonly remote: string | undefined;
  /** The header, as it came. */
  readonly forwarded: string | readonly string[] | undefined;
}

/** Undefined where nobody can say: then it lies in no network. */
export function callerAddress({ remote, forwarded }: Connection, proxies: readonly Network[]): string | undefined {
  if (proxies.length === 0 || !isInNetworks(remote, proxies)) return remote;
  if (forwarded === undefined) return remote;
  const text = typeof forwarded === "string" ? forwarded : forwarded.join(",");
  const hops = text.split(",", hopsMax + 1).map((hop) => hop.trim());
  if (hops.length > hopsMax) return undefined;
  return hops.findLast((hop) => !isInNetworks(hop, proxies));
}
