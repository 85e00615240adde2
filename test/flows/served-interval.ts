// Receipts of exchanges under a certificate, as a gateway would drain them: for what the control plane makes of them.
import type { BodyOf, Release } from "../../src/acts/bodies.ts";
import { type Receipt, configDigest, contentDigest, signReceipts } from "../../src/acts/receipt.ts";
import { nextInterval } from "../../src/acts/rules/evaluation.ts";
import { digestOfHash, digestOfText } from "../../src/proof/digest.ts";
import { rootOf } from "../../src/proof/merkle.ts";
import { nodePrimitives, randomId } from "../../src/proof/node.ts";
import { KeyId, ReceiptId, timestampOf } from "../../src/terms/ids.ts";
import { type Desk, type Interval, model, signBy } from "./control-desk.ts";

/** What a gateway would drain of exchanges under the certificate. */
export async function servedInterval(
  desk: Desk,
  release: Release,
  ended: readonly Partial<Receipt>[],
): Promise<Interval> {
  const [gateway] = desk.keys.gateways;
  if (gateway === undefined) throw new Error("no gateway");
  const continued = nextInterval(desk.control.state, gateway.publicKey);
  const receipts = ended.map((changes, at): Receipt => {
    const id = ReceiptId.parse(randomId("rcpt_", 24));
    return {
      v: 1,
      id,
      seq: continued.first + at,
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
  const signed = await signReceipts(receipts, gateway, nodePrimitives);
  const root = digestOfHash(
    rootOf(
      signed.map(({ leaf }) => leaf),
      nodePrimitives,
    ),
  );
  const body: BodyOf<"receipts"> = {
    gateway: gateway.publicKey,
    ...continued,
    count: signed.length,
    root,
    permits: [],
  };
  const envelope = await signBy(desk, { verb: "receipts", body, by: [gateway] });
  const at = desk.now();
  const drained = signed.map(({ receipt: { id }, text }) => ({
    id,
    text,
    at,
    permit: null,
    item: null,
  }));
  return { envelope, drained };
}
