// The one writer of the ledger. A statement is judged on this control plane's own fold, appended together with its content
// in one transaction, then folded; one after another. After a write that failed nobody knows what the store holds: no lease
// is given until the fold has caught up with it, and every gateway closes.
import { authority, gathersSignatures } from "../acts/authority.ts";
import { ageMinutesMax, judgeAct } from "../acts/fold.ts";
import type { Refusal } from "../acts/rule.ts";
import { type Act, openStatement } from "../acts/statement.ts";
import { keepArtefact } from "../evidence/artefact-store.ts";
import { batchRecordsMax } from "../feed/batch.ts";
import type { Replica } from "../feed/replica.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { type Envelope, envelopeBytes, parseEnvelope } from "../proof/envelope.ts";
import type { Primitives } from "../proof/primitives.ts";
import type { Database, Transaction } from "../store/database.ts";
import { Failure } from "../terms/failure.ts";
import { type Digest, Instant } from "../terms/ids.ts";
import { type Content, checkContent } from "./content.ts";
import { keepOpening } from "./opening-store.ts";
import {
  type Pending,
  dropPending,
  dropPendingBefore,
  findPending,
  keepPending,
  listPending,
  pendingMax,
} from "./pending-store.ts";

export interface WriterOptions {
  readonly database: Database;
  readonly ledger: Ledger;
  readonly replica: Replica;
  readonly primitives: Primitives;
  readonly clock: () => Instant;
  /** Told of each act that was folded, in their order. */
  readonly folded: (index: number, act: Act) => void;
  /** Checks what a statement says about its content; throws a Failure. */
  readonly examine: (act: Act, content: Content) => Promise<void>;
}

export type Recorded =
  | { readonly kind: "recorded"; readonly act: Act; readonly index: number; readonly size: number }
  | { readonly kind: "pending"; readonly act: Act; readonly needs: readonly string[] };

/** More rows to write in the transaction that appends, told the index. */
export type Alongside = (transaction: Transaction, index: number) => Promise<void>;

export interface PendingAct {
  readonly act: Act;
  readonly envelope: Uint8Array;
  readonly at: Instant;
  readonly needs: readonly string[];
}

interface Given {
  readonly act: Act;
  readonly envelope: Uint8Array;
  readonly content: Content;
}

/** Statements waiting for their turn. */
const waitingMax = 1024;

/** Statements that one person has waiting for the signatures of others, so that nobody fills the room of all. */
const pendingOfOneMax = 32;

export class Writer {
  readonly #options: WriterOptions;
  readonly #indices = new Map<Digest, number>();
  readonly #listeners: (() => void)[] = [];
  #turn: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** Fails with the rules' code, with what `examine` says, or with the store's. Idempotent by act. */
  async record(envelope: Uint8Array, content: Content, alongside?: Alongside): Promise<Recorded> {
    return this.#inTurn(async () => this.#write(envelope, content, alongside));
  }

  /** Fails as `record` would, and records nothing. */
  async tryOut(envelope: Uint8Array, content: Content): Promise<void> {
    await this.#inTurn(async () => {
      const act = await openStatement(envelope, this.#options.primitives);
      checkContent(act, content);
      const refusal = judged(this.#options, act);
      if (refusal !== undefined) throw failureOf(refusal);
      await this.#options.examine(act, content);
    });
  }

  /** Folds what the ledger holds and the fold does not: at start, and after a write that failed. */
  async catchUp(): Promise<void> {
    await this.#inTurn(async () => this.#fold());
  }

  /** Called after each append, when the fold has it. */
  onAppend(listener: () => void): void {
    this.#listeners.push(listener);
  }

  indexOf(act: Digest): number | undefined {
    return this.#indices.get(act);
  }

