// Whether runs went as they were registered, and what a requirement makes of it: from the fold, receipts and sealed samples.
import assert from "node:assert/strict";
import { test } from "node:test";
import { assert as check, array, constantFrom, integer, property } from "fast-check";
import type { BodyOf, Permit } from "../acts/bodies.ts";
import { digestOfLabel, idOf } from "../acts/fixtures.ts";
import { type Person, type State, emptyState } from "../acts/state.ts";
import {
  type Digest,
  Instant,
  Name,
  PersonId,
  PublicKey,
  ReceiptId,
  type Timestamp,
  timestampOf,
} from "../terms/ids.ts";
import type { TrialOutcome } from "../terms/trial.ts";
import { type RunFacts, type SuiteFacts, assess, plannedRun, poolKey } from "./assess.ts";
import type { RequirementJudgement } from "./judgement.ts";
import { ReleasePlan } from "./plan-document.ts";
import { deviationsOf } from "./registration.ts";

const small = Name.parse("small");
const start = Date.parse("2026-03-01T00:00:00.000Z");
const minute = 60_000;
const gateway = PublicKey.parse(`${"A".repeat(43)}=`);
const itemCount = 60;
const items = Array.from({ length: itemCount }, (_, number) => {
  const id = digestOfLabel(`item ${number}`);
  return { id, cluster: `${number}` };
});
/** The order in which a sequential plan asks. */
const inOrder = items.map(({ id }) => id).toSorted();
const suite: SuiteFacts = {
  name: Name.parse("core"),
  suite: digestOfLabel("suite"),
  grader: digestOfLabel("grader"),
  measure: Name.parse("rate"),
  failure: "served-and-harmful",
  items,
  calibration: { set: digestOfLabel("labelled"), failed: 5, clean: 5 },
};
const configuration = {
  model: digestOfLabel("model"),
  safeguards: digestOfLabel("safeguards"),
  policy: digestOfLabel("policy"),
};
const own = PersonId.parse("person_0123456789abcdef");
const eve = PersonId.parse("person_00000000000000ee");
const limit = 0.1;
const sequential = { rule: "sequential" } as const;

interface Told {
  /** Of a suite with another digest, whose items are those in `order`. */
  readonly under?: string;
  readonly plan?: Partial<Permit["analysis"]>;
  /** Minutes after the start: registered, first answer, sealed (null: never), end of the permit. */
  readonly registered?: number;
  readonly asked?: number;
  readonly sealed?: number | null;
  readonly end?: number;
  /** Of the items in `order`; what is left out was never asked. */
  readonly outcomes?: readonly TrialOutcome[];
  readonly order?: readonly string[];
  /** Exchanges that the ledger counts and of which there is no receipt. */
  readonly hidden?: number;
  readonly by?: PersonId;
  readonly sealedBy?: PersonId;
  readonly withdrawnBy?: PersonId;
  readonly change?: (body: BodyOf<"evidence">) => BodyOf<"evidence">;
}

const clean: readonly TrialOutcome[] = Array.from({ length: itemCount }, () => "safe");
const after = (minutes: number): Timestamp => timestampOf(Instant.parse(start + minutes * minute));

interface Record {
  readonly state: State;
  readonly runs: Map<Permit["permit"], RunFacts>;
}

function recordOf(told: readonly Told[]): Record {
  const record: Record = { state: emptyState(), runs: new Map() };
  const { state } = record;
  for (const [person, affiliation] of [
    [own, undefined],
    [eve, Name.parse("city-university")],
  ] as const) {
    const known: Person = {
      person,
      role: "evaluator",
      key: gateway,
      keys: [],
      name: digestOfLabel(person),
      admitted: 0,
      suspended: false,
      ...(affiliation === undefined ? {} : { affiliation }),
    };
    state.persons.set(person, known);
  }
  for (const [number, one] of told.entries()) addRun(record, number, one);
  return record;
}

function suiteOf({ under }: Told): Digest {
  return under === undefined ? suite.suite : digestOfLabel(under);
}

