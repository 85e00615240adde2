import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyState } from "../../acts/state.ts";
import { Failure } from "../../terms/failure.ts";
import { toInstant } from "../../terms/ids.ts";
import { createControlGauges } from "./control-gauges.ts";

test("what cannot be read is left out and said once, until it was there again, and the rest is told", async () => {
  const said: unknown[] = [];
  let isAway = true;
  const away = async (): Promise<readonly []> => {
    if (isAway) throw new Failure("store_unavailable", "The store is away.");
    return [];
  };
  const gauges = createControlGauges(
    {
      state: emptyState(),
      waitingReviews: async () => ({ count: (await away()).length, oldest: null }),
      webhooks: async () => [],
      rejudged: () => [],
      watches: away,
    },
    (event, detail) => said.push({ event, ...detail }),
  );
  const namesNow = async (): Promise<readonly string[]> => (await gauges(toInstant(0))).map(({ name }) => name);
  const reviews = { event: "telemetry", gauges: "reviews", why: "The store is away." };
  assert.deepEqual(await namesNow(), ["headgate_review_decisions"]);
  assert.deepEqual(await namesNow(), ["headgate_review_decisions"]);
  assert.deepEqual(new Set(said), new Set([reviews, { ...reviews, gauges: "watches" }]));
  assert.equal(said.length, 2);
  isAway = false;
  assert.ok((await namesNow()).includes("headgate_reviews_waiting"));
  isAway = true;
  await namesNow();
  assert.equal(said.length, 4);
});
