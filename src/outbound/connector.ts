// The guarded connector: every connection that leaves the program is opened here. What an
// attacker may control is the name service and the answer of the far end, never the URL: that comes from a document.
// So: no redirects (undici's Pool follows none), the address is looked up once, vetted, and that very address is dialled;
// metadata, link-local, unspecified and multicast addresses and our own listeners are refused whatever the document says.
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import { buildConnector, Pool } from "undici";
import { Failure } from "../terms/failure.ts";
import { addressKind } from "./address.ts";

interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

export interface OutboundRules {
  /** True only when the URL was written by hand in a document: then a literal loopback or private address may be used. */
  readonly allowPrivate: boolean;
  /** True only for what the operator's environment names: there a name may lead to such an address, as inside a cluster. */
  readonly privateNames?: boolean;
  /** Ports we listen on ourselves; a connection to one of them on this machine would loop. */
  readonly ownPorts: ReadonlySet<number>;
  readonly connectMsMax: number;
  /** How long vetted addresses are used before the name is looked up, and vetted, again. */
  readonly pinMsMax: number;
  readonly connectionsMax: number;
  readonly resolve: (hostname: string) => Promise<readonly ResolvedAddress[]>;
}

export const outboundDefaults: OutboundRules = {
  allowPrivate: false,
  ownPorts: new Set(),
  connectMsMax: 5_000,
  pinMsMax: 60_000,
  connectionsMax: 256,
  resolve: (hostname) => lookup(hostname, { all: true }),
};

/** The most addresses of one name that are looked at; a name with more is refused. */
const addressesMax = 64;

/** A pool of connections to the origin of `url`. Throws `destination_refused` at once for what the URL alone shows. */
export function connectTo(url: URL, rules: OutboundRules): Pool {
  vetUrl(url, rules);
  return new Pool(url.origin, {
    connections: rules.connectionsMax,
    connect: guardedConnect(rules),
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}

/** A pool of connections to a server on a unix socket that we started ourselves. */
export function connectToSocket(
  socketPath: string,
  rules: Pick<OutboundRules, "connectMsMax" | "connectionsMax">,
): Pool {
  return new Pool("http://embedded.invalid", {
    connections: rules.connectionsMax,
    connect: buildConnector({ socketPath, timeout: rules.connectMsMax, allowH2: false }),
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}

/** Refuses what can be refused without asking a name service. */
function vetUrl(url: URL, rules: OutboundRules): void {
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw refused(url.host, `only http and https are spoken, not ${url.protocol.slice(0, -1)}`);
  }
  if (url.username !== "" || url.password !== "") {
    throw refused(url.host, "the URL carries a user name or password; name the secret by `key` instead");
  }
  const literal = literalAddress(url.hostname);
  if (literal !== undefined) vetAddress({ hostname: url.hostname, port: portOf(url), address: literal }, rules);
}

interface Candidate {
  readonly hostname: string;
  readonly port: number;
  readonly address: string;
}

/** Throws `destination_refused` unless this address may be dialled for this name. */
function vetAddress(candidate: Candidate, rules: OutboundRules): void {
  const { hostname, port, address } = candidate;
  const kind = addressKind(address);
  if (kind === "forbidden") {
    throw refused(hostname, `${address} is a metadata, link-local, multicast or reserved address, which is never used`);
  }
  if (kind !== "public" && !(rules.allowPrivate && (rules.privateNames === true || namesItLiterally(hostname, kind)))) {
    throw refused(
      hostname,
      `${address} is a ${kind} address; write the address itself (or localhost) in the Model document to allow it`,
    );
  }
  if (rules.ownPorts.has(port) && (kind === "loopback" || ownAddresses().has(address))) {
    throw refused(hostname, `port ${port} is a listener of this program; an upstream cannot be the gateway itself`);
  }
}

function namesItLiterally(hostname: string, kind: "loopback" | "private"): boolean {
  if (literalAddress(hostname) !== undefined) return true;
  return hostname === "localhost" && kind === "loopback";
}

function guardedConnect(rules: OutboundRules): buildConnector.connector {
  const dial = buildConnector({ timeout: rules.connectMsMax, allowH2: false });
  const pins = new Pins(rules);
  return (options, callback) => {
    void dialVetted(options, callback);
  };

  async function dialVetted(options: buildConnector.Options, callback: buildConnector.Callback): Promise<void> {
    const port = Number(options.port === "" ? defaultPort(options.protocol) : options.port);
    let address: string;
    try {
      address = await pins.addressFor(options.hostname, port);
    } catch (error) {
      callback(error instanceof Error ? error : new Error(String(error)), null);
      return;
    }
    // Only `hostname` is replaced: the certificate is still checked against the name, which stays in `host`.
    dial({ ...options, hostname: address }, (...outcome) => {
      if (outcome[0] !== null) pins.advance();
      callback(...outcome);
    });
  }
}

/** The vetted addresses of one origin. A failed dial moves to the next one; the list is looked up again when it is old. */
class Pins {
  readonly #rules: OutboundRules;
  #pinned: readonly string[] = [];
  #next = 0;
  #pinnedAtMs = 0;

  constructor(rules: OutboundRules) {
    this.#rules = rules;
  }

  async addressFor(hostname: string, port: number): Promise<string> {
    const literal = literalAddress(hostname);
    if (literal !== undefined) {
      vetAddress({ hostname, port, address: literal }, this.#rules);
      return literal;
    }
    if (this.#pinned.length === 0 || performance.now() - this.#pinnedAtMs > this.#rules.pinMsMax) {
      this.#pinned = await this.#lookUp(hostname, port);
      this.#pinnedAtMs = performance.now();
      this.#next = 0;
    }
    const address = this.#pinned[this.#next % this.#pinned.length];
    if (address === undefined) throw refused(hostname, "its name has no address");
    return address;
  }

  advance(): void {
    this.#next += 1;
    if (this.#next >= this.#pinned.length) this.#pinned = [];
  }

  /** One refused address refuses the name: a name that mixes public and inner addresses is an attack or a mistake. */
  async #lookUp(hostname: string, port: number): Promise<readonly string[]> {
    const found = await within(this.#rules.resolve(hostname), this.#rules.connectMsMax, hostname);
    if (found.length === 0 || found.length > addressesMax) {
      throw refused(hostname, `its name has ${found.length} addresses; 1 to ${addressesMax} are accepted`);
    }
    for (const { address } of found) vetAddress({ hostname, port, address }, this.#rules);
    return found.map(({ address }) => address);
  }
}

async function within<T>(work: Promise<T>, msMax: number, hostname: string): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const detail = { phase: "connect" };
    reject(new Failure("upstream_timeout", `The name ${hostname} was not found within ${msMax} ms.`, { detail }));
  }, msMax);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The address a URL's host is when it is written as one; brackets of IPv6 removed. */
function literalAddress(hostname: string): string | undefined {
  const bare = hostname.startsWith("[") && hostname.endsWith("]") ? hostname.slice(1, -1) : hostname;
  return isIP(bare) === 0 ? undefined : bare;
}

function portOf(url: URL): number {
  return Number(url.port === "" ? defaultPort(url.protocol) : url.port);
}

function defaultPort(protocol: string): string {
  return protocol === "https:" ? "443" : "80";
}

function ownAddresses(): ReadonlySet<string> {
  return new Set(Object.values(networkInterfaces()).flatMap((faces) => (faces ?? []).map((face) => face.address)));
}

function refused(host: string, why: string): Failure {
  return new Failure("destination_refused", `No connection to ${host}: ${why}.`, { detail: { host } });
}