function addRun({ state, runs }: Record, number: number, told: Told): void {
  const { registered = 10 * number, outcomes = clean, by = own, end = 1440 } = told;
  const asked = told.asked ?? registered + 1;
  const sealed = told.sealed === undefined ? registered + 5 : told.sealed;
  const permit: Permit = {
    permit: idOf.permit(`${number}`),
    run: idOf.run(`${number}`),
    hash: digestOfLabel(`secret ${number}`),
    model: small,
    slot: "candidate",
    digests: { ...configuration, suite: suiteOf(told), grader: suite.grader },
    items: { root: digestOfLabel("items"), count: itemCount },
    attempts: 1,
    tokens: 1,
    notAfter: after(end),
    analysis: { measure: suite.measure, rule: "fixed", trials: itemCount, confidence: 0.9, limit, ...told.plan },
  };
  state.permits.set(permit.permit, { ...permit, by, at: after(registered), index: number + 1 });
  const made = outcomes.map((outcome, at) => ({
    item: (told.order ?? inOrder)[at] ?? "",
    attempt: 1,
    outcome,
    receipt: ReceiptId.parse(`rcpt_${String(1000 * number + at).padStart(24, "0")}`),
    at: after(asked),
  }));
  state.permitExchanges.set(permit.permit, made.length + (told.hidden ?? 0));
  runs.set(permit.permit, {
    tries: made,
    receipts: made.map(({ item, receipt, outcome }, at) => ({
      receipt,
      gateway,
      seq: 1000 * number + at + 1,
      item,
      answered: outcome !== "errored",
      at: after(asked),
    })),
  });
  if (sealed !== null) addEvidence(state, permit, { told, number, sealed, by });
}

interface Ending {
  readonly told: Told;
  readonly number: number;
  readonly sealed: number;
  readonly by: PersonId;
}

function addEvidence(state: State, permit: Permit, { told, number, sealed, by }: Ending): void {
  const act = digestOfLabel(`evidence ${number}`);
  const body: BodyOf<"evidence"> = {
    run: permit.run,
    permit: permit.permit,
    basis: "measured-here",
    model: small,
    digests: permit.digests,
    measures: [{ name: suite.measure, failures: 0, trials: 1, clusters: 1, unknown: 0 }],
    samples: { root: digestOfLabel("samples"), count: 1, artefact: digestOfLabel("artefact") },
    source: null,
    flags: [],
  };
  const taken = told.withdrawnBy === undefined ? {} : { withdrawnBy: told.withdrawnBy };
  const common = { by: told.sealedBy ?? by, role: "evaluator", at: after(sealed), index: 100 + number } as const;
  const withdrawn = told.withdrawnBy !== undefined;
  state.evidence.set(act, { act, body: told.change?.(body) ?? body, ...common, withdrawn, ...taken });
}

const planFor = (asked: object): ReleasePlan =>
  ReleasePlan.parse({
    kind: "ReleasePlan",
    model: "small",
    safeguards: "default",
    policy: "default",
    stages: [
      {
        stage: "trusted",
        audience: { types: ["partner"] },
        requires: [
          { id: "measure", suite: "core", measure: "rate", upper: limit, confidence: 0.9, ...asked },
          { id: "board", signOffs: [{ role: "owner", count: 1 }] },
        ],
        certificate: { validDays: 30 },
      },
    ],
  });
const followed = planFor({ registered: "followed" });

function judged(told: readonly Told[], asked?: object): RequirementJudgement {
  const plan = asked === undefined ? followed : planFor(asked);
  const at = Instant.parse(start + 30 * 1440 * minute);
  const chain = [{ mode: "block" }] as const;
  const alike = new Set(told.filter(({ under }) => under !== undefined).map(suiteOf));
  const suites = [{ ...suite, alike }];
  const input = { plan, stage: "trusted", configuration, chain, suites, proposal: undefined, at } as const;
  const [measure] = assess({ ...input, ...recordOf(told) }).requirements;
  assert.ok(measure !== undefined);
  return measure;
}

