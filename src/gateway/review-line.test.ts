// How many texts are on their way to the control plane at once: samples of a watch take no room of requests that wait for a person.
import assert from "node:assert/strict";
import { test } from "node:test";
import { digestOfLabel, idOf, servers, worldOfTwo } from "../acts/fixtures.ts";
import { newSealingPair } from "../feed/hpke.ts";
import { type KeptReview, SealingKey, signSealingKey } from "../feed/reviews.ts";
import { toBase64 } from "../proof/encoding.ts";
import { nodePrimitives, randomBytes } from "../proof/node.ts";
import { Name, ReceiptId, timestampOf, toInstant } from "../terms/ids.ts";
import { openReviewLine } from "./review-line.ts";

test("a burst of samples leaves room for a request that waits, and is bounded itself", async () => {
  const world = await worldOfTwo();
  const key = SealingKey.parse(toBase64(newSealingPair().publicKey));
  const notAfter = timestampOf(toInstant(world.now() + 3_600_000));
  const signed = await signSealingKey({ key, notAfter }, servers.control);
  const store = Promise.withResolvers<KeptReview>();
  const line = openReviewLine({
    feed: { sealingKey: async () => signed, recordReview: async () => store.promise },
    follower: { state: world.state },
    clock: { now: () => world.now() },
    primitives: nodePrimitives,
    randomBytes,
    report: () => undefined,
  });
  const model = Name.parse("small");
  const about = { key: idOf.key("a"), model, config: digestOfLabel("a configuration"), request: digestOfLabel("one") };
  const text = { nonce: "0".repeat(64), call: "{}" };
  const common = { facts: about, text, at: world.now(), rules: { expiresHours: 1, perKeyMax: 1, retentionDays: 0 } };
  const sample = {
    watch: Name.parse("misuse"),
    measure: "confirmed-misuse",
    receipt: ReceiptId.parse(`rcpt_${"0".repeat(24)}`),
  } as const;
  const sampled = Array.from({ length: 40 }, async () => line.hand({ ...common, found: [], sample }));
  const waits = line.hand({ ...common, found: [{ category: "fraud", score: 0.9 }] });
  store.resolve({ kind: "waiting", review: idOf.review("one") });
  assert.equal((await waits).kind, "waiting");
  const kinds = (await Promise.all(sampled)).map(({ kind }) => kind);
  assert.equal(kinds.filter((kind) => kind === "waiting").length, 32);
  assert.equal(kinds.filter((kind) => kind === "full").length, 8);
});
