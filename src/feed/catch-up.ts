// How somebody who pinned a root brings a replica up to date from a server that they need not trust: takes what it has beyond,
// until it says, under the log's signature, that this is all; and refuses a fork, and a ledger shorter than the one seen before.
// The same for the CLI's profile and for a browser.
import type { Seen } from "../acts/statement.ts";
import { openCheckpoint } from "../proof/checkpoint.ts";
import { digestOfHash } from "../proof/digest.ts";
import { fromBase64, toBase64, toUtf8 } from "../proof/encoding.ts";
import type { Primitives } from "../proof/primitives.ts";
import { Failure, failureCode } from "../terms/failure.ts";
import type { Digest } from "../terms/ids.ts";
import type { Batch } from "./batch.ts";
import type { Replica } from "./replica.ts";

/** A batch as the contract writes it. */
export interface BatchText {
  readonly from: number;
  readonly records: readonly { readonly leaf: string; readonly envelope: string }[];
  readonly checkpoint: string;
}

export interface Means {
  /** The server's records from an index on. Fails with not_found where it has fewer. */
  readonly next: (from: number) => Promise<BatchText>;
  readonly primitives: Primitives;
  readonly received: (batch: Batch) => void;
}

/** Fails with what `Replica.receive` fails with, and with fork_detected or proof_invalid where the server contradicts itself. */
export async function catchUp(replica: Replica, { next, primitives, received }: Means): Promise<void> {
  let batch = await nextBatch(next, replica.size());
  for (; batch.records.length > 0; batch = await nextBatch(next, replica.size())) {
    await replica.receive(batch);
    received(batch);
  }
  await checkHead(batch.checkpoint, replica, primitives);
}

async function nextBatch(next: Means["next"], from: number): Promise<Batch> {
  try {
    return batchOf(await next(from));
  } catch (cause) {
    if (failureCode(cause) !== "not_found" || from === 0) throw cause;
    const message = `You have seen ${from} entries of this ledger, and its server has fewer. Someone cut it or shows you an old copy; do not go on.`;
    throw new Failure("fork_detected", message, { cause, detail: { seen: from } });
  }
}

/** An answer without new records is about the very tree that is here: another one of the same size is another history. */
async function checkHead(note: string, replica: Replica, primitives: Primitives): Promise<void> {
  const log = replica.state.root?.body.log;
  if (log === undefined || note === replica.checkpoint()) return;
  const head = await openCheckpoint(toUtf8(note), { name: log.origin, publicKey: log.key }, primitives);
  if (head.size === replica.size() && digestOfHash(head.root) === replica.root()) return;
  if (head.size > replica.size()) {
    throw new Failure("proof_invalid", "The server signs a longer ledger than it shows. Ask again; do not rely on it.");
  }
  throw new Failure(
    "fork_detected",
    `The server signs another ledger of ${head.size} entries than the one of ${replica.size()} that you have seen; do not go on.`,
    { detail: { size: head.size, seen: replica.size() } },
  );
}

/** A ledger shorter than the one seen before is another history, however well it is signed. */
export function checkLength(mark: Seen | null, replica: Replica): void {
  if (mark === null || replica.size() >= mark.size) return;
  throw new Failure(
    "fork_detected",
    `This ledger has ${replica.size()} entries, and you have seen ${mark.size}. Someone cut it or shows you an old copy; do not go on.`,
    { detail: { size: replica.size(), seen: mark.size } },
  );
}

/** What a server says it recorded. */
export interface Recorded {
  readonly index: number;
  readonly act: Digest;
}

/** One's own statement is in the ledger, as the server says, and not only an entry of that number. */
export function checkRecorded({ index, act }: Recorded, replica: Replica): void {
  if (replica.size() > index && replica.state.acts.has(act)) return;
  const message = `The server says it recorded this as entry ${index}, and it is not among the ${replica.size()} entries that it shows. Do not rely on it.`;
  throw new Failure("fork_detected", message, { detail: { size: replica.size(), index } });
}

/** The bytes of a batch as the contract writes it. */
export function batchOf(view: BatchText): Batch {
  const records = view.records.map(({ leaf, envelope }) => ({ leaf: bytesOf(leaf), envelope: bytesOf(envelope) }));
  return { from: view.from, records, checkpoint: view.checkpoint };
}

/** A batch as the contract writes it. */
export function textOf({ from, records, checkpoint }: Batch): BatchText {
  return {
    from,
    records: records.map(({ leaf, envelope }) => ({ leaf: toBase64(leaf), envelope: toBase64(envelope) })),
    checkpoint,
  };
}

export function bytesOf(base64: string): Uint8Array {
  const bytes = fromBase64(base64);
  if (bytes === undefined) throw new Failure("proof_invalid", "The server sent something that is not base64.");
  return bytes;
}
