// Seconds as they are counted beside a real gateway: each request once, by what became of it; names and seconds are bounded.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openGatewayWorld } from "../../../test/flows/gateway-world.ts";
import { LiveSample, bucketEndMs, liveSecondsMax } from "../../control/contract-live.ts";
import { type Answered, beginNote } from "../../gateway/note.ts";
import { Name, toInstant } from "../../terms/ids.ts";
import { createLiveRing } from "./live-ring.ts";

function answered(more: Partial<Answered> = {}): Answered {
  const note = beginNote(toInstant(0), 1_000, undefined);
  return { ...note, route: "chat", status: 200, ms: 40, isWhole: true, ...more };
}

test("a second holds each request once, by its verdict, and the ring no more than a quarter of an hour", async (t) => {
  const world = await openGatewayWorld();
  t.after(world.close);
  const { gateway } = world.gateway();
  let now = 5_000_000;
  const ring = createLiveRing({ gateway: () => gateway, now: () => now });
  t.after(ring.close);
  const model = Name.parse("small");
  ring.take(answered({ outcome: "served", model, stage: "trusted", attempts: 2, tokens: [3, 4] }));
  const upstream = { from: 1_010, ms: 90 };
  ring.take(answered({ outcome: "served", model, isStream: true, ms: 400, spans: { upstream, outputMs: 0 } }));
  ring.take(answered({ outcome: "blocked", refusal: { code: "policy_blocked", reason: null } }));
  ring.take(answered({ outcome: "refused", refusal: { code: "review_pending", reason: null } }));
  ring.take(answered({ refusal: { code: "quota_exhausted", reason: "tokens" } }));
  ring.take(answered({ outcome: "failed", model, refusal: { code: "upstream_failed", reason: null } }));
  ring.take(answered({ outcome: "served", found: new Set(["input shadow unknown"]) }));
  ring.take(answered({ route: "probe" }));
  ring.asked({ entry: { safeguard: "service@1", name: Name.parse("mine") }, answer: "timeout", ms: 3 });
  assert.deepEqual(ring.samples(0), [], "the second that runs is not told");
  now += 1_000;
  const [sample, ...more] = ring.samples(0);
  assert.equal(more.length, 0);
  const { verdicts, models, latency, firstToken, upstream: servers, unjudged, quotas } = LiveSample.parse(sample);
  assert.deepEqual(verdicts, { served: 3, blocked: 1, waiting: 1, "turned-away": 1, failed: 1 });
  assert.deepEqual(models, { "small trusted": 1, "small none": 2 });
  assert.equal(
    latency?.reduce((sum, [, count]) => sum + count, 0),
    7,
  );
  const bucket = firstToken?.[0]?.[0] ?? 0;
  assert.ok(bucketEndMs(bucket) >= 100 && bucketEndMs(bucket - 1) <= 100, "the first event came 100 ms after the head");
  assert.deepEqual(servers, { small: { asked: 2, failed: 1 } });
  assert.deepEqual(unjudged, { "service@1/mine": 1, shadow: 1 });
  assert.deepEqual(quotas, { tokens: 1 });
  assert.deepEqual(ring.samples(5_000), [], "only what came after");

  for (let at = 0; at < 100; at += 1) ring.take(answered({ model: Name.parse(`m${at}`), outcome: "served" }));
  now += 1_000;
  const crowded = LiveSample.parse(ring.samples(5_000)[0]);
  assert.equal(Object.keys(crowded.models ?? {}).length, 25);
  assert.equal(crowded.models?.["other"], 76);
  for (let at = 0; at < liveSecondsMax + 50; at += 1) {
    now += 1_000;
    ring.samples(0);
  }
  assert.equal(ring.samples(0).length, liveSecondsMax);
});
