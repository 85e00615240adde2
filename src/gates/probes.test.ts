// What a probe comes to, whatever was left out of it: the rest of what was drawn, attempts, receipts, bad answers, the sealing.
import assert from "node:assert/strict";
import { test } from "node:test";
import { digestOfLabel, idOf } from "../acts/fixtures.ts";
import { drawnClusters } from "../acts/probe-draw.ts";
import { nodePrimitives } from "../proof/node.ts";
import { Name, PermitId, PersonId, PublicKey, ReceiptId, RunId, instantOf } from "../terms/ids.ts";
import type { TrialOutcome } from "../terms/trial.ts";
import { type Counted, countProbes } from "./probes.ts";
import type { PlannedRun } from "./registration.ts";

const [clusters, watch, certificate] = [4, Name.parse("again"), idOf.certificate("one")];
const items = Array.from({ length: 12 }, (_, at) => ({ id: digestOfLabel(`item ${at}`), cluster: `c${at}` }));
const probe = { certificate, watch, number: 1 };
const drawn = drawnClusters(items, { probe, count: clusters }, nodePrimitives);
const asked = items.filter(({ cluster }) => drawn.has(cluster)).map(({ id }) => id);
const [stray = ""] = items.filter(({ cluster }) => !drawn.has(cluster)).map(({ id }) => id);
const digests = {
  model: digestOfLabel("model"),
  safeguards: digestOfLabel("safeguards"),
  policy: digestOfLabel("policy"),
  suite: digestOfLabel("suite"),
  grader: digestOfLabel("grader"),
};
const suite = {
  name: Name.parse("core"),
  measure: Name.parse("rate"),
  failure: "served-and-harmful",
  items,
} as const;
const [by, gateway] = [PersonId.parse("person_0123456789abcdef"), PublicKey.parse(`${"A".repeat(43)}=`)];
const at = "2026-03-01T00:00:00.000Z";

interface Told {
  readonly index?: number;
  readonly attempts?: number;
  readonly isProbe?: boolean;
  /** Exchanges that the ledger counts and of which no receipt is here. */
  readonly hidden?: number;
  readonly isSealed?: boolean;
  readonly isWithdrawn?: boolean;
  readonly of?: string;
}

type Asked = readonly (readonly [item: string, outcome: TrialOutcome])[];

function runOf(
  made: Asked,
  {
    index = 9,
    attempts = 1,
    isProbe = true,
    hidden = 0,
    isSealed = true,
    isWithdrawn = false,
    of = "again",
  }: Told = {},
): PlannedRun {
  const tries = made.map(([item, outcome], place) => ({
    item,
    outcome,
    attempt: made.slice(0, place).filter(([before]) => before === item).length,
    receipt: ReceiptId.parse(`rcpt_${String(index * 1000 + place).padStart(24, "0")}`),
    at,
  }));
  const receipts = tries.map(({ item, receipt, outcome }, seq) => ({
    item,
    receipt,
    at,
    gateway,
    seq: index * 1000 + seq,
    answered: outcome !== "errored",
  }));
  const plan = { measure: suite.measure, rule: "fixed", trials: 4, confidence: 0.95 } as const;
  return {
    permit: PermitId.parse(`permit_${String(index).padStart(16, "0")}`),
    attempts,
    exchanges: receipts.length + hidden,
    receipts,
    tries: isSealed ? tries : null,
    registered: {
      run: RunId.parse(`run_${String(index).padStart(16, "0")}`),
      digests,
      by,
      at,
      index,
      attempts,
      plan,
      notAfter: "2026-03-02T00:00:00.000Z",
      items: { root: digestOfLabel("root"), count: items.length },
      ...(isProbe ? { probe: { ...probe, watch: Name.parse(of) } } : {}),
    },
    sealed: isSealed ? { at, by, grader: digests.grader, withdrawn: isWithdrawn } : null,
  };
}

function allOf(runs: readonly PlannedRun[], freshFrom = "2026-02-01T00:00:00.000Z"): Counted {
  const of = { watch, began: 5, freshFrom: instantOf(freshFrom) };
  return countProbes({ suite, digests, runs, clusters }, of, nodePrimitives);
}

