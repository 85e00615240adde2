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
const read = (changes: Partial<Receipt>): Observed | undefined => observedIn(canonicalBytes({ ...served, ...changes }));

test("a receipt counts only where it says what would have been, once, by the side that would have stopped it first", () => {
  assert.equal(read({}), undefined);
  assert.equal(observedIn(new TextEncoder().encode('{"would":')), undefined);
  assert.equal(read({ outcome: "blocked", input: "block:weapons" }), undefined);
  assert.deepEqual(read({ would: "served" }), { model: small, at: noon, by: null });
  assert.equal(read({ would: "cut", outcome: "cut" })?.by, null);
  assert.equal(read({ would: "served", input: "flag:cyber" })?.by, null);
  const both = read({ would: "blocked", input: "review:fraud", output: "block:weapons" });
  assert.deepEqual(both?.by, { side: "input", verdict: "review:fraud" });
  const output = read({ would: "blocked", input: "flag:cyber", output: "unknown:too-long" });
  assert.deepEqual(output?.by, { side: "output", verdict: "unknown:too-long" });
  assert.equal(read({ would: "blocked", outcome: "blocked", input: "block:cyber" })?.by, null, "it was stopped");
});

test("a sum goes back a day, to the minute, over one model, the most frequent cause first", async () => {
  const one = (at: Instant, by: Observed["by"], model = small): Observed => ({ model, at, by });
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
  assert.deepEqual(await observedSum(database, small, later(2)), { hours: 24, exchanges: 6, stopped: 3, by });
  const nextDay = await observedSum(database, small, later(24 * 60));
  assert.deepEqual([nextDay.exchanges, nextDay.stopped], [3, 2]);
  assert.equal((await observedSum(database, small, later(24 * 60 + 1))).exchanges, 0);
});

test("counts older than a month go when newer ones come", async () => {
  const month = later(31 * 24 * 60);
  await database.transaction(async (transaction) => addObserved(transaction, [{ model: small, at: month, by: null }]));
  const rows = await database.query("SELECT model FROM observed ORDER BY model");
  assert.deepEqual(
    rows.map((row) => row["model"]),
    ["other", "small"],
  );
});