const verdict = (told: readonly Told[], asked?: object): string => judged(told, asked).verdict;
const failing = (count: number): readonly TrialOutcome[] => clean.map((_, at) => (at < count ? "harmful" : "safe"));

test("a plan that was registered for the claim and followed counts, and a stronger one does, too", () => {
  assert.equal(verdict([{}]), "pass");
  assert.equal(verdict([{ plan: { limit: 0.05, confidence: 0.99 } }]), "pass");
});

test("a plan that left its limit open, or was for a weaker claim, does not count where a registered one is asked for", () => {
  for (const [plan, words] of [
    [{ limit: undefined }, /no limit was registered/],
    [{ limit: 0.2 }, /a weaker claim/],
    [{ confidence: 0.8 }, /a weaker claim/],
  ] as const) {
    const { verdict: said, why } = judged([{ plan }]);
    assert.equal(said, "inconclusive");
    assert.match(why, words);
    assert.equal(verdict([{ plan }], {}), "pass");
  }
});

const deviating: readonly (readonly [string, Told, RegExp])[] = [
  ["sealed early, one trial short", { outcomes: clean.slice(1) }, /sealed before its permit ended/],
  ["ended one trial short", { outcomes: clean.slice(1), end: 3 }, /fewer trials than were registered/],
  [
    "planned with a trial less than its suite has, and sealed early with as many",
    { plan: { trials: itemCount - 1 }, outcomes: clean.slice(1) },
    /sealed before its permit ended/,
  ],
  ["answered before it was registered", { registered: 30, asked: 10 }, /before it was registered/],
  ["answered after its end", { asked: 30, end: 10, sealed: 40 }, /after its permit had ended/],
  [
    "graded by another grader",
    { change: (body) => ({ ...body, digests: { ...body.digests, grader: digestOfLabel("kinder") } }) },
    /another grader/,
  ],
  [
    "calibrated on another set",
    {
      change: (body) => ({
        ...body,
        grading: {
          calibration: {
            set: digestOfLabel("easier"),
            sensitivity: { hits: 5, of: 5 },
            specificity: { hits: 5, of: 5 },
          },
        },
      }),
    },
    /on another set than its suite pins/,
  ],
];
for (const [name, told, words] of deviating) {
  test(`a run that was ${name} is named, and does not count as followed`, () => {
    const { verdict: said, why } = judged([told]);
    assert.equal(said, "inconclusive");
    // A trial short is a trial unknown in any case, and one of those alone does not cost the pass.
    assert.match(why, words);
    assert.equal(verdict([told], {}), "pass");
  });
}

test("runs are of one pool where their digests and the modes they were made under are, whatever stage they are for", () => {
  const { state } = recordOf([{}, {}]);
  const [one, other] = [...state.permits.values()];
  assert.ok(one !== undefined && other !== undefined);
  const chain = [{ mode: "block", except: [{ stages: ["internal"], mode: "flag" }] }] as const;
  const pooling = { state, configuration, chain, runs: new Map() };
  const key = (permit: Permit): string => poolKey(pooling, suite, permit);
  const at = (stage: "internal" | "trusted" | "general"): Permit => ({ ...one, stage });
  assert.equal(key(one), key(other));
  assert.equal(key(at("trusted")), key(at("general")));
  assert.notEqual(key(at("internal")), key(at("trusted")));
  const elsewhere = { ...configuration, safeguards: digestOfLabel("others") };
  assert.notEqual(key({ ...one, digests: { ...one.digests, ...elsewhere } }), key(one));
});

test("a run that was begun and never sealed stands against the next one that was registered", () => {
  const { verdict: said, why } = judged([{ sealed: null, outcomes: ["safe"] }, {}]);
  assert.equal(said, "inconclusive");
  assert.match(why, /it was begun and is not sealed.*with 1 more/);
});

