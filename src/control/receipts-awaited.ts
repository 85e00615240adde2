// Evidence waits a moment for the receipts that it names: a run is sealed the moment it ends, its last receipts are still
// on their way, and a status read right after it would take its last tries for unknown.
import { countReceiptsUnder } from "../evidence/receipt-store.ts";
import { SealedRun } from "../evidence/seal.ts";
import { jsonOf } from "../feed/encoded.ts";
import type { Act } from "../acts/statement.ts";
import type { Content } from "./content.ts";
import type { Core } from "./core.ts";

/** How long evidence waits for the receipts of its own permit, in milliseconds, and between two looks. */
const receiptsWait = { msMax: 4_000, stepMs: 100 } as const;

/** Returns once as many receipts are here as the samples name, or after 4 s. Only a person's own evidence waits. */
export async function awaitReceipts(core: Core, { predicate, signers }: Act, content: Content): Promise<void> {
  if (predicate.verb !== "evidence" || predicate.body.permit === null) return;
  const { personByKey, permits } = core.replica.state;
  if (!permits.has(predicate.body.permit) || !signers.every((signer) => personByKey.has(signer))) return;
  const { permit, samples } = predicate.body;
  const named = receiptsNamed(content.artefacts.get(samples.artefact));
  const until = performance.now() + receiptsWait.msMax;
  while (performance.now() < until && (await countReceiptsUnder(core.database, permit)) < named) {
    await new Promise((resolve) => {
      setTimeout(resolve, receiptsWait.stepMs);
    });
  }
}

/** How many receipts the tries of a sealed run name: one without an answer has none, and none will come. */
export function receiptsNamed(bytes: Uint8Array | undefined): number {
  // Whether it is the run that was signed is decided where the statement is examined; here it only says how long to wait.
  const sealed = SealedRun.safeParse(bytes === undefined ? undefined : jsonOf(bytes));
  if (!sealed.success) return 0;
  const named = sealed.data.samples.flatMap(({ receipt, before = [] }) => [receipt, ...before]);
  return new Set(named.filter((receipt) => receipt !== null)).size;
}
