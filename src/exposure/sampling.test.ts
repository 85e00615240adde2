// The draw of a watch: the same wherever it is made, as often as the plan says, and another one for each measure.
import assert from "node:assert/strict";
import { test } from "node:test";
import { idOf } from "../acts/fixtures.ts";
import { CallerMeasure } from "../acts/watch.ts";
import { nodePrimitives as hasher, randomId } from "../proof/node.ts";
import { Name, ReceiptId } from "../terms/ids.ts";
import { type Ended, isAbout, isDrawn } from "./sampling.ts";

const certificate = idOf.certificate("one");
const [misuse, wrongly] = ["misuse", "wrongly"].map((id) => Name.parse(id));
assert.ok(misuse !== undefined && wrongly !== undefined);

test("as many are drawn as the plan says, by each measure its own, and all of them at 1", () => {
  const receipts = Array.from({ length: 20_000 }, () => ReceiptId.parse(randomId("rcpt_", 24)));
  const drawn = (id: Name, sample: number, of: readonly ReceiptId[] = receipts): readonly ReceiptId[] =>
    of.filter((receipt) => isDrawn({ id, sample }, { certificate, receipt }, hasher));
  const one = drawn(misuse, 0.1);
  // Eight standard deviations.
  assert.ok(Math.abs(one.length - 2000) < 340, `${one.length}`);
  const both = drawn(wrongly, 0.1, one).length;
  assert.ok(both > 90 && both < 310, `${both}`);
  assert.equal(drawn(misuse, 1, receipts.slice(0, 100)).length, 100);
});

test("a draw stays what it is: whoever has a receipt makes it again", () => {
  // The first 48 bits of SHA-256 over what docs/canary.md says, as Python's hashlib makes them.
  const places = ["00", "11", "22", "33"].map((pair) => {
    const receipt = ReceiptId.parse(`rcpt_${pair.repeat(12)}`);
    return isDrawn({ id: misuse, sample: 0.5 }, { certificate, receipt }, hasher);
  });
  assert.deepEqual(places, [true, false, true, true]);
});

test("misuse is looked for in what was let in, over-blocking in what policy stopped, failures wherever something was to look", () => {
  const common = { id: "a", limit: 0.1, alpha: 0.1, exchangesMin: 1 };
  const sampled = { ...common, sample: 1, perOrganisationPerHour: 1, labelHours: 1, labels: { by: "reviewers" } };
  const measures = [
    CallerMeasure.parse({ ...common, measure: "safeguard-failures" }),
    CallerMeasure.parse({ ...sampled, measure: "confirmed-misuse" }),
    CallerMeasure.parse({ ...sampled, measure: "over-blocking" }),
  ];
  const about = (ended: Partial<Ended>): readonly boolean[] =>
    measures.map((one) => isAbout(one, { outcome: "served", why: null, input: "pass", output: "pass", ...ended }));
  assert.deepEqual(about({}), [true, true, false]);
  assert.deepEqual(
    about({ outcome: "cut", output: "none" }),
    [true, true, false],
    "who leaves early is looked at, too",
  );
  assert.deepEqual(about({ output: "none" }), [true, false, false], "what only counts tokens");
  assert.deepEqual(about({ outcome: "blocked", why: "policy_blocked:cyber", input: "block:cyber" }), [
    true,
    false,
    true,
  ]);
  const broken = { outcome: "blocked", why: "safeguard_unavailable:failed", input: "unknown:failed" } as const;
  assert.deepEqual(about({ ...broken, output: "none" }), [true, false, false]);
  const refused = { outcome: "refused", why: "quota_exhausted", input: "none", output: "none" } as const;
  assert.deepEqual(about(refused), [false, false, false]);
});
