// What a probe comes to, whatever was left out of it: the rest of what was drawn, attempts, receipts, bad answers, the sealing.
import assert from "node:assert/strict";
import { test } from "node:test";
import { digestOfLabel, idOf } from "../acts/fixtures.ts";
import { drawnClusters } from "../acts/probe-draw.ts";
import { nodePrimitives } from "../proof/node.ts";
import { Instant, Name, PermitId, PersonId, PublicKey, ReceiptId, RunId } from "../terms/ids.ts";
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
}

type Asked = readonly (readonly [item: string, outcome: TrialOutcome])[];

function runOf(
  made: Asked,
  { index = 9, attempts = 1, isProbe = true, hidden = 0, isSealed = true }: Told = {},
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
      ...(isProbe ? { probe } : {}),
    },
    sealed: isSealed ? { at, by, grader: digests.grader, withdrawn: false } : null,
  };
}

function counted(...runs: readonly PlannedRun[]): Pick<Counted, "exchanges" | "bad" | "good"> {
  const of = { watch, began: 5, freshFrom: Instant.parse(0) };
  const { exchanges, bad, good } = countProbes({ suite, digests, runs, clusters }, of, nodePrimitives);
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
