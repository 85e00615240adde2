// Whose signatures a verifier believes, and where that knowledge comes from: a profile (its pinned root and the ledger it
// folded), a trust.json got on another way, or, for the server on this very machine only, what it said the first time,
// kept in the user's state folder from then on.
import { existsSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { z } from "zod";
import { checkLength } from "../../feed/catch-up.ts";
import { Seen, openStatement } from "../../acts/statement.ts";
import type { Root } from "../../acts/bodies.ts";
import type { State } from "../../acts/state.ts";
import { DeploymentView, routes } from "../../control/contract.ts";
import { parseJson } from "../../proof/canonical.ts";
import { fromBase64 } from "../../proof/encoding.ts";
import { nodePrimitives } from "../../proof/node.ts";
import { Failure } from "../../terms/failure.ts";
import { Digest, PublicKey } from "../../terms/ids.ts";
import { createClient } from "../client.ts";
import type { Context } from "../context.ts";
import { readBounded, readNeeded, replaceFile } from "../files.ts";
import { readProfile, rememberCheckpoint } from "../profile.ts";
import { openSession, replayCache } from "../session.ts";
import type { Base } from "../verb.ts";

export interface Trust {
  readonly firstRoot: Digest;
  readonly log: { readonly origin: string; readonly key: PublicKey };
  readonly gateways: readonly PublicKey[];
  /** Trees seen before: whatever comes must contain them. */
  readonly seen: readonly Seen[];
  /** Where it comes from, in words that are printed with the result. */
  readonly source: string;
  /** Base address of the data plane, as far as it is known. */
  readonly dataPlane: string;
  /** Keeps the tree for the next time. */
  readonly remember: (seen: Seen) => void;
}

export interface TrustOptions {
  readonly trust?: string | undefined;
  /** True when nothing may be asked of any server. */
  readonly offline: boolean;
}

/** Fails with trust_unknown where nobody has said whom to believe. */
export async function trustFor(base: Base, options: TrustOptions, context: Context): Promise<Trust> {
  if (options.trust !== undefined) return fromTrustFile(options.trust, context);
  const path = base.profile ?? context.profile;
  if (path !== undefined) return options.offline ? fromCache(path) : fromSession(base, path, context);
  return fromKnown(base, options, context);
}

/** How to name the server's trust file in a command to run next: where it lies on this machine, else as people got it. */
export function trustFileHere({ codeFile }: Pick<Context, "codeFile">): string {
  const file = join(dirname(codeFile), "trust.json");
  return existsSync(file) ? relative(".", file) : "FILE-YOU-GOT/trust.json";
}

/** `DATA/trust.json`, or a copy of it: the first trust root as its owner signed it. */
const TrustFile = z.object({ root: Digest, envelope: z.string(), demo: z.boolean() });

const trustBytesMax = 262_144;

async function fromTrustFile(path: string, context: Context): Promise<Trust> {
  const root = await rootOfTrustFile(path);
  return {
    firstRoot: root.digest,
    log: root.body.log,
    gateways: root.body.gateways,
    seen: [],
    source: `the trust root in ${path}`,
    dataPlane: context.dataPlane,
    remember: () => undefined,
  };
}

/** The first trust root in a file, checked to be what the file says it is. */
export async function rootOfTrustFile(path: string): Promise<{ readonly digest: Digest; readonly body: Root }> {
  const bytes = readNeeded(path, trustBytesMax);
  const limits = { bytesMax: trustBytesMax, depthMax: 8, code: "configuration_invalid" } as const;
  const file = TrustFile.safeParse(parseJson(bytes, limits));
  const envelope = file.success ? fromBase64(file.data.envelope) : undefined;
  if (!file.success || envelope === undefined) {
    throw new Failure(
      "configuration_invalid",
      `${path} is not a trust.json. It lies in the data folder of the server.`,
    );
  }
  const { digest, predicate } = await openStatement(envelope, nodePrimitives);
  if (digest !== file.data.root || predicate.verb !== "root") {
    throw new Failure("trust_unknown", `${path} holds another statement than the root it names. Get it anew.`);
  }
  return { digest, body: predicate.body };
}

async function fromSession(base: Base, path: string, context: Context): Promise<Trust> {
  const session = await openSession(base, context);
  const seen = { size: session.replica.size(), root: session.replica.root() };
  return fromState(session.state, { path, seen, dataPlane: session.profile.dataPlane });
}

/** Offline, the profile's cache of verified records stands in for the server. */
async function fromCache(path: string): Promise<Trust> {
  const profile = readProfile(path);
  const { replica } = await replayCache({ path, profile });
  if (replica.size() === 0) {
    throw new Failure(
      "trust_unknown",
      `${path} has no ledger beside it. Run any command with it once, or give --trust FILE.`,
    );
  }
  checkLength(profile.checkpoint, replica);
  const seen = { size: replica.size(), root: replica.root() };
  return fromState(replica.state, { path, seen, dataPlane: profile.dataPlane });
}

interface Found {
  readonly path: string;
  readonly seen: Seen;
  readonly dataPlane: string;
}

function fromState(state: State, { path, seen, dataPlane }: Found): Trust {
  const { root, firstRoot } = state;
  if (root === undefined || firstRoot === undefined)
    throw new Failure("trust_unknown", "This ledger has no trust root.");
  return {
    firstRoot,
    log: root.body.log,
    // One that went out since keeps what it signed while it was in: the rules took its intervals then.
    gateways: [...new Set([...root.body.gateways, ...state.intervals.keys()])],
    seen: [seen],
    source: `the root pinned in ${path}`,
    dataPlane,
    remember: (later) => {
      rememberCheckpoint(path, later);
    },
  };
}

const Known = z.strictObject({
  firstRoot: Digest,
  log: z.strictObject({ origin: z.string(), key: PublicKey }),
  gateways: z.array(PublicKey),
  dataPlane: z.string(),
  seen: Seen.nullable(),
});
type Known = z.infer<typeof Known>;
const KnownFile = z.strictObject({ format: z.literal("headgate-known/1"), servers: z.record(z.string(), Known) });
type KnownFile = z.infer<typeof KnownFile>;

const knownBytesMax = 1024 * 1024;

async function fromKnown(base: Base, options: TrustOptions, context: Context): Promise<Trust> {
  const server = (base.server ?? context.server).replace(/\/+$/, "");
  const path = join(context.stateFolder, "known-servers.json");
  const file = readKnown(path);
  const before = file.servers[server];
  const known = before ?? (await firstUse(server, options, context));
  if (before === undefined) writeKnown(path, server, known);
  const pinned = before === undefined ? ", which was pinned just now, on first use" : ", pinned on first use";
  return {
    firstRoot: known.firstRoot,
    log: known.log,
    gateways: known.gateways,
    seen: known.seen === null ? [] : [known.seen],
    source: `the root ${known.firstRoot} of ${server}${pinned}`,
    dataPlane: known.dataPlane,
    remember: (seen) => {
      if ((known.seen?.size ?? 0) < seen.size) writeKnown(path, server, { ...known, seen });
    },
  };
}

/** Believing on first sight is for the server on this machine; any other must be known from elsewhere. */
async function firstUse(server: string, options: TrustOptions, context: Context): Promise<Known> {
  if (options.offline || !isLocal(server)) {
    throw new Failure(
      "trust_unknown",
      "Nobody has said which trust root to believe. Give --trust FILE (the server's trust.json, got on a way you trust) or --profile FILE.",
    );
  }
  const view = await createClient({ server, reader: undefined, now: context.now }).get(
    routes.deployment,
    DeploymentView,
  );
  const { firstRoot, log, gateways, dataPlane } = view;
  if (firstRoot === null) {
    throw new Failure("deployment_uninitialised", "It has no owner yet. Run: headgate init --name NAME --profile FILE");
  }
  return { firstRoot, log, gateways, dataPlane, seen: null };
}

function isLocal(server: string): boolean {
  return ["127.0.0.1", "[::1]", "localhost"].includes(new URL(server).hostname);
}

function readKnown(path: string): KnownFile {
  const found = readBounded(path, knownBytesMax);
  if (found === undefined) return { format: "headgate-known/1", servers: {} };
  const limits = { bytesMax: knownBytesMax, depthMax: 6, code: "configuration_invalid" } as const;
  const parsed = KnownFile.safeParse(parseJson(found.bytes, limits));
  if (parsed.success) return parsed.data;
  throw new Failure(
    "configuration_invalid",
    `${path} is damaged. Move it away; servers are then pinned anew on first use.`,
  );
}

function writeKnown(path: string, server: string, known: Known): void {
  const file = readKnown(path);
  replaceFile(path, `${JSON.stringify({ ...file, servers: { ...file.servers, [server]: known } }, null, 2)}\n`);
}
