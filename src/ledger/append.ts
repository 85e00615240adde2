// One batch into the database: who asked for what, where it goes, and the one transaction that writes it.
import { digestOf, digestOfHash } from "../proof/digest.ts";
import { envelopeBytesMax } from "../proof/envelope.ts";
import { formatLeaf } from "../proof/leaf.ts";
import { leafHash } from "../proof/merkle.ts";
import type { Primitives } from "../proof/primitives.ts";
import type { Database, Transaction } from "../store/database.ts";
import { Failure } from "../terms/failure.ts";
import type { Digest, Instant } from "../terms/ids.ts";
import { edgeRoot, growEdge, type Growth } from "./edge.ts";
import { advanceHead, findAct, readHead, recordEntry, recordTile, type NewEntry } from "./ledger-store.ts";
import type { Live } from "./load.ts";

/** An act to record: its verb, its canonical envelope bytes, and the digest of what was signed. */
export interface NewRecord {
  readonly verb: string;
  readonly envelope: Uint8Array;
  readonly actDigest: Digest;
}

export interface AppendOptions {
  /** Append only if the ledger has exactly this size then: what the caller judged is still the whole state. */
  readonly onlyAtSize?: number | undefined;
  /** More to write in the same transaction, which is then this caller's alone. Runs on a repeat as well. */
  readonly alongside?: ((transaction: Transaction, indexes: readonly number[]) => Promise<void>) | undefined;
}

export interface Appended {
  /** Where each record is, in the order given. */
  readonly indexes: readonly number[];
  /** The first of them. */
  readonly firstIndex: number;
  /** The signed head that covers them. */
  readonly size: number;
  readonly root: Digest;
  readonly checkpoint: string;
}

/** A caller's records on their way in. */
export interface Appending {
  readonly records: readonly NewRecord[];
  readonly options: AppendOptions;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: unknown) => void;
}

export interface Committed {
  readonly growth: Growth;
  readonly root: Digest;
  /** Who is in, and where; those who could not be were told. */
  readonly placed: readonly { readonly appending: Appending; readonly indexes: readonly number[] }[];
}

export interface CommitOptions {
  readonly database: Database;
  readonly primitives: Primitives;
  readonly origin: string;
  /** The latest that was signed, to keep beside the new head. */
  readonly checkpoint: string;
  readonly at: Instant;
}

/** Commits what of the batch is new, in one transaction, on top of `live`; undefined where that is not the head any more. */
export async function commitBatch(
  batch: readonly Appending[],
  live: Live,
  options: CommitOptions,
): Promise<Committed | undefined> {
  return options.database.transaction(async (transaction) => {
    const head = await readHead(transaction);
    if (head?.size !== live.edge.size || head.root !== live.root) return undefined;
    const plan = await planBatch(batch, live.edge.size, { transaction, primitives: options.primitives });
    const growth = growEdge(
      live.edge,
      plan.entries.map((entry) => entry.leafHash),
      options.primitives,
    );
    const root = digestOfHash(await edgeRoot(growth.edge, options.primitives));
    if (plan.entries.length > 0) {
      for (const entry of plan.entries) await recordEntry(transaction, entry);
      for (const { tile, hashes } of growth.tiles) await recordTile(transaction, tile, hashes);
      const { origin, checkpoint, at } = options;
      const next = { origin, size: growth.edge.size, root, checkpoint, at };
      if (!(await advanceHead(transaction, live.edge.size, next))) {
        throw new Failure(
          "store_unavailable",
          "The ledger's head moved inside a transaction: the database does not isolate.",
        );
      }
    }
    for (const { appending, indexes } of plan.placed) await appending.options.alongside?.(transaction, indexes);
    return { growth, root, placed: plan.placed };
  });
}

interface Plan {
  readonly entries: readonly NewEntry[];
  readonly placed: Committed["placed"];
}

interface Planning {
  readonly transaction: Transaction;
  readonly primitives: Primitives;
}

/** Gives each caller its places, one after another, or rejects it and leaves no trace of it. */
async function planBatch(batch: readonly Appending[], size: number, planning: Planning): Promise<Plan> {
  let entries: readonly NewEntry[] = [];
  const placed: { appending: Appending; indexes: readonly number[] }[] = [];
  for (const appending of batch) {
    try {
      const own = await planOne(appending, { size, entries }, planning);
      entries = own.entries;
      placed.push({ appending, indexes: own.indexes });
    } catch (error) {
      // The caller's own fault goes to that caller; the store's ends the batch.
      if (!(error instanceof Failure) || error.code !== "conflict") throw error;
      appending.reject(error);
    }
  }
  return { entries, placed };
}

async function planOne(
  { records, options }: Appending,
  before: { readonly size: number; readonly entries: readonly NewEntry[] },
  { transaction, primitives }: Planning,
): Promise<{ readonly entries: readonly NewEntry[]; readonly indexes: readonly number[] }> {
  const now = before.size + before.entries.length;
  const entries = [...before.entries];
  const indexes: number[] = [];
  for (const record of records) {
    const statement = digestOf(record.envelope, primitives);
    const known = entries.find(({ act }) => act === record.actDigest) ?? (await findAct(transaction, record.actDigest));
    if (known !== undefined && known.statement !== statement) {
      throw new Failure("conflict", `This act is entry ${known.index} of the ledger already, with other signatures.`);
    }
    if (known === undefined) entries.push(newEntry(record, before.size + entries.length, { statement, primitives }));
    indexes.push(known?.index ?? before.size + entries.length - 1);
  }
  const isGrown = entries.length > before.entries.length;
  if (isGrown && options.onlyAtSize !== undefined && options.onlyAtSize !== now) {
    throw new Failure("conflict", `The ledger has ${now} entries by now. Judge again and repeat.`);
  }
  return { entries, indexes };
}

function newEntry(
  { verb, envelope, actDigest }: NewRecord,
  index: number,
  { statement, primitives }: { readonly statement: Digest; readonly primitives: Primitives },
): NewEntry {
  const leaf = formatLeaf(statement, verb);
  return { index, leaf, leafHash: leafHash(leaf, primitives), statement, act: actDigest, envelope };
}

/** Fails with statement_invalid on what never fits, before it waits in a queue. */
export function checkRecords(records: readonly NewRecord[], countMax: number): void {
  if (records.length === 0 || records.length > countMax) {
    throw new Failure("statement_invalid", `Between 1 and ${countMax} acts are appended at a time.`);
  }
  for (const { verb, envelope, actDigest } of records) {
    formatLeaf(actDigest, verb);
    if (envelope.length === 0 || envelope.length > envelopeBytesMax) {
      throw new Failure("statement_invalid", `An envelope is at most ${envelopeBytesMax} bytes long.`);
    }
  }
}