  /** Pending statements with what they still need; those that the rules no longer admit are left out. */
  async pending(): Promise<readonly PendingAct[]> {
    const kept = await listPending(this.#options.database);
    const seen = await Promise.all(kept.map(async (one) => pendingAct(one, this.#options)));
    return seen.filter((one) => one !== undefined);
  }

  /** After what has begun or waits. */
  async idle(): Promise<void> {
    await this.#turn;
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting >= waitingMax) {
      throw new Failure("store_unavailable", "Too many statements wait. Try again shortly.");
    }
    this.#waiting += 1;
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => undefined);
    try {
      return await mine;
    } finally {
      this.#waiting -= 1;
    }
  }

  async #write(given: Uint8Array, content: Content, alongside: Alongside | undefined): Promise<Recorded> {
    const { database, replica, primitives } = this.#options;
    await this.#fold();
    const opened = await openStatement(given, primitives);
    const known = this.#indices.get(opened.digest);
    if (known !== undefined) return { kind: "recorded", act: opened, index: known, size: replica.size() };
    checkContent(opened, content);
    const envelope = await merged(given, opened, database);
    const act = envelope === given ? opened : await openStatement(envelope, primitives);
    const refusal = judged(this.#options, act);
    if (refusal !== undefined) return this.#wait(refusal, { act, envelope, content });
    await this.#options.examine(act, content);
    return this.#append({ act, envelope, content }, alongside);
  }

  async #append({ act, envelope, content }: Given, alongside: Alongside | undefined): Promise<Recorded> {
    const { ledger, replica } = this.#options;
    const index = replica.size();
    await ledger.append([{ verb: act.predicate.verb, envelope, actDigest: act.digest }], {
      onlyAtSize: index,
      alongside: async (transaction) => {
        await keepContent(transaction, content);
        await dropPending(transaction, act.digest);
        await alongside?.(transaction, index);
      },
    });
    await this.#fold();
    return { kind: "recorded", act, index, size: replica.size() };
  }

  async #fold(): Promise<void> {
    const { ledger, replica, folded } = this.#options;
    const before = replica.size();
    while (replica.size() < ledger.head().size) {
      const from = replica.size();
      const records = await ledger.entries(from, batchRecordsMax);
      const checkpoint = await ledger.checkpointAt(from + records.length);
      const acts = await replica.receive({ from, records, checkpoint });
      for (const [offset, act] of acts.entries()) {
        this.#indices.set(act.digest, from + offset);
        folded(from + offset, act);
      }
    }
    if (replica.size() > before) for (const listener of this.#listeners) listener();
  }

  /** Keeps a statement that lacks only signatures; anything else the rules refuse is a failure. */
  async #wait(refusal: Refusal, { act, envelope, content }: Given): Promise<Recorded> {
    const { database, replica, clock } = this.#options;
    const isKept = canWait(refusal, act) && act.signers.some((signer) => isActive(replica, signer));
    if (!isKept) throw failureOf(refusal);
    const at = clock();
    await database.transaction(async (transaction) => {
      await dropPendingBefore(transaction, Instant.parse(Math.max(0, at - ageMinutesMax.together * 60_000)));
    });
    const waiting = await listPending(database);
    if (!waiting.some((other) => other.act === act.digest)) checkRoom(waiting, act.signers);
    await database.transaction(async (transaction) => {
      await keepContent(transaction, content);
      await keepPending(transaction, { act: act.digest, envelope, at });
    });
    return { kind: "pending", act, needs: refusal.needs };
  }
}

function judged({ replica, clock }: WriterOptions, act: Act): Refusal | undefined {
  const place = { index: replica.size(), rootAt: replica.rootAt, now: clock() };
  const answer = judgeAct(replica.state, act, place);
  return answer.kind === "refused" ? answer : undefined;
}

function canWait(refusal: Refusal, act: Act): boolean {
  return refusal.code === "quorum_missing" && refusal.needs.length > 0 && gathersSignatures(act.predicate);
}

/** Fails with store_unavailable where as many statements wait as may, in all or with the signature of one of these. */
function checkRoom(waiting: readonly Pending[], signers: Act["signers"]): void {
  if (waiting.length >= pendingMax) {
    throw new Failure("store_unavailable", "Too many statements wait for signatures. Have some of them signed.");
  }
  const signed = waiting.flatMap((pending) => signersOf(pending));
  const isFull = signers.some((signer) => signed.filter((other) => other === signer).length >= pendingOfOneMax);
  if (!isFull) return;
  throw new Failure(
    "store_unavailable",
    `${pendingOfOneMax} statements with your signature wait for other signatures already. Have some of them signed.`,
  );
}

/** Nobody, where somebody edited the row: it waits for nothing, and keeps nobody from signing. */
function signersOf({ envelope }: Pending): Act["signers"] {
  try {
    return parseEnvelope(envelope).signatures.map(({ keyid }) => keyid);
  } catch {
    return [];
  }
}

function isActive(replica: Replica, signer: Act["signers"][number]): boolean {
  const person = replica.state.personByKey.get(signer);
  return person !== undefined && replica.state.persons.get(person)?.suspended === false;
}

/** The rules' refusal as what the control plane answers. */
function failureOf(refusal: Refusal): Failure {
  const detail = refusal.needs.length === 0 ? {} : { needs: refusal.needs.join(",") };
  return new Failure(refusal.code, refusal.why, { detail });
}

/** The envelope with the signatures that were kept for the same payload before. */
async function merged(given: Uint8Array, act: Act, database: Database): Promise<Uint8Array> {
  const kept = gathersSignatures(act.predicate) ? await findPending(database, act.digest) : undefined;
  if (kept === undefined) return given;
  const [one, other] = [parseEnvelope(given), parseEnvelope(kept.envelope)];
  if (one.payload !== other.payload || one.payloadType !== other.payloadType) return given;
  return envelopeBytes(united(one, other));
}

function united(one: Envelope, other: Envelope): Envelope {
  const keys = new Set(one.signatures.map(({ keyid }) => keyid));
  const added = other.signatures.filter(({ keyid }) => !keys.has(keyid));
  return { ...one, signatures: [...one.signatures, ...added] };
}

async function keepContent(transaction: Transaction, content: Content): Promise<void> {
  for (const [digest, bytes] of content.artefacts) await keepArtefact(transaction, digest, bytes);
  for (const [commitment, opening] of content.openings) await keepOpening(transaction, commitment, opening);
}

async function pendingAct(kept: Pending, options: WriterOptions): Promise<PendingAct | undefined> {
  try {
    const act = await openStatement(kept.envelope, options.primitives);
    const refusal = judged(options, act);
    if (act.digest !== kept.act || refusal === undefined || !canWait(refusal, act)) return undefined;
    return { act, envelope: kept.envelope, at: kept.at, needs: refusal.needs };
  } catch {
    // A row that somebody edited is no statement; it is left out.
    return undefined;
  }
}

/** Whether the act opens something: then its answer waits for the gateways. */
export function loosens(act: Act): boolean {
  return authority[act.predicate.verb].loosens;
}
