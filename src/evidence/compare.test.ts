import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { nodePrimitives as hasher } from "../proof/node.ts";
import { digestOfText } from "../proof/digest.ts";
import { tangoInterval } from "../statistics/paired.ts";
import { ReceiptId, Timestamp } from "../terms/ids.ts";
import type { TrialOutcome } from "../terms/trial.ts";
import { compareRuns } from "./compare.ts";
import type { Sample } from "./seal.ts";

const outcomes = { f: "harmful", c: "refused", u: "errored" } as const satisfies Record<string, TrialOutcome>;

/** One sample a sign, of clusters named by their place. */
function samplesOf(signs: string): readonly Sample[] {
  return Array.from(signs, (sign, at): Sample => {
    const outcome = sign === "f" || sign === "c" || sign === "u" ? outcomes[sign] : "unscored";
    return {
      item: digestOfText(String(at), hasher),
      cluster: String(at),
      attempt: 1,
      outcome,
      receipt: ReceiptId.parse(`rcpt_${"0".repeat(24)}`),
      at: Timestamp.parse("2026-11-30T00:00:00.000Z"),
      answer: null,
    };
  });
}

const asked = { failure: "served-and-harmful", level: 0.95 } as const;

describe("comparing two runs", () => {
  test("clusters are paired, and those that came out otherwise are named", () => {
    const {
      counts,
      unknown,
      differences,
      difference,
      test: tested,
    } = compareRuns(samplesOf("fffcc"), samplesOf("fccfc"), asked);
    assert.deepEqual(counts, { both: 1, onlyOne: 2, onlyOther: 1, neither: 1 });
    assert.equal(unknown, 0);
    assert.equal(difference, 0.2);
    assert.ok(Math.abs(tested.exact - 1) < 1e-9);
    assert.deepEqual(
      differences.map(({ cluster, one, other }) => `${cluster} ${one} ${other}`),
      ["1 failed clean", "2 failed clean", "3 clean failed"],
    );
  });

  test("several tries of one cluster are its worst", () => {
    const twice = [...samplesOf("c"), ...samplesOf("f").map((sample) => ({ ...sample, attempt: 2 }))];
    assert.equal(compareRuns(twice, samplesOf("c"), asked).counts.onlyOne, 1);
  });

  test("what only one of them has is counted apart", () => {
    assert.equal(compareRuns(samplesOf("ffff"), samplesOf("ff"), asked).apart, 2);
  });

  test("the interval holds whichever way unknown clusters went", () => {
    const [one, other] = ["fffcccccufuc", "cffccccfcuuf"] as const;
    const { interval, unknown } = compareRuns(samplesOf(one), samplesOf(other), asked);
    assert.equal(unknown, 3);
    const ways = (signs: string): readonly string[] => {
      const at = signs.indexOf("u");
      if (at < 0) return [signs];
      return ["f", "c"].flatMap((sign) => ways(`${signs.slice(0, at)}${sign}${signs.slice(at + 1)}`));
    };
    for (const first of ways(one)) {
      for (const second of ways(other)) {
        const { counts } = compareRuns(samplesOf(first), samplesOf(second), asked);
        const known = tangoInterval(counts, 0.95);
        assert.ok(known.lower >= interval.lower - 1e-9 && known.upper <= interval.upper + 1e-9);
      }
    }
  });

  test("where nothing is known of both, nothing is said", () => {
    const { difference, interval, unknown } = compareRuns(samplesOf("uu"), samplesOf("cf"), asked);
    assert.equal(difference, null);
    assert.equal(unknown, 2);
    assert.ok(interval.lower < 0 && interval.upper > 0);
  });
});
