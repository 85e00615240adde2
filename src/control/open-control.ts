// The control plane, composed: database, ledger, fold, writer, feeds, routes. Starting replays the whole ledger from the
// pinned root; whatever does not fit what was pinned, marked or signed refuses to start.
import type { Hono } from "hono";
import type { State } from "../acts/state.ts";
import { judgeAct } from "../acts/fold.ts";
import { type Act, openStatement } from "../acts/statement.ts";
import { readArtefact } from "../evidence/artefact-store.ts";
import { receiptsUnder } from "../evidence/receipt-store.ts";
import type { Feed } from "../feed/feed.ts";
import { type Replica, createReplica } from "../feed/replica.ts";
import { readHead } from "../ledger/ledger-store.ts";
import { openLedger } from "../ledger/ledger.ts";
import { signerIdOf } from "../proof/digest.ts";
import { toHex } from "../proof/encoding.ts";
import type { Primitives } from "../proof/primitives.ts";
import { type ProbeReader, openProbeReader } from "../release/probed.ts";
import type { Records } from "../release/records.ts";
import type { Database } from "../store/database.ts";
import { breathe } from "../store/breathe.ts";
import { migrate } from "../store/migrations.ts";
import { schema } from "../store/schema.ts";
import { Failure } from "../terms/failure.ts";
import { DeploymentId, type Digest, type PublicKey, type ReviewId } from "../terms/ids.ts";
import { type Content, noContent } from "./content.ts";
import type { StatementAnswer } from "./contract.ts";
import { examine } from "./examine.ts";
import { openRunDesk } from "./evidence/run-desk.ts";
import { createFeedServer } from "./feed-server.ts";
import {
  type Code,
  type Here,
  type TrustFile,
  countersignRoot,
  createCode,
  readTrustFile,
  trustOf,
  trustedEnvelope,
  writeTrustFile,
} from "./initialise.ts";
import { gatewaysHere } from "./gateways-here.ts";
import { type Watched, createHoldWatch } from "./hold-watch.ts";
import { keptItems } from "./kept-items.ts";
import { createLedgerIndex } from "./ledger-index.ts";
import { publicFiles } from "./public-files.ts";
import { type ReviewDesk, openReviewDesk } from "./review-desk.ts";
import { type StoredReview, findReview } from "./review-store.ts";
import { type Rejudging, openRejudging } from "./rejudging.ts";
import { createApp } from "./routes.ts";
import type { ControlOptions, Core } from "./core.ts";
import { openSessionDesk } from "./session-desk.ts";
import { type Webhooks, openWebhooks } from "./webhooks/webhooks.ts";
import { type WatchDesk, openWatchDesk, readWatch } from "./watch-desk.ts";
import { watchDatabase } from "./watched-database.ts";
import { Writer, loosens } from "./writer.ts";

export interface Control {
  readonly deployment: DeploymentId;
  readonly origin: string;
  /** Name of the one-time code's file while nobody owns the deployment. */
  readonly codeFile: () => string | undefined;
  readonly state: State;
  /** How far the ledger goes, as this process folded it. */
  readonly head: () => { readonly size: number; readonly root: Digest };
  /** The feed of the embedded gateway. */
  readonly feed: Feed;
  /** A feed for one more gateway, which is forgotten when the signal aborts. */
  readonly connect: (gone?: AbortSignal, gateway?: PublicKey) => Feed;
  readonly app: Hono;
  /** How many requests wait for a person, and since when the first. */
  readonly waitingReviews: ReviewDesk["waiting"];
  /** Who is told of what happens here, and how far each is behind. */
  readonly webhooks: Webhooks["view"];
  /** What is certified and open, as it was judged again last. */
  readonly rejudged: Rejudging["all"];
  /** How the watches over stages that open by steps stand. */
  readonly watches: WatchDesk["views"];
  /** Judges, records and folds a statement; after one that opens something, waits for the gateways. */
  readonly record: (envelope: Uint8Array, content?: Content) => Promise<StatementAnswer>;
  /** After what has begun. */
  readonly close: () => Promise<void>;
}

/**
 * Opens the control plane. Fails with what the store and ledger fail with, and with trust_unknown, mark_ahead,
 * fork_detected or configuration_invalid where the ledger is not the one pinned, marked or keyed here.
 */
