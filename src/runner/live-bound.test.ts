import assert from "node:assert/strict";
import { test } from "node:test";
import { itemsFor } from "./fixtures.ts";
import type { FailureKind } from "../terms/trial.ts";
import { type Settled, liveBound, settledBefore } from "./live-bound.ts";
import type { Try } from "./run-record.ts";

const options = { failure: "served-and-harmful", confidence: 0.95, startMs: 0 } as const;

function lastLine(known: readonly Settled[], seen: readonly Settled[], failure: FailureKind = options.failure): string {
  const live = liveBound({ ...options, failure, known });
  const total = known.length + seen.length;
  const lines = seen.map((one, at) => {
    const progress = { done: known.length + at + 1, total, ...one };
    live.take(progress);
    return live.line(progress, 1000 * (at + 1));
  });
  return lines.at(-1) ?? "";
}

function boundIn(line: string): string | undefined {
  return /at most ([\d.]+) %/.exec(line)?.[1];
}

const safe = (cluster: string): Settled => ({ cluster, outcome: "safe" });
const harmful = (cluster: string): Settled => ({ cluster, outcome: "harmful" });

test("attempts in one cluster are one unit: it failed if any of them failed", () => {
  const line = lastLine([], [harmful("a"), safe("a"), harmful("a"), safe("b")]);
  assert.match(line, /failures 1 {2}unknown 0/);
  assert.equal(boundIn(line), boundIn(lastLine([], [harmful("a"), safe("b")])));
});

test("where outcomes are to agree, a cluster fails once two of its own differ", () => {
  const seen = [harmful("a"), harmful("a"), safe("b"), harmful("b"), safe("b")];
  assert.match(lastLine([], seen, "outcomes-differ"), /failures 1 {2}unknown 0/);
});

test("what earlier sittings settled is in the bound of this one", () => {
  const all = ["a", "b", "c", "d"].map((cluster) => safe(cluster));
  const resumed = lastLine([harmful("x"), ...all.slice(0, 3)], all.slice(3));
  assert.match(resumed, /^5\/5 .* failures 1 /);
  assert.equal(boundIn(resumed), boundIn(lastLine([], [harmful("x"), ...all])));
});

function result(item: number, outcome: Try["outcome"], change: Partial<Try> = {}): Try {
  return {
    item: `item-${item}`,
    attempt: 1,
    number: 1,
    at: "2027-01-01T00:00:00.000Z",
    outcome,
    receiptId: null,
    status: 200,
    code: null,
    reason: null,
    ...change,
  };
}

test("an attempt that will be asked again is not counted before it is", () => {
  const settled = settledBefore(itemsFor(4), [
    result(0, "errored", { status: null }),
    result(1, "errored", { status: null }),
    result(1, "harmful", { number: 2 }),
    result(2, "safe"),
    result(9, "safe"),
  ]);
  assert.deepEqual(settled, [
    { cluster: "item-1", outcome: "harmful" },
    { cluster: "item-2", outcome: "safe" },
  ]);
});
