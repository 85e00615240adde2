// Receipts of exchanges under a certificate, as a gateway would drain them: for what the control plane makes of them.
import type { Release } from "../../src/acts/bodies.ts";
import { type Receipt, configDigest, contentDigest } from "../../src/acts/receipt.ts";
import { nextInterval } from "../../src/acts/rules/evaluation.ts";
import { digestOfText } from "../../src/proof/digest.ts";
import { nodePrimitives, randomId } from "../../src/proof/node.ts";
import { KeyId, ReceiptId, timestampOf } from "../../src/terms/ids.ts";
import { type Desk, type Interval, gatewayOf, loggedReceipts, model } from "./control-desk.ts";

/** What a gateway would drain of exchanges under the certificate. */
export async function servedInterval(
  desk: Desk,
  release: Release,
  ended: readonly Partial<Receipt>[],
): Promise<Interval> {
  const { first } = nextInterval(desk.control.state, gatewayOf(desk).publicKey);
  const receipts = ended.map((changes, at): Receipt => {
    const id = ReceiptId.parse(randomId("rcpt_", 24));
    return {
      v: 1,
      id,
      seq: first + at,
      at: timestampOf(desk.now()),
      model,
      config: configDigest(release.digests, nodePrimitives),
      under: release.certificate,
      stage: release.stage,
      key: KeyId.parse("key_0123456789abcdef"),
      item: null,
      outcome: "served",
      ...(release.mode === "observe" ? { would: "served" } : {}),
      why: null,
      input: "pass",
      output: "pass",
      content: contentDigest(id, { request: digestOfText("a", nodePrimitives), answer: "b" }, nodePrimitives),
      tokens: [7, 7],
      ...changes,
    };
  });
  return loggedReceipts(desk, receipts, null);
}
