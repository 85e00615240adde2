import assert from "node:assert/strict";
import { test } from "node:test";
import { Instant, timestampOf } from "../terms/ids.ts";
import { renewalOf } from "./renewal.ts";

const now = Instant.parse(Date.parse("2027-01-01T00:00:00Z"));
const inDays = (days: number): ReturnType<typeof renewalOf> =>
  renewalOf(timestampOf(Instant.parse(now + days * 86_400_000)), now);

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
