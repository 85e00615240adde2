// What judging a gate costs over 1,000 evidences: `judge`, over as many pools of a stage with 40 bounds; and `assess`, which pools 1,000
// sealed runs with their receipts before it judges. Beside each the least that anybody could do with the same data: read it as JSON
// and look at every entry once. Nothing is asked of a disk or a network.
// Usage: node bench/judge.ts [--write]. One line of JSON, then a table.
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { digestOfLabel, idOf } from "../src/acts/fixtures.ts";
import { emptyState } from "../src/acts/state.ts";
import { type AssessInput, type RunFacts, type SuiteFacts, assess } from "../src/gates/assess.ts";
import { judge } from "../src/gates/judge.ts";
import type { GateCase, PooledMeasure } from "../src/gates/judgement.ts";
import { ReleasePlan, tieredStages } from "../src/gates/plan-document.ts";
import { Instant, Name, PersonId, type PermitId, PublicKey, ReceiptId, timestampOf } from "../src/terms/ids.ts";

const evidences = 1000;
const suites = 40;
const itemsOfRun = 20;
const times = 41;

const at = Instant.parse(Date.parse("2026-11-30T00:00:00.000Z"));
const when = timestampOf(at);
const person = PersonId.parse("person_0123456789abcdef");
const gateway = PublicKey.parse(`${"A".repeat(43)}=`);
const rate = Name.parse("rate");
const configuration = {
  model: digestOfLabel("model"),
  safeguards: digestOfLabel("safeguards"),
  policy: digestOfLabel("policy"),
};

const known: readonly SuiteFacts[] = Array.from({ length: suites }, (_, number) => ({
  name: Name.parse(`suite-${number}`),
  suite: digestOfLabel(`suite ${number}`),
  grader: digestOfLabel("grader"),
  measure: rate,
  failure: "served-and-harmful",
  items: Array.from({ length: itemsOfRun }, (__, item) => ({
    id: digestOfLabel(`item ${item} of ${number}`),
    cluster: String(item),
  })),
}));

const plan = ReleasePlan.parse({
  kind: "ReleasePlan",
  model: "small",
  safeguards: "default",
  policy: "default",
  stages: [
    {
      stage: "trusted",
      audience: { types: ["partner"] },
      requires: [
        ...known.map(({ name }) => ({ id: name, suite: name, measure: "rate", upper: 0.2, confidence: 0.95 })),
        { id: "fresh", maxAgeDays: 30 },
        { id: "quiet", noIncident: "medium" },
        { id: "board", signOffs: [{ role: "owner", count: 1 }] },
      ],
      certificate: { validDays: 30 },
    },
  ],
});

function digestsOf({ suite, grader }: SuiteFacts): PooledMeasure["digests"] {
  return { ...configuration, suite, grader };
}

/** As many pools as evidences: each suite's under the released digests, and older ones. */
function gateCase(): GateCase {
  const measures = Array.from({ length: evidences }, (_, number): PooledMeasure[] => {
    const suite = known[number % suites];
    if (suite === undefined) return [];
    const isOld = number >= suites;
    const digests = { ...digestsOf(suite), ...(isOld ? { safeguards: digestOfLabel(`older ${number}`) } : {}) };
    const failed = number % 7;
    const counts = { clusters: 200, clustersFailed: failed, clustersUnknown: number % 3 };
    const tally = { trials: 200, failures: failed, unknown: number % 3, ...counts };
    const common = { suite: suite.name, measure: rate, basis: "measured-here", digests, tally } as const;
    return [{ ...common, untried: 0, open: 0, oldestTry: when, permits: [], answersMax: 1, wholly: failed }];
  }).flat();
  const named = known.map(({ name, suite, grader }) => ({ name, suite, grader }));
  const signOffs = [{ person, role: "owner", verdict: "for" }] as const;
  return { digests: { ...configuration, suites: named }, measures, signOffs, facts: [], at };
}

/** 1,000 sealed runs of 20 items, each with a receipt. */
function input(): AssessInput {
  const state = emptyState();
  const runs = new Map<PermitId, RunFacts>();
  for (let number = 0; number < evidences; number += 1) addRun(number, { state, runs });
  return { state, plan, stage: "trusted", configuration, chain: [], suites: known, runs, proposal: undefined, at };
}

