// The ledger as this browser verified it: from the pinned root, never behind what it saw, each batch kept so that the next time
// only what is new is downloaded. A kept batch is verified like a downloaded one. Runs in the worker.
import { z } from "zod";
import { BatchView, routes } from "../../src/control/contract.ts";
import {
  type BatchText,
  type Recorded,
  batchOf,
  catchUp,
  checkLength,
  checkRecorded,
  textOf,
} from "../../src/feed/catch-up.ts";
import { type Batch, batchRecordsMax } from "../../src/feed/batch.ts";
import { type Replica, createReplica } from "../../src/feed/replica.ts";
import { browserPrimitives } from "../../src/proof/browser.ts";
import type { DeploymentId } from "../../src/terms/ids.ts";
import { ask } from "../app/server.ts";
import { batchesOf, forget, keep, listKept } from "./database.ts";
import { type Trust, rememberSeen } from "./trust.ts";

/** Characters of all batches that are kept for one deployment; a longer ledger is downloaded from there on each time. */
const keptCharsMax = 256 * 1024 * 1024;

const Kept = BatchView.extend({ deployment: z.string() });

export interface Ledger {
  readonly replica: Replica;
  /** Takes what is new; `recorded`: one's own statement, which must be in it. */
  readonly bring: (progress: (entries: number) => void, recorded?: Recorded) => Promise<void>;
}

export async function openLedger(trust: Trust, progress: (entries: number) => void): Promise<Ledger> {
  const { deployment, checkpoint } = trust;
  const { replica, last, chars } = await replayed(trust, progress);
  const kept = { last, chars };

  async function bring(tell: (entries: number) => void, recorded?: Recorded): Promise<void> {
    const arrived: Batch[] = [];
    await catchUp(replica, {
      // Looking for what is new is nobody's being here; waiting for one's own act is.
      next: async (from) => ask(`${routes.batch}?from=${from}`, BatchView, { isBackground: recorded === undefined }),
      primitives: browserPrimitives,
      received: (batch) => {
        arrived.push(batch);
        tell(replica.size());
      },
    });
    checkLength(checkpoint, replica);
    if (recorded !== undefined) checkRecorded(recorded, replica);
    for (const batch of arrived) await keepBatch(deployment, batch, kept);
    await rememberSeen(deployment, { size: replica.size(), root: replica.root() });
  }

  return { replica, bring };
}

interface Replayed {
  readonly replica: Replica;
  readonly last: BatchText | undefined;
  readonly chars: number;
}

function emptyReplica({ root, checkpoint }: Trust): Replica {
  return createReplica({ primitives: browserPrimitives, pin: root, mark: checkpoint ?? undefined });
}

async function replayed(trust: Trust, progress: (entries: number) => void): Promise<Replayed> {
  const replica = emptyReplica(trust);
  try {
    const batches = await listKept("batches", batchesOf(trust.deployment), Kept);
    for (const batch of batches) {
      await replica.receive(batchOf(batch));
      progress(replica.size());
    }
    const chars = batches.reduce((sum, batch) => sum + charsOf(batch), 0);
    return { replica, last: batches.at(-1), chars };
  } catch {
    // Whatever is wrong with what was kept, the server's answer decides; a replica that folded part of it is not used.
    await forget("batches", batchesOf(trust.deployment));
    return { replica: emptyReplica(trust), last: undefined, chars: 0 };
  }
}

function charsOf({ records }: BatchText): number {
  return records.reduce((sum, { leaf, envelope }) => sum + leaf.length + envelope.length, 0);
}

/** A few new entries are added to the batch before, under their own checkpoint, so that there are no thousands of small ones. */
async function keepBatch(
  deployment: DeploymentId,
  batch: Batch,
  kept: { last: BatchText | undefined; chars: number },
): Promise<void> {
  const text = textOf(batch);
  kept.chars += charsOf(text);
  if (kept.chars > keptCharsMax) return;
  const { last } = kept;
  const joins = last !== undefined && last.records.length + text.records.length <= batchRecordsMax;
  const record = joins ? { ...text, from: last.from, records: [...last.records, ...text.records] } : text;
  await keep("batches", { ...record, deployment });
  kept.last = record;
}
