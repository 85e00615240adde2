// Receipts under a permit as pooling reads them, from their texts: what a gateway of the ledger signed for this very permit.
import { openReceipt } from "../acts/receipt.ts";
import type { State } from "../acts/state.ts";
import type { Primitives } from "../proof/primitives.ts";
import { Failure } from "../terms/failure.ts";
import type { PermitId } from "../terms/ids.ts";
import { type SeenReceipt, seenReceipt } from "./pool.ts";

interface Under {
  readonly state: Pick<State, "intervals">;
  readonly permit: PermitId;
  readonly primitives: Primitives;
}

/** Anything that is no receipt of such a gateway for this permit is left out. */
export async function seenReceipts(texts: readonly string[], under: Under): Promise<readonly SeenReceipt[]> {
  const opened = await Promise.all(texts.map(async (text) => signedReceipt(text, under)));
  return opened.filter((seen) => seen !== undefined);
}

async function signedReceipt(text: string, { state, permit, primitives }: Under): Promise<SeenReceipt | undefined> {
  try {
    const opened = await openReceipt(text, primitives);
    const isOurs = state.intervals.has(opened.gateway) && opened.receipt.under === permit;
    return isOurs ? seenReceipt(opened) : undefined;
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}
