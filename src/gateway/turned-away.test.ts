// What a key may ask in vain: so many refusals a minute, of which a large body is several.
import assert from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "../terms/failure.ts";
import { Digest, toInstant } from "../terms/ids.ts";
import { type TurnedAway, countTurnedAway } from "./turned-away.ts";

const one = Digest.parse(`sha256:${"1".repeat(64)}`);
const other = Digest.parse(`sha256:${"2".repeat(64)}`);
const start = toInstant(Date.UTC(2026, 0, 1));

function isAsked(counts: TurnedAway, hash: Digest, at = start): boolean {
  try {
    counts.check(hash, at);
    return true;
  } catch (error) {
    assert.equal(failureCode(error), "quota_exhausted");
    return false;
  }
}

test("past the bound a secret waits for the next minute, and others do not", () => {
  const counts = countTurnedAway(3);
  for (let times = 0; times < 3; times += 1) {
    assert.ok(isAsked(counts, one));
    counts.add(one, 100, start);
  }
  assert.ok(!isAsked(counts, one));
  assert.ok(isAsked(counts, other));
  assert.ok(!isAsked(counts, one, toInstant(start + 59_999)));
  assert.ok(isAsked(counts, one, toInstant(start + 60_000)));
});

test("a large body counts as many", () => {
  const counts = countTurnedAway(3);
  counts.add(one, 16 * 1024, start);
  assert.ok(!isAsked(counts, one));
});

test("a clock that steps back gives no second allowance", () => {
  const counts = countTurnedAway(1);
  counts.add(one, 0, start);
  assert.ok(!isAsked(counts, one, toInstant(start - 120_000)));
  assert.ok(!isAsked(counts, one));
});
