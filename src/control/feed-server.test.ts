// What one of several gateways begins its share with.
import assert from "node:assert/strict";
import { test } from "node:test";
import { idOf } from "../acts/fixtures.ts";
import type { UsageCount } from "../feed/feed.ts";
import { Name } from "../terms/ids.ts";
import { shareOfUsage } from "./feed-server.ts";

const count = (tokens: number): UsageCount => ({
  organisation: Name.parse("acme"),
  key: idOf.key("k"),
  model: Name.parse("small"),
  tokens,
  requests: 1,
});

/** What is left to all of them together, each with its share of the limit. */
function leftOf(limit: number, used: readonly number[], gateways: number): number {
  const all = used.reduce((sum, one) => sum + one, 0);
  return Array.from({ length: gateways }, (_, at) => {
    const own = at < used.length ? [count(used[at] ?? 0)] : [];
    const [begun] = shareOfUsage(own, [count(all)], gateways);
    return Math.max(0, limit / gateways - (begun?.tokens ?? 0));
  }).reduce((sum, one) => sum + one, 0);
}

test("gateways that all begin anew, some of them new, leave no more to use than the limit has left", () => {
  const limit = 120;
  for (const used of [[0], [120], [60, 0], [60, 60], [10, 50], [40, 40, 40], [0, 40, 1]]) {
    const all = used.reduce((sum, one) => sum + one, 0);
    for (let gateways = Math.max(2, used.length); gateways <= 6; gateways++) {
      assert.ok(all + leftOf(limit, used, gateways) <= limit, JSON.stringify([used, gateways]));
    }
  }
});
