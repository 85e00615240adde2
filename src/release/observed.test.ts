// Counts of observe mode: what a receipt adds, and what a day of them comes to.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { Receipt } from "../acts/receipt.ts";
import { canonicalBytes } from "../proof/canonical.ts";
import { migrate } from "../store/migrations.ts";
import { schema } from "../store/schema.ts";
import { openSqlite } from "../store/sqlite.ts";
import { Digest, Instant, Name, ReceiptId, instantOf, timestampOf } from "../terms/ids.ts";
import { type Observed, addObserved, observedIn, observedSum } from "./observed.ts";

const database = await openSqlite(":memory:");
after(async () => database.close());
await migrate(database, schema);

const small = Name.parse("small");
const observing = { as: "observe", model: small } as const;
const noon = instantOf("2027-01-01T12:00:00.000Z");
const later = (minutes: number): Instant => Instant.parse(noon + minutes * 60_000);

const served: Receipt = {
  v: 1,
  id: ReceiptId.parse(`rcpt_${"0".repeat(24)}`),
  seq: 1,
  at: timestampOf(noon),
  model: small,
  config: null,
  under: null,
  stage: "trusted",
  key: null,
  item: null,
  outcome: "served",
  why: null,
  input: "pass",
  output: "pass",
  content: Digest.parse(`sha256:${"0".repeat(64)}`),
  tokens: [1, 1],
};
const readAll = (changes: Partial<Receipt>): readonly Observed[] =>
  observedIn(canonicalBytes({ ...served, ...changes }));
const read = (changes: Partial<Receipt>): Observed | undefined => readAll(changes)[0];

test("a receipt counts only where it says what would have been, once, by the side that would have stopped it first", () => {
  assert.equal(read({}), undefined);
  assert.deepEqual(observedIn(new TextEncoder().encode('{"would":')), []);
  assert.equal(read({ outcome: "blocked", input: "block:weapons" }), undefined);
  assert.deepEqual(read({ would: "served" }), { as: "observe", model: small, at: noon, by: null });
  assert.equal(read({ would: "cut", outcome: "cut" })?.by, null);
  assert.equal(read({ would: "served", input: "flag:cyber" })?.by, null);
  const both = read({ would: "blocked", input: "review:fraud", output: "block:weapons" });
  assert.deepEqual(both?.by, { side: "input", verdict: "review:fraud" });
  const output = read({ would: "blocked", input: "flag:cyber", output: "unknown:too-long" });
  assert.deepEqual(output?.by, { side: "output", verdict: "unknown:too-long" });
  assert.equal(read({ would: "blocked", outcome: "blocked", input: "block:cyber" })?.by, null, "it was stopped");
});

test("what safeguards in shadow would have stopped counts apart, where it went on and somebody asked for it", () => {
  const by = (changes: Partial<Receipt>): Observed["by"] | undefined => readAll(changes)[0]?.by;
  assert.deepEqual(readAll({ shadow: { input: "pass" } }), [{ as: "shadow", model: small, at: noon, by: null }]);
  assert.deepEqual(by({ shadow: { input: "flag:cyber", output: "review:fraud" } }), {
    side: "output",
    verdict: "review:fraud",
  });
  assert.deepEqual(by({ shadow: { input: "unknown:failed", output: "block:cyber" } }), {
    side: "input",
    verdict: "unknown:failed",
  });
  assert.equal(
    by({ outcome: "blocked", input: "block:hate", shadow: { input: "block:cyber" } }),
    null,
    "it was stopped anyway",
  );
  assert.deepEqual(readAll({ stage: "permit", shadow: { input: "block:cyber" } }), [], "an item of a suite");
  const both = readAll({ would: "blocked", input: "block:hate", shadow: { input: "block:cyber" } });
  assert.deepEqual(
    both.map((one) => [one.as, one.by?.verdict]),
    [
      ["observe", "block:hate"],
      ["shadow", "block:cyber"],
    ],
  );
});

test("a sum goes back a day, to the minute, over one model, the most frequent cause first", async () => {
  const one = (at: Instant, by: Observed["by"], model = small): Observed => ({ as: "observe", model, at, by });
  const weapons = { side: "input", verdict: "block:weapons" } as const;
  const fraud = { side: "output", verdict: "review:fraud" } as const;
  const first = [one(noon, null), one(noon, null), one(noon, fraud), one(later(1), weapons)];
  await database.transaction(async (transaction) => addObserved(transaction, first));
  const more = [one(later(1), weapons), one(later(1), null), one(later(1), weapons, Name.parse("other"))];
  await database.transaction(async (transaction) => addObserved(transaction, more));
  const by = [
    { ...weapons, count: 2 },
    { ...fraud, count: 1 },
  ];
  assert.deepEqual(await observedSum(database, observing, later(2)), { hours: 24, exchanges: 6, stopped: 3, by });
  const nextDay = await observedSum(database, observing, later(24 * 60));
  assert.deepEqual([nextDay.exchanges, nextDay.stopped], [3, 2]);
  assert.equal((await observedSum(database, observing, later(24 * 60 + 1))).exchanges, 0);
  const shadow = { ...one(noon, weapons), as: "shadow" } as const;
  await database.transaction(async (transaction) => addObserved(transaction, [shadow, { ...shadow, by: null }]));
  const sum = await observedSum(database, { as: "shadow", model: small }, later(2));
  assert.deepEqual([sum.exchanges, sum.stopped], [2, 1], "apart from the others");
});

test("counts older than a month go when newer ones come", async () => {
  const month = later(31 * 24 * 60);
  await database.transaction(async (transaction) => addObserved(transaction, [{ ...observing, at: month, by: null }]));
  const rows = await database.query("SELECT model FROM observed ORDER BY model");
  assert.deepEqual(
    rows.map((row) => row["model"]),
    ["other", "small"],
  );
});
