// A person at work: the profile, and the state this program folded itself from the whole ledger, pinned to the profile's
// root and never behind what the profile saw before. What is signed is made from this state and from local files, never
// from bytes the server chose; every statement names the ledger its signer saw.
import { promisify } from "node:util";
import { gzip as gzipCallback } from "node:zlib";
import { z } from "zod";
import type { BodyOf, Verb } from "../acts/bodies.ts";
import type { Person, State } from "../acts/state.ts";
import { type Act, openStatement, signStatement } from "../acts/statement.ts";
import { BatchView, OpeningsView, type StatementAnswer, routes, unpackedRatioMax } from "../control/contract.ts";
import { pathOf } from "../control/contract-paths.ts";
import {
  type BatchText,
  type Means,
  type Recorded,
  batchOf,
  catchUp,
  checkLength,
  checkRecorded,
  textOf,
} from "../feed/catch-up.ts";
import type { Batch } from "../feed/batch.ts";
import { type Replica, createReplica } from "../feed/replica.ts";
import { type Opening, commit, digestOf } from "../proof/digest.ts";
import { toBase64 } from "../proof/encoding.ts";
import { nodePrimitives, randomBytes, randomId, signerFromSeed } from "../proof/node.ts";
import type { Signer } from "../proof/primitives.ts";
import { Failure, failureCode } from "../terms/failure.ts";
import { type Digest, timestampOf } from "../terms/ids.ts";
import { type Client, createClient } from "./client.ts";
import type { Context } from "./context.ts";
import { readBounded, replaceFile } from "./files.ts";
import { type Profile, readProfile, rememberCheckpoint } from "./profile.ts";
import type { Base } from "./verb.ts";

/** Who calls, before anything was asked of the server. A hold needs no more than this. */
export interface Identity {
  readonly path: string;
  readonly profile: Profile;
  readonly signer: Signer;
  readonly client: Client;
  readonly context: Context;
}

export interface Session extends Identity {
  readonly replica: Replica;
  readonly state: State;
  readonly me: Person;
}

/** What is sent with a statement: texts behind its commitments, content behind its digests. */
export interface Enclosed {
  readonly openings?: readonly Opening[];
  readonly artefacts?: readonly Uint8Array[];
}

export interface Submitted {
  readonly act: Act;
  readonly answer: StatementAnswer;
}

/** Fails with profile_invalid where no profile is named. */
export function identify(base: Base, context: Context): Identity {
  const path = base.profile ?? context.profile;
  if (path === undefined) {
    throw new Failure("profile_invalid", "Say who you are: --profile FILE, or set HEADGATE_PROFILE.");
  }
  const profile = readProfile(path);
  const signer = signerFromSeed(profile.seed);
  const reader = { signer, deployment: profile.deployment };
  const client = createClient({ server: base.server ?? profile.server, reader, now: context.now });
  return { path, profile, signer, client, context };
}

/** Downloads, verifies and folds the ledger. Fails with fork_detected or trust_unknown on another history. */
export async function openSession(base: Base, context: Context): Promise<Session> {
  const identity = identify(base, context);
  const replica = await replay(identity);
  const { state } = replica;
  const id = state.personByKey.get(identity.signer.publicKey);
  const me = id === undefined ? undefined : state.persons.get(id);
  if (me === undefined || me.suspended) {
    throw new Failure(
      "authority_missing",
      "The person of this profile is not admitted here, or was suspended. Ask an owner.",
    );
  }
  return { ...identity, replica, state, me };
}

/** The ledger as the server shows it now, verified; of anybody whom the server lets read. */
export async function replay(identity: Identity): Promise<Replica> {
  return (await replayed(identity)).replica;
}

/** The same with the records that it was folded from, all from the first on. */
export async function replayed(identity: Identity): Promise<Replayed> {
  const { profile, path, client } = identity;
  const cached = await replayCache(identity);
  const replica = cached.replica;
  const batches = [...cached.batches];
  await catchUp(
    replica,
    meansOf(client, (batch) => batches.push(batch)),
  );
  checkLength(profile.checkpoint, replica);
  if (batches.length > cached.batches.length) writeCache(path, batches);
  rememberCheckpoint(path, { size: replica.size(), root: replica.root() });
  return { replica, batches };
}

/**
 * The ledger as the server shows it now, whatever was seen before: from its pinned root, and remembered by nobody. For those who
 * compare it with what they kept.
 */
export async function shownLedger({ client, profile }: Identity): Promise<Replayed> {
  const replica = createReplica({ primitives: nodePrimitives, pin: profile.root, mark: undefined });
  const batches: Batch[] = [];
  await catchUp(
    replica,
    meansOf(client, (batch) => batches.push(batch)),
  );
  return { replica, batches };
}

function meansOf(client: Client, received: (batch: Batch) => void): Means {
  const next = async (from: number): Promise<BatchText> => client.get(`${routes.batch}?from=${from}`, BatchView);
  return { next, primitives: nodePrimitives, received };
}

const Cache = z.object({ format: z.literal("headgate-cache/1"), batches: z.array(BatchView) });
const cacheBytesMax = 256 * 1024 * 1024;

export interface Replayed {
  readonly replica: Replica;
  readonly batches: readonly Batch[];
}

function emptyReplica(profile: Profile): Replica {
  return createReplica({ primitives: nodePrimitives, pin: profile.root, mark: profile.checkpoint ?? undefined });
}

