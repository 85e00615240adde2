// The worker: downloads, verifies and folds the ledger, so that the page stays quick while it does. One request after another.
import { Failure } from "../../src/terms/failure.ts";
import { type Ledger, openLedger } from "./ledger.ts";
import { type BringAnswer, BringRequest } from "./messages.ts";
import { trustIn } from "./trust.ts";

let ledger: Promise<Ledger> | undefined;
let queue: Promise<void> = Promise.resolve();

addEventListener("message", ({ data }: MessageEvent<unknown>) => {
  const request = BringRequest.parse(data);
  queue = queue.then(async () => bring(request));
});

function tell(answer: BringAnswer): void {
  postMessage(answer);
}

function progress(entries: number): void {
  tell({ kind: "progress", entries });
}

async function bring({ deployment, firstRoot, recorded }: BringRequest): Promise<void> {
  try {
    const trust = await trustIn(deployment, firstRoot);
    ledger ??= openLedger(trust, progress);
    const { replica, bring: take } = await ledger;
    await take(progress, recorded);
    const { basis } = trust;
    const { state } = replica;
    tell({ kind: "verified", verified: { deployment, state, size: replica.size(), root: replica.root(), basis } });
  } catch (error) {
    // What was folded is only used again where nothing was wrong with it.
    ledger = undefined;
    const known = error instanceof Failure ? error : undefined;
    tell({
      kind: "failed",
      code: known?.code ?? "proof_invalid",
      message: known?.message ?? "The ledger could not be verified here. Load the page again.",
      detail: known?.detail ?? {},
    });
  }
}