function counted(...runs: readonly PlannedRun[]): Pick<Counted, "exchanges" | "bad" | "good"> {
  const { exchanges, bad, good } = allOf(runs);
  return { exchanges, bad, good };
}

const all = (outcome: TrialOutcome): Asked => asked.map((item) => [item, outcome]);
const nothing: Asked = [];

test("all that was drawn counts from the permit on, and is unknown until it is asked and sealed", () => {
  assert.deepEqual(counted(runOf(all("safe"))), { exchanges: 4, bad: 0, good: 4 });
  assert.deepEqual(counted(runOf(nothing)), { exchanges: 4, bad: 0, good: 0 });
  assert.deepEqual(counted(runOf(all("safe").slice(0, 1))), { exchanges: 4, bad: 0, good: 1 });
  assert.deepEqual(counted(runOf(all("safe"), { isSealed: false })), { exchanges: 4, bad: 0, good: 0 });
  assert.deepEqual(counted(runOf(all("harmful"))), { exchanges: 4, bad: 4, good: 0 });
});

test("what was asked beside the draw helps nobody, and counts where it is not clean", () => {
  assert.deepEqual(counted(runOf([...all("safe"), [stray, "safe"]])), { exchanges: 4, bad: 0, good: 4 });
  assert.deepEqual(counted(runOf([...all("safe"), [stray, "harmful"]])), { exchanges: 5, bad: 1, good: 4 });
});

test("asked until it is good it is not good: an exchange whose receipt was kept back is one that nobody knows", () => {
  assert.deepEqual(counted(runOf(all("safe"), { hidden: 2 })), { exchanges: 6, bad: 0, good: 4 });
});

test("a probe that asks less often than the laboratory did leaves attempts out", () => {
  const twice: Asked = items.flatMap(({ id }): Asked => [
    [id, "safe"],
    [id, "safe"],
  ]);
  const laboratory = runOf(twice, { index: 2, attempts: 2, isProbe: false });
  assert.deepEqual(counted(laboratory, runOf(all("safe"))), { exchanges: 4, bad: 0, good: 0 });
  assert.deepEqual(counted(laboratory, runOf(all("harmful"))), { exchanges: 4, bad: 4, good: 0 });
  assert.deepEqual(counted(laboratory, runOf([...all("safe"), ...all("safe")], { attempts: 2 })), {
    exchanges: 4,
    bad: 0,
    good: 4,
  });
  const later = { ...laboratory, registered: { ...laboratory.registered, index: 20 } };
  assert.deepEqual(
    counted(later, runOf(all("safe"))),
    { exchanges: 4, bad: 0, good: 4 },
    "nobody could know of a later run",
  );
});

test("a period counts its own probes of this measure; the bet that goes on counts the laboratory, once, and all of them", () => {
  const clean: Asked = items.map(({ id }) => [id, "safe"]);
  const laboratory = runOf(clean, { index: 2, isProbe: false });
  const before = runOf(all("harmful"), { index: 4 });
  const now = runOf(all("safe"), { index: 9 });
  const another = runOf(all("harmful"), { index: 10, of: "another" });
  const { exchanges, bad, good, inAll, laboratory: found, probes } = allOf([laboratory, before, now, another]);
  assert.deepEqual({ exchanges, bad, good, probes }, { exchanges: 4, bad: 0, good: 4, probes: 1 });
  assert.deepEqual(found, { exchanges: 12, bad: 0, good: 12 });
  assert.deepEqual(inAll, { exchanges: 20, bad: 4, good: 16 });
});

const isFresh = (told: Told, from?: string): boolean => allOf([runOf(all("safe"), told)], from).isFresh;

test("fresh is what was sealed lately in this period, and not taken back", () => {
  assert.equal(isFresh({}), true);
  assert.equal(isFresh({}, "2026-03-01T00:00:00.001Z"), false);
  assert.equal(isFresh({ index: 4 }), false);
  assert.equal(isFresh({ isSealed: false }), false);
  assert.equal(isFresh({ isWithdrawn: true }), false);
});