export async function openControl(options: ControlOptions): Promise<Control> {
  const { primitives, clock, signers, mark } = options;
  const database = watchDatabase(options.database);
  await migrate(database, schema);
  const here = hereOf(options);
  const trust = readTrustFile(options.paths.trustFile);
  checkPin(trust, options);
  const ledger = await openLedger({ database, primitives, signer: signers.log, origin: here.origin, clock, mark });
  if (trust === undefined && ledger.head().size > 0) {
    throw new Failure(
      "trust_unknown",
      "The ledger has entries and the trust file is gone. Restore trust.json from a copy.",
    );
  }
  const replica = createReplica({ primitives, pin: trust?.root, mark });
  const records = recordsOf(database, primitives);
  const index = createLedgerIndex({ hasher: primitives, seeds: seedsFrom(options.random(8)) });
  const probes = openProbeReader(records, replica);
  const writer = writerOf(options, { database, ledger, replica, records, index, probes });
  await writer.catchUp();
  if (trust !== undefined && replica.size() === 0) {
    await writer.record(await trustedEnvelope(trust, primitives), noContent);
  }
  checkKeys(replica.state, options);
  // Last, because it keeps time: what fails before leaves nothing behind that would keep the process from ending.
  const reviews = openReviewDesk({ ...options, database, replica, writer, control: signers.control });
  const signing = { ...options, control: signers.control, deployment: here.deployment };
  const watch = openWatchDesk({ ...signing, database, replica, probes, writer });
  try {
    await reviews.sweep();
    const webhooks = await openWebhooks({
      ...options,
      endpoints: options.endpoints ?? [],
      deployment: here.deployment,
      database,
      ledger,
      replica,
      chance: Math.random,
    });
    const rejudging = openRejudging({ ...signing, replica, records, writer });
    return compose(options, {
      here,
      database,
      ledger,
      replica,
      index,
      records,
      writer,
      reviews,
      watch,
      webhooks,
      rejudging,
    });
  } catch (error) {
    await watch.close();
    await reviews.close();
    throw error;
  }
}

type Parts = Pick<
  Core,
  | "here"
  | "database"
  | "ledger"
  | "replica"
  | "index"
  | "records"
  | "writer"
  | "reviews"
  | "watch"
  | "webhooks"
  | "rejudging"
>;

function compose(options: ControlOptions, parts: Parts): Control {
  const { replica, writer, ledger, database, records, here, reviews, watch, webhooks, rejudging } = parts;
  const { primitives, clock, signers } = options;
  const publicFile = publicFiles({ database, ledger, records, hasher: primitives, state: replica.state, clock });
  const feeds = createFeedServer({
    database,
    primitives,
    replica,
    writer,
    ledger,
    reviews,
    clock,
    control: signers.control,
    nonce: () => toHex(options.random(16)),
    checkStore: async () => checkStore(parts),
    publicFile,
  });
  const holdWatch = createHoldWatch({
    state: replica.state,
    gateways: () => gatewaysHere({ replica, feeds, options }),
    running: options.running,
  });
  const submit = submitOf({ replica, writer, primitives, feeds, holdWatch });
  let code: Code | undefined;
  if (replica.state.root === undefined) code = createCode(options.paths.codeFile, options.random);
  const core: Core = {
    ...parts,
    runs: openRunDesk(records),
    options,
    feeds,
    holdWatch,
    publicFile,
    sessions: openSessionDesk({ ...options, database, replica }),
    submit,
    initialise: async (envelope, given, content) => {
      if (code === undefined) throw new Failure("conflict", "This deployment has an owner already. Ask to be invited.");
      code.check(given);
      const signed = await countersignRoot(envelope, here);
      const act = await openStatement(signed, primitives);
      if (!isRoot(act)) throw new Failure("statement_invalid", "The first statement is a trust root.");
      await writer.tryOut(signed, content);
      writeTrustFile(options.paths.trustFile, trustOf(act, signed));
      const answer = await submit(signed, content);
      code.remove();
      code = undefined;
      return answer;
    },
  };
  return {
    deployment: here.deployment,
    origin: here.origin,
    codeFile: () => (code === undefined ? undefined : options.paths.codeFile),
    state: replica.state,
    head: () => ({ size: replica.size(), root: replica.root() }),
    feed: feeds.connect(undefined, signers.gateways[0]?.publicKey),
    connect: feeds.connect,
    app: createApp(core),
    waitingReviews: reviews.waiting,
    webhooks: webhooks.view,
    rejudged: rejudging.all,
    watches: watch.views,
    record: async (envelope, content = noContent) => submit(envelope, content),
    close: async () => closeAll(core),
  };
}

async function closeAll({
  feeds,
  holdWatch,
  rejudging,
  webhooks,
  watch,
  reviews,
  writer,
  ledger,
  runs,
}: Core): Promise<void> {
  feeds.close();
  await Promise.all([holdWatch.close(), rejudging.close(), webhooks.close(), watch.close(), runs.close()]);
  await reviews.close();
  await writer.idle();
  await ledger.close();
}

/** Records a statement; after one that opens something, waits for the gateways. What a hold takes is measured on the way. */
function submitOf(judging: Judging & Pick<Core, "holdWatch">): Core["submit"] {
  const { writer, feeds } = judging;
  return async (envelope, content) => {
    const watched = await watchIfHold(judging, envelope);
    const recorded = await writer.record(envelope, content).catch(async (error: unknown) => {
      const isTold = await tellIfHold(judging, envelope);
      if (isTold) watched?.placed(null);
      else watched?.refused();
      throw error;
    });
    const { act } = recorded;
    if (recorded.kind === "pending") return { kind: "pending", act: act.digest, needs: [...recorded.needs] };
    watched?.placed(recorded.index);
    const behind = loosens(act) ? await feeds.followed(recorded.index + 1) : 0;
    return { kind: "recorded", act: act.digest, index: recorded.index, size: recorded.size, behind };
  };
}