test("clocks that are minutes apart make no run late or early", () => {
  assert.equal(verdict([{ registered: 9, asked: 1 }]), "pass");
  assert.equal(verdict([{ asked: 17, end: 10, sealed: 18 }]), "pass");
});

/** What each run is marked with. */
function deviations(told: readonly Told[]): readonly (readonly string[])[] {
  const { state, runs } = recordOf(told);
  const planned = [...state.permits.values()].map((permit) =>
    plannedRun(state, permit, { tries: null, receipts: [], ...runs.get(permit.permit), failure: suite.failure }),
  );
  return planned.map((run) => deviationsOf(run, planned, suite));
}

test("a run after one that did not show it is marked as repeated", () => {
  assert.deepEqual(deviations([{ outcomes: failing(9) }, {}]), [[], ["repeated"]]);
  assert.deepEqual(deviations([{ sealed: null }, {}]), [["not-sealed"], ["repeated"]]);
  assert.deepEqual(deviations([{ outcomes: failing(9), withdrawnBy: own }, {}]), [["withdrawn"], ["repeated"]]);
  assert.deepEqual(deviations([{ plan: { limit: undefined }, outcomes: failing(1) }, {}]), [[], []]);
  assert.deepEqual(deviations([{ outcomes: failing(1) }, { plan: { limit: undefined } }]), [[], ["repeated"]]);
});

test("a run after one that showed it, one that was registered before the first began, and one that goes on are none", () => {
  assert.deepEqual(deviations([{}, { registered: 2000, end: 4000 }]), [[], []]);
  assert.deepEqual(deviations([{ registered: 0, asked: 9, outcomes: failing(9) }, { registered: 5 }]), [[], []]);
  const part = { plan: sequential, outcomes: clean.slice(0, 20) };
  assert.deepEqual(deviations([part, { plan: sequential }]), [[], []]);
  assert.deepEqual(deviations([part, {}]), [[], ["repeated"]]);
});

test("a permit that nothing was asked under is marked with nothing", () => {
  assert.deepEqual(deviations([{ outcomes: [], sealed: null }, {}]), [[], []]);
});

test("the best of five is not to be had: all runs of the plan count, sealed, withdrawn or left lying", () => {
  const bad = failing(5);
  const alone = [{ outcomes: bad }, {}, {}, {}, {}];
  for (const fate of [{}, { sealed: null }, { withdrawnBy: own }]) {
    for (const place of [0, 1, 2, 3, 4]) {
      const told: Told[] = alone.map((_, at) => (at === place ? { outcomes: bad, ...fate } : {}));
      for (const asked of [{}, { registered: "followed" }]) {
        assert.notEqual(verdict(told, asked), "pass", `${place} ${JSON.stringify(fate)}`);
      }
    }
  }
  assert.equal(verdict([{}, {}, {}, {}, {}]), "pass");
});

test("further runs never make a pass of what was none, whatever they say and however they end", () => {
  const outcome = constantFrom<TrialOutcome>("safe", "safe", "safe", "refused", "harmful", "errored");
  const run = array(outcome, { minLength: itemCount, maxLength: itemCount });
  const fates = constantFrom<Told>({}, { sealed: null }, { withdrawnBy: own });
  check(
    property(array(run, { minLength: 2, maxLength: 4 }), fates, integer({ min: 0, max: 3 }), (of, fate, place) => {
      const told: Told[] = of.map((outcomes, at) => ({ outcomes, ...(at === place ? fate : {}) }));
      const before = verdict(told.slice(0, 1), {});
      // What is left lying can still be sealed, and then is told what it came to.
      if (before !== "pass" && told[0]?.sealed !== null) assert.notEqual(verdict(told, {}), "pass");
    }),
    { seed: 20_261_130, numRuns: 150 },
  );
});

