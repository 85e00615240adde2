// A verified copy of the ledger and the state folded from it: in the gateway, the CLI, the control plane and offline.
// It starts from a pinned trust root, replays every entry, and accepts a batch only if the tree it makes is the one the
// log's key signed. It trusts signatures, not whoever delivers.
import { foldAct } from "../acts/fold.ts";
import { type State, emptyState } from "../acts/state.ts";
import { type Act, openStatement } from "../acts/statement.ts";
import { openCheckpoint } from "../proof/checkpoint.ts";
import { digestOf, digestOfHash } from "../proof/digest.ts";
import { toUtf8 } from "../proof/encoding.ts";
import { parseLeaf } from "../proof/leaf.ts";
import { type Frontier, appendLeaf, emptyFrontier, frontierRoot, leafHash } from "../proof/merkle.ts";
import type { Primitives } from "../proof/primitives.ts";
import { Failure } from "../terms/failure.ts";
import type { Digest, PublicKey } from "../terms/ids.ts";
import type { Batch, LedgerRecord } from "./batch.ts";

export interface Mark {
  readonly size: number;
  readonly root: Digest;
}

export interface ReplicaOptions {
  readonly primitives: Primitives;
  /** Act digest of the first trust root; without one the first root delivered is taken, and the caller must say so. */
  readonly pin: Digest | undefined;
  /** A tree seen before: the ledger must contain it. */
  readonly mark: Mark | undefined;
}

export interface Replica {
  readonly state: State;
  readonly size: () => number;
  readonly root: () => Digest;
  /** The signed note over the present tree; undefined while the replica is empty. */
  readonly checkpoint: () => string | undefined;
  readonly rootAt: (size: number) => Digest | undefined;
  /**
   * Verifies and folds a batch. A batch that fails changes nothing.
   * Fails with proof_invalid, fork_detected, trust_unknown, signature_invalid or statement_invalid.
   */
  readonly receive: (batch: Batch) => Promise<readonly Act[]>;
}

export function createReplica(options: ReplicaOptions): Replica {
  const { primitives } = options;
  const state = emptyState();
  const roots: Digest[] = [digestOfHash(frontierRoot(emptyFrontier, primitives))];
  let frontier: Frontier = emptyFrontier;
  let checkpoint: string | undefined;
  const rootAt = (size: number): Digest | undefined => roots[size];

  async function receive(batch: Batch): Promise<readonly Act[]> {
    if (batch.from !== frontier.size)
      throw new Failure("proof_invalid", `Entries from ${frontier.size} on are needed next.`);
    const grown = grow(frontier, batch.records, primitives);
    const acts = await Promise.all(batch.records.map((record) => openRecord(record, primitives)));
    await checkTree(batch.checkpoint, logKey(state, acts, options), { grown, primitives });
    checkMark(options.mark, batch.from, grown.roots);
    const known = rootsSoFar(roots, grown);
    for (const [offset, act] of acts.entries()) foldAct(state, act, { index: batch.from + offset, rootAt: known });
    roots.push(...grown.roots);
    frontier = grown.frontier;
    checkpoint = batch.checkpoint;
    return acts;
  }

  return {
    state,
    size: () => frontier.size,
    root: () => roots[roots.length - 1] ?? digestOfHash(frontierRoot(frontier, primitives)),
    checkpoint: () => checkpoint,
    rootAt,
    receive,
  };
}

interface Grown {
  readonly frontier: Frontier;
  /** Root after each record. */
  readonly roots: readonly Digest[];
}

function grow(start: Frontier, records: readonly LedgerRecord[], primitives: Primitives): Grown {
  let frontier = start;
  const roots: Digest[] = [];
  for (const { leaf } of records) {
    frontier = appendLeaf(frontier, leafHash(leaf, primitives), primitives);
    roots.push(digestOfHash(frontierRoot(frontier, primitives)));
  }
  return { frontier, roots };
}

function rootsSoFar(roots: readonly Digest[], grown: Grown): (size: number) => Digest | undefined {
  const before = roots.length;
  return (size) => (size < before ? roots[size] : grown.roots[size - before]);
}

async function openRecord(record: LedgerRecord, primitives: Primitives): Promise<Act> {
  const leaf = parseLeaf(record.leaf);
  if (digestOf(record.envelope, primitives) !== leaf.statement) {
    throw new Failure("proof_invalid", "A ledger entry does not name the statement delivered with it.");
  }
  const act = await openStatement(record.envelope, primitives);
  if (act.predicate.verb !== leaf.verb)
    throw new Failure("proof_invalid", "A ledger entry names another verb than its statement.");
  return act;
}

/** The key that must have signed the checkpoint: the log key of the root in force, or of the pinned first root. */
function logKey(
  state: State,
  acts: readonly Act[],
  options: ReplicaOptions,
): { readonly origin: string; readonly key: PublicKey } {
  if (state.root !== undefined) return state.root.body.log;
  const [first] = acts;
  if (first === undefined || first.predicate.verb !== "root")
    throw new Failure("trust_unknown", "The ledger does not begin with a trust root.");
  if (options.pin !== undefined && first.digest !== options.pin) {
    throw new Failure("trust_unknown", "This ledger begins with another trust root than the one pinned here.");
  }
  return first.predicate.body.log;
}

async function checkTree(
  note: string,
  log: { readonly origin: string; readonly key: PublicKey },
  { grown, primitives }: { readonly grown: Grown; readonly primitives: Primitives },
): Promise<void> {
  const checkpoint = await openCheckpoint(toUtf8(note), { name: log.origin, publicKey: log.key }, primitives);
  const root = grown.roots[grown.roots.length - 1];
  if (checkpoint.size !== grown.frontier.size || digestOfHash(checkpoint.root) !== root) {
    throw new Failure("proof_invalid", "These entries do not make the tree that the log's key signed.");
  }
}

function checkMark(mark: Mark | undefined, from: number, roots: readonly Digest[]): void {
  if (mark === undefined || mark.size <= from || mark.size > from + roots.length) return;
  if (roots[mark.size - from - 1] !== mark.root) {
    throw new Failure(
      "fork_detected",
      `This ledger differs from the one seen here before at size ${mark.size}. Do not serve from it.`,
    );
  }
}