interface Judging extends Pick<Core, "replica" | "writer" | "feeds"> {
  readonly primitives: ControlOptions["primitives"];
}

/** A hold that the store did not take, but the rules do: the gateways are told, and hand it over when it is back. */
async function tellIfHold({ replica, writer, primitives, feeds }: Judging, envelope: Uint8Array): Promise<boolean> {
  const act = await openStatement(envelope, primitives).catch(() => undefined);
  if (act?.predicate.verb !== "hold" && act?.predicate.verb !== "restriction") return false;
  const isTold = isAdmitted(replica, act);
  if (isTold && writer.indexOf(act.digest) === undefined) feeds.tell(act.digest, envelope);
  return isTold;
}

/** What it takes is measured from here on. Of what the rules refuse, or have, nothing is measured: anybody can send it. */
async function watchIfHold(
  { holdWatch, primitives, replica, writer }: Judging & Pick<Core, "holdWatch">,
  envelope: Uint8Array,
): Promise<Watched | undefined> {
  const act = await openStatement(envelope, primitives).catch(() => undefined);
  if (act?.predicate.verb !== "hold" || writer.indexOf(act.digest) !== undefined) return undefined;
  return isAdmitted(replica, act) ? holdWatch.begin(act.predicate.body) : undefined;
}

function isAdmitted(replica: Replica, act: Act): boolean {
  const place = { index: replica.size(), rootAt: replica.rootAt };
  return judgeAct(replica.state, act, place).kind !== "refused";
}

/** The deployment is named by its log key, so that its name is the same before and after it begins. */
function hereOf({ signers, demo, primitives }: ControlOptions): Here {
  const name = signerIdOf(signers.log.publicKey, primitives).slice("signer_".length, "signer_".length + 16);
  const deployment = DeploymentId.parse(`dep_${name}`);
  return { deployment, origin: `headgate/${deployment}`, demo, ...signers, primitives };
}

function checkPin(trust: TrustFile | undefined, { pin, demo }: ControlOptions): void {
  if (trust === undefined) return;
  if (pin !== undefined && pin !== trust.root) {
    throw new Failure("trust_unknown", "The trust file names another first root than the one pinned for this server.");
  }
  if (trust.demo !== demo) {
    throw new Failure(
      "configuration_invalid",
      "This data folder belongs to a demo, or the demo was pointed at a real one.",
    );
  }
}

/** The root in force names this server's keys, or the server could sign nothing that anybody accepts. */
function checkKeys({ root }: State, { signers }: ControlOptions): void {
  if (root === undefined) return;
  const { log, control } = root.body;
  if (log.key === signers.log.publicKey && control === signers.control.publicKey) return;
  throw new Failure(
    "configuration_invalid",
    "The server keys here are not those of the trust root. Restore the keys folder.",
  );
}

function recordsOf(database: Database, primitives: Primitives): Records {
  return {
    primitives,
    artefact: async (digest) => readArtefact(database, digest, primitives),
    receipts: async (permit) => receiptsUnder(database, permit),
    pause: breathe,
    items: keptItems(),
  };
}

interface Writing extends Pick<Core, "database" | "ledger" | "replica" | "records" | "index"> {
  readonly probes: ProbeReader;
}

function writerOf(options: ControlOptions, { probes, ...parts }: Writing): Writer {
  const { primitives, clock } = options;
  const { replica, records, database, index } = parts;
  const review = async (id: ReviewId): Promise<StoredReview | undefined> => findReview(database, id);
  return new Writer({
    ...parts,
    primitives,
    clock,
    folded: (place, act) => {
      index.add(place, act, replica.state);
    },
    examine: async (act, content) => {
      const withSent: Records = {
        ...records,
        artefact: async (digest) => content.artefacts.get(digest) ?? records.artefact(digest),
      };
      await examine(act, {
        state: replica.state,
        records: withSent,
        index: replica.size(),
        at: clock(),
        review,
        watch: async (model) => readWatch({ database, replica, probes, clock }, model),
      });
    },
  });
}

function seedsFrom(random: Uint8Array): readonly [number, number] {
  const view = new DataView(random.buffer, random.byteOffset, random.byteLength);
  return [view.getUint32(0), view.getUint32(4)];
}

function isRoot(act: Act): act is Act<"root"> {
  return act.predicate.verb === "root";
}

/** Fails unless the store takes writes and holds the very ledger that was folded: else no lease is given. */
async function checkStore({ database, replica, writer }: Parts): Promise<void> {
  if (database.isDoubtful()) {
    await database.transaction(async (transaction) =>
      transaction.query("UPDATE ledger_head SET size = size WHERE one = 1"),
    );
    await writer.catchUp();
  }
  const head = await readHead(database);
  if (head?.size === replica.size() && head.root === replica.root()) return;
  if (head !== undefined && head.size > replica.size()) {
    // An append that was cut off behind its commit, as by a read that failed: nothing is served on it until a start has mended it.
    throw new Failure(
      "store_unavailable",
      "The store holds an entry that was not folded: an append did not come to its end. Start the control plane again.",
    );
  }
  throw new Failure(
    "fork_detected",
    "The store no longer holds the ledger that was folded from it. Stop and look at it.",
  );
}