test("a sequential plan counts as far as it came, by a bound that holds whenever it is stopped", () => {
  const need = [...clean.keys()].find(
    (count) => verdict([{ plan: sequential, outcomes: clean.slice(0, count) }]) === "pass",
  );
  assert.ok(need !== undefined && need > 22 && need < itemCount, `${need}`);
  const short = judged([{ plan: sequential, outcomes: clean.slice(0, need - 1) }]);
  assert.equal(short.verdict, "inconclusive");
  assert.equal(short.have["method"], "anytime");
  assert.equal(short.have["trials"], need - 1);
  assert.match(short.stillToShow ?? "", /^1 more clean trial, or \d+ if one of them fails/);
  // As a fixed number of trials it is a run that was stopped early: all that was left out counts as failed.
  assert.equal(verdict([{ outcomes: clean.slice(0, need) }], {}), "inconclusive");
});

test("whoever leaves out what comes before in a sequential plan has it counted as failed", () => {
  const skipping = [...inOrder.slice(0, 5), ...inOrder.slice(20)];
  const { have, verdict: said } = judged([{ plan: sequential, order: skipping, outcomes: clean.slice(0, 45) }]);
  assert.equal(have["unknown"], 15);
  assert.notEqual(said, "pass");
});

test("an exchange that nobody shows is one failure more of a sequential plan, and not all that was not reached", () => {
  const told: Told = { plan: sequential, outcomes: clean.slice(0, 50), hidden: 1 };
  const { have } = judged([told]);
  assert.deepEqual([have["trials"], have["unknown"], have["untried"]], [51, 1, 1]);
});

test("a sequential run beside a fixed one is judged as fixed: all of the suite counts", () => {
  const part = { plan: sequential, outcomes: clean.slice(0, 50) };
  const { have } = judged([part, { registered: 0, outcomes: clean.slice(0, 55) }]);
  assert.deepEqual([have["method"], have["trials"], have["unknown"]], ["clopper-pearson", 60, 5]);
});

test("looked at after every trial, a sequential plan at its limit is shown safe no more often than it may be", () => {
  let seed = 20_261_130;
  const chance = (): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed / 2 ** 32;
  };
  const rounds = 120;
  let shown = 0;
  for (let round = 0; round < rounds; round += 1) {
    const outcomes = clean.map((): TrialOutcome => (chance() < limit ? "harmful" : "safe"));
    const looks = Array.from({ length: itemCount }, (_, at) => at + 1);
    if (looks.some((count) => verdict([{ plan: sequential, outcomes: outcomes.slice(0, count) }]) === "pass"))
      shown += 1;
  }
  assert.ok(shown <= 0.1 * rounds, `${shown} of ${rounds}`);
});

test("a run by an evaluator outside the operator has to show it by itself", () => {
  const outside = { outside: true };
  assert.equal(verdict([{}], outside), "inconclusive");
  assert.equal(verdict([{ by: eve }], outside), "pass");
  const theirs = { by: eve, outcomes: clean.slice(0, 20) };
  const { verdict: said, why } = judged([{}, theirs], outside);
  assert.equal(said, "inconclusive");
  assert.match(why, /evaluators outside the operator ran comes by itself to at most/);
  assert.equal(verdict([{ by: eve, sealedBy: own }], outside), "inconclusive");
  assert.equal(verdict([{ by: eve, withdrawnBy: eve }, {}], outside), "inconclusive");
});

test("what an evaluator outside found wrong nobody else takes back; they themselves can", () => {
  const bad = { by: eve, outcomes: failing(20) };
  assert.equal(verdict([bad], {}), "fail");
  assert.equal(verdict([{ ...bad, withdrawnBy: own }], {}), "fail");
  assert.equal(verdict([{ ...bad, withdrawnBy: eve }], {}), "inconclusive");
  assert.equal(verdict([{ ...bad, by: own, withdrawnBy: own }], {}), "inconclusive");
});

const renamed = "the same items in a file of another name";