/** The cache saves the download and nothing else: it is verified like what comes over the network, or thrown away. */
export async function replayCache({ path, profile }: Pick<Identity, "path" | "profile">): Promise<Replayed> {
  const replica = emptyReplica(profile);
  try {
    const file = readBounded(`${path}.cache`, cacheBytesMax);
    if (file === undefined) return { replica, batches: [] };
    const batches = Cache.parse(JSON.parse(Buffer.from(file.bytes).toString("utf8"))).batches.map(batchOf);
    for (const batch of batches) await replica.receive(batch);
    return { replica, batches };
  } catch {
    // Whatever is wrong with a cache, the server's answer decides; a replica that folded part of it is not used.
    return { replica: emptyReplica(profile), batches: [] };
  }
}

function writeCache(path: string, batches: readonly Batch[]): void {
  replaceFile(`${path}.cache`, JSON.stringify({ format: "headgate-cache/1", batches: batches.map(textOf) }));
}

/** A statement by this person, naming the ledger they saw: the session's, or the profile's where there is no session. */
export async function signAs<V extends Verb>(who: Identity | Session, verb: V, body: BodyOf<V>): Promise<Uint8Array> {
  const seen = "replica" in who ? { size: who.replica.size(), root: who.replica.root() } : who.profile.checkpoint;
  const draft = {
    deployment: who.profile.deployment,
    verb,
    body,
    nonce: randomId("", 32),
    at: timestampOf(who.context.now()),
    seen,
  };
  return signStatement(draft, [who.signer], nodePrimitives);
}

/** One artefact of more than this is sent packed: that of a long run would be too large as it is. */
const packedFromBytes = 4 * 1024 * 1024;

async function asSent(artefacts: readonly Uint8Array[]): Promise<{ artefacts: string[]; packed?: string }> {
  const large = artefacts.find(({ length }) => length > packedFromBytes);
  const packed = large === undefined ? undefined : await gzip(large, { level: 1 });
  // What packs to next to nothing a server takes for a trap.
  if (large === undefined || packed === undefined || large.length > packed.length * unpackedRatioMax) {
    return { artefacts: artefacts.map(toBase64) };
  }
  return { artefacts: artefacts.filter((one) => one !== large).map(toBase64), packed: toBase64(packed) };
}

const gzip = promisify(gzipCallback);

export async function submit(
  who: Identity | Session,
  envelope: Uint8Array,
  enclosed: Enclosed = {},
): Promise<Submitted> {
  const act = await openStatement(envelope, nodePrimitives);
  const answer = await who.client.submit({
    envelope: toBase64(envelope),
    openings: [...(enclosed.openings ?? [])],
    ...(await asSent(enclosed.artefacts ?? [])),
  });
  if (answer.act !== act.digest) {
    throw new Failure("proof_invalid", "The server answered about another statement than the one it was sent.");
  }
  if (answer.kind === "recorded" && "replica" in who) await rememberOwn(who, { index: answer.index, act: act.digest });
  return { act, answer };
}

/**
 * Fetches, checks and remembers the ledger with one's own statement in it, so that a server put back to an older copy is
 * noticed the next time. A server that has gone away since has recorded it all the same.
 */
async function rememberOwn({ client, path, replica }: Session, recorded: Recorded): Promise<void> {
  try {
    await catchUp(
      replica,
      meansOf(client, () => undefined),
    );
  } catch (error) {
    if (failureCode(error) !== "server_unreachable") throw error;
    return;
  }
  checkRecorded(recorded, replica);
  rememberCheckpoint(path, { size: replica.size(), root: replica.root() });
}

/** The same where no ledger was read first. Says so where the server shows another ledger than before; never fails. */
export async function rememberHead(who: Identity): Promise<void> {
  try {
    await replay({ ...who, profile: readProfile(who.path) });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (error.code !== "server_unreachable") who.context.tell(`headgate: ${error.message}\n`);
  }
}

/** Where a recorded statement stands; a pending one fails with quorum_missing, naming who else must sign. */
export function recordedIndex({ act, answer }: Submitted): number {
  if (answer.kind === "recorded") return answer.index;
  throw new Failure(
    "quorum_missing",
    `Kept until the other signatures come. Ask another person to run: headgate cosign ${act.digest}`,
    { detail: { act: act.digest, needs: answer.needs.join(",") } },
  );
}

/** A text that may one day be erased, and the commitment that a statement carries in its place. */
export function committed(text: string): { readonly opening: Opening; readonly digest: Digest } {
  const opening = { salt: toBase64(randomBytes(32)), text };
  return { opening, digest: commit(opening, nodePrimitives) };
}

/** The content behind a digest, checked against it. */
export async function artefact(who: Pick<Identity, "client">, digest: Digest): Promise<Uint8Array> {
  const bytes = await who.client.bytes(pathOf(routes.artefact, { digest }));
  if (digestOf(bytes, nodePrimitives) === digest) return bytes;
  throw new Failure("proof_invalid", `The server sent other content than ${digest}.`);
}

/** The text behind a commitment, or undefined where it was erased; another text than the committed one is refused. */
export async function openingOf(who: Pick<Identity, "client">, commitment: Digest): Promise<string | undefined> {
  return (await openingsOf(who, [commitment])).get(commitment);
}

/** The same of many, so many a request as fit in its address. */
export async function openingsOf(
  { client }: Pick<Identity, "client">,
  commitments: readonly Digest[],
): Promise<ReadonlyMap<Digest, string>> {
  const texts = new Map<Digest, string>();
  for (let from = 0; from < commitments.length; from += openingsAtOnce) {
    const asked = commitments.slice(from, from + openingsAtOnce);
    const query = asked.map((one) => `commitment=${encodeURIComponent(one)}`).join("&");
    const { openings } = await client.get(`${routes.openings}?${query}`, OpeningsView);
    for (const opening of openings) {
      const commitment = commit(opening, nodePrimitives);
      if (asked.includes(commitment)) texts.set(commitment, opening.text);
    }
  }
  return texts;
}

/** Some 4 KB of an address: a server takes heads of 8 KB. */
const openingsAtOnce = 50;
