import assert from "node:assert/strict";
import { test } from "node:test";
import { Instant, timestampOf } from "../terms/ids.ts";
import { renewalOf } from "./renewal.ts";

const now = Instant.parse(Date.parse("2027-01-01T00:00:00Z"));
const at = (days: number): ReturnType<typeof timestampOf> => timestampOf(Instant.parse(now + days * 86_400_000));
const inDays = (days: number, life = 90): ReturnType<typeof renewalOf> =>
  renewalOf({ notBefore: at(days - life), notAfter: at(days) }, now);

test("a warning is due 14, 7 and 1 days ahead, and stays due after the end", () => {
  const seen = [30, 14.01, 14, 7.5, 7, 1.2, 1, 0.2, 0, -3].map((days) => inDays(days).renewalDue);
  assert.deepEqual(seen, [null, null, 14, 14, 7, 7, 1, 1, 1, 1]);
});

test("days left are rounded down and never negative", () => {
  assert.deepEqual(
    [14.9, 0.9, -3].map((days) => inDays(days).endsInDays),
    [14, 0, 0],
  );
});

const dueAt = (life: number, days: readonly number[]): readonly unknown[] =>
  days.map((left) => inDays(left, life).renewalDue);

test("no certificate is about to end before the last fifth of its life", () => {
  assert.deepEqual(dueAt(7, [7, 2, 1.41, 1.4, 1, 0]), [null, null, null, 7, 1, 1]);
  assert.deepEqual(dueAt(30, [14, 7, 6.1, 6, 1]), [null, null, null, 7, 1]);
  assert.deepEqual(dueAt(1, [1, 0.3, 0.2, 0]), [null, null, 1, 1]);
});
