// A receipt checked in this browser as `headgate receipt verify` does: its signature, its gateway in the trust root that this
// browser folded to, and its place in the ledger. One that is not logged yet is pending, which is neither passed nor failed.
import { ReceiptProof, checkGateway, checkProof } from "../../../src/acts/receipt-proof.ts";
import type { Root } from "../../../src/acts/bodies.ts";
import type { Seen } from "../../../src/acts/statement.ts";
import { type OpenedReceipt, openReceipt } from "../../../src/acts/receipt.ts";
import { ledgerRoutes } from "../../../src/control/contract-ledger.ts";
import { pathOf } from "../../../src/control/contract-paths.ts";
import { browserPrimitives } from "../../../src/proof/browser.ts";
import { Failure, failureCode } from "../../../src/terms/failure.ts";
import { ask } from "../../app/server.ts";
import { readTrust } from "../../signing/trust.ts";
import { bringUpToDate } from "../../signing/verified.ts";
import { shortened } from "../../words/format.ts";
import { words } from "../../words/words.ts";
import { type Step, createChecks } from "./checks.ts";

export interface CheckedReceipt {
  readonly steps: readonly Step[];
  readonly receipt: OpenedReceipt | undefined;
  readonly proof: ReceiptProof | undefined;
  readonly verdict: "holds" | "pending" | "fails";
}

const said = words.ledger.steps;

/** Whom a check believes, and the largest tree seen before. */
export interface BelievedHere {
  readonly trust: Pick<Root, "gateways" | "log">;
  readonly seen: Seen | null;
  /** Of the step that asks whether they name its gateway. */
  readonly said: string;
}

/** By the ledger that this browser verified from the root that it pinned. */
async function believeVerified(): Promise<BelievedHere> {
  const { state, deployment } = await bringUpToDate();
  const root = state.root?.body;
  if (root === undefined) throw new Failure("deployment_uninitialised", "Nobody owns this deployment yet.");
  return { trust: root, seen: (await readTrust(deployment))?.checkpoint ?? null, said: said.gateway.said };
}

/** Rejects where the server or this browser could not be asked; what does not fit is a step that failed. */
export async function checkReceipt(
  text: string,
  believe: () => Promise<BelievedHere> = believeVerified,
): Promise<CheckedReceipt> {
  const { steps, step, after } = createChecks();
  const receipt = await step(said.receipt.name, async () => {
    const opened = await openReceipt(text.trim(), browserPrimitives);
    return { value: opened, said: said.receipt.said(shortened(opened.digest)) };
  });
  if (receipt === undefined) {
    await after(said.gateway.name, receipt, async () => ({ value: true, said: "" }));
    await after(said.interval.name, receipt, async () => ({ value: true, said: "" }));
    return { steps, receipt, proof: undefined, verdict: "fails" };
  }
  const { trust, seen, said: bySaid } = await believe();
  const given = await step(said.gateway.name, async () => {
    checkGateway(receipt, trust);
    return { value: receipt, said: bySaid };
  });
  const proof = await readProof(receipt);
  if (given !== undefined && proof === undefined) {
    steps.push({ name: said.interval.name, result: "not-checked", said: said.interval.pending });
    return { steps, receipt, proof, verdict: "pending" };
  }
  await after(said.interval.name, given === undefined ? undefined : proof, async (found) => {
    const tree = await checkProof(receipt, found, { trust, primitives: browserPrimitives });
    if (seen?.size === tree.size && seen.root !== tree.root)
      throw new Failure("fork_detected", said.interval.another(tree.size));
    return { value: tree, said: said.interval.said(found.ledgerIndex, tree.size) };
  });
  const verdict = steps.some(({ result }) => result !== "pass") ? "fails" : "holds";
  return { steps, receipt, proof, verdict };
}

/** Undefined where no interval holds it yet. */
async function readProof({ digest }: OpenedReceipt): Promise<ReceiptProof | undefined> {
  try {
    return await ask(pathOf(ledgerRoutes.receiptProof, { digest }), ReceiptProof);
  } catch (error) {
    if (failureCode(error) === "not_found") return undefined;
    throw error;
  }
}