function addRun(number: number, { state, runs }: Pick<AssessInput, "state"> & { runs: Map<PermitId, RunFacts> }): void {
  const suite = known[number % suites];
  if (suite === undefined) return;
  const [permit, run, digests] = [idOf.permit(`${number}`), idOf.run(`${number}`), digestsOf(suite)];
  const given = { by: person, at: when, index: number };
  const counts = { failures: 0, trials: itemsOfRun, clusters: itemsOfRun, unknown: 0 };
  const seen = suite.items.map(({ id: item }, place) => {
    const receipt = ReceiptId.parse(`rcpt_${String(number * itemsOfRun + place).padStart(24, "0")}`);
    return { item, receipt, seq: number * itemsOfRun + place + 1 };
  });
  state.permits.set(permit, {
    ...given,
    permit,
    run,
    hash: digestOfLabel(`secret ${number}`),
    model: plan.model,
    slot: "candidate",
    digests,
    items: { root: digestOfLabel("items"), count: itemsOfRun },
    attempts: 1,
    tokens: 1,
    notAfter: when,
    analysis: { measure: rate, rule: "fixed", trials: itemsOfRun, confidence: 0.95 },
  });
  state.permitExchanges.set(permit, itemsOfRun);
  const act = digestOfLabel(`evidence ${number}`);
  const samples = { root: digestOfLabel("samples"), count: itemsOfRun, artefact: digestOfLabel("artefact") };
  const about = { run, permit, basis: "measured-here", model: plan.model, digests } as const;
  const body = { ...about, measures: [{ name: rate, ...counts }], samples, source: null, flags: [] };
  state.evidence.set(act, { act, body, ...given, role: "owner", withdrawn: false });
  runs.set(permit, {
    tries: seen.map(({ item, receipt }) => ({ item, attempt: 0, outcome: "refused", receipt, at: when })),
    receipts: seen.map(({ item, receipt, seq }) => ({ receipt, gateway, seq, item, answered: true, at: when })),
  });
}

/** Milliseconds in the middle, and of the slowest in twenty. */
function timed(work: () => unknown): { readonly p50Ms: number; readonly p95Ms: number } {
  const all: number[] = [];
  for (let time = 0; time < times; time += 1) {
    const begun = performance.now();
    work();
    all.push(performance.now() - begun);
  }
  all.sort((one, other) => one - other);
  const of = (share: number): number => Number((all[Math.floor(all.length * share)] ?? 0).toFixed(2));
  return { p50Ms: of(0.5), p95Ms: of(0.95) };
}

/** Every value of it looked at once. */
function visit(value: unknown): number {
  if (typeof value !== "object" || value === null) return 1;
  return Object.values(value).reduce<number>((sum, one) => sum + visit(one), 0);
}

const [stage] = tieredStages(plan);
if (stage === undefined) throw new Error("the plan has a stage");
const pools = gateCase();
const poolsText = JSON.stringify(pools);
const asked = input();
const runsText = JSON.stringify([...asked.runs, ...asked.state.permits, ...asked.state.evidence]);
const bare = (text: string) => (): number => visit(JSON.parse(text));
const rows = {
  judge: { ...timed(() => judge(stage, pools)), bareP50Ms: timed(bare(poolsText)).p50Ms },
  assess: { ...timed(() => assess(asked)), bareP50Ms: timed(bare(runsText)).p50Ms },
};
const ratios = Object.entries(rows).map(([name, row]) => {
  const toBare = Number((row.p50Ms / row.bareP50Ms).toFixed(2));
  return [name, { ...row, toBare }] as const;
});
const result = {
  bench: "judge",
  at: new Date().toISOString(),
  evidences,
  requirements: stage.requires.length,
  itemsOfRun,
  verdicts: [judge(stage, pools).verdict, assess(asked).verdict],
  limitMs: 50,
  cpus: cpus().length,
  cpu: cpus()[0]?.model ?? "unknown",
  node: process.version,
  ...Object.fromEntries(ratios),
};
console.log(JSON.stringify(result));
console.table(Object.fromEntries(ratios));
if (process.argv.includes("--write"))
  writeFileSync(join(import.meta.dirname, "results", "judge.json"), `${JSON.stringify(result, null, 4)}\n`);