test("a run that failed counts where its items are run again under another suite, and that one repeats it", () => {
  const told = [{ under: renamed, outcomes: failing(9) }, {}];
  const { verdict: said, have, why } = judged(told, {});
  assert.equal(said, "inconclusive");
  assert.equal(have["failures"], 9);
  assert.match(why, /under another suite, too: run_\w+/);
  assert.match(judged(told).why, /repeated/);
  assert.equal(verdict([{ under: renamed, outcomes: failing(30) }, {}], {}), "fail");
  assert.equal(verdict([{}, { under: renamed, outcomes: failing(9) }], {}), "inconclusive");
});

test("what was left lying, kept back or withdrawn under another suite is unknown in this one", () => {
  for (const fate of [{ sealed: null }, { withdrawnBy: own }, { hidden: 9 }] as const) {
    const { verdict: said, have } = judged([{ under: renamed, outcomes: clean.slice(0, 12), ...fate }, {}], {});
    assert.equal(said, "inconclusive", JSON.stringify(fate));
    assert.ok(Number(have["unknown"]) >= 9);
  }
});

test("a run under another suite of which no receipt is here may have asked anything", () => {
  const { verdict: said, have } = judged([{}, { under: renamed, outcomes: [], hidden: 9 }], {});
  assert.equal(said, "inconclusive");
  assert.equal(have["unknown"], 9);
});

/** Whose evidence says that its grader found so many of five, and spared so many. */
const stating = (found: number, spared: number): Told => ({
  change: (body) => ({
    ...body,
    grading: {
      calibration: {
        set: digestOfLabel("labelled"),
        sensitivity: { hits: found, of: 5 },
        specificity: { hits: spared, of: 5 },
      },
    },
  }),
});

test("of two runs whose evidence says otherwise of the same grader the worse counts", () => {
  const { have } = judged([stating(5, 3), stating(4, 5)], { corrected: true });
  assert.deepEqual([have["sensitivityHits"], have["specificityHits"]], [4, 3]);
});

test("what came out well under another suite shows nothing here", () => {
  const part = { outcomes: clean.slice(0, 5) };
  assert.equal(verdict([{ under: renamed }, part], {}), "inconclusive");
  assert.deepEqual(judged([{ under: renamed }, part], {}).have["untried"], itemCount - 5);
  assert.deepEqual(judged([{ under: renamed }], {}).have, { trials: 0 });
  assert.equal(verdict([{ under: renamed }, {}]), "pass");
});

test("a suite that leaves out what failed in another one is a repetition of it", () => {
  const dropped = Array.from({ length: 9 }, (_, number) => digestOfLabel(`left out ${number}`));
  const outcomes: readonly TrialOutcome[] = [...dropped.map(() => "harmful" as const), ...clean];
  const told = [{ under: "with nine more", order: [...dropped, ...inOrder], outcomes }, {}];
  assert.match(judged(told).why, /repeated/);
  assert.equal(verdict(told), "inconclusive");
});

test("runs of another suite that asked nothing of this one are not looked at", () => {
  const order = inOrder.map((_, number) => digestOfLabel(`other ${number}`));
  const { verdict: said, have, why } = judged([{ under: "others", order, outcomes: failing(30) }, {}]);
  assert.equal(said, "pass");
  assert.equal(have["elsewhere"], undefined);
  assert.doesNotMatch(why, /another suite/);
});

test("no run under another suite makes a pass of what was none", () => {
  const outcome = constantFrom<TrialOutcome>("safe", "safe", "safe", "refused", "harmful", "errored");
  const run = array(outcome, { minLength: itemCount, maxLength: itemCount });
  const fates = constantFrom<Told>({}, { sealed: null }, { withdrawnBy: own });
  check(
    property(run, run, fates, (first, other, fate) => {
      const told: Told[] = [{ outcomes: first }];
      const elsewhere = { under: renamed, outcomes: other, ...fate };
      for (const asked of [{}, { registered: "followed" }]) {
        if (verdict(told, asked) === "pass") continue;
        assert.notEqual(verdict([...told, elsewhere], asked), "pass");
        assert.notEqual(verdict([elsewhere, ...told], asked), "pass");
      }
    }),
    { seed: 20_261_130, numRuns: 150 },
  );
});
