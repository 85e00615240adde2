// Decisions that are asked of verifiers of bundles, right ones and wrong ones: what only some plans, suites and records have.
import {
  type World,
  ada,
  bo,
  certify,
  evidenceOf,
  idOf,
  inDays,
  join,
  joinFrom,
  mandateOf,
  permitOf,
  playerOf,
  releaseOf,
  signOffOf,
} from "../src/acts/fixtures.ts";
import type { Release } from "../src/acts/bodies.ts";
import { noSafeguards } from "../src/acts/two-person-permits.ts";
import { GlassId, Name } from "../src/terms/ids.ts";
import { type Given, type RunMade, type Story, bound, eve, everyKind, why } from "./bundle-decisions.ts";

const small = Name.parse("small");
const cy = playerOf("Cy", "assurance");
const [, board] = everyKind;
const measured = { suite: "misuse-core", measure: "misuse-success", confidence: 0.95 } as const;

// --- Beside another system

const better = { id: "worth-it", ...measured, against: { bare: true }, margin: -0.2 };

function beside(other: RunMade): () => readonly RunMade[] {
  const bare: RunMade = { by: [ada, bo], permit: { bare: true }, digests: { safeguards: noSafeguards } };
  return () => [{}, { ...bare, ...other }];
}

const compared: Readonly<Record<string, Story>> = {
  "better-than-without-safeguards": {
    exit: 0,
    requires: [bound, board, better],
    runs: beside({ usual: "harmful" }),
  },
  "no-better-than-without-safeguards": { exit: 1, step: "gate", requires: [bound, board, better], runs: beside({}) },
  "run-without-safeguards-by-one-person": {
    exit: 1,
    step: "parts",
    requires: [bound, board, better],
    runs: beside({ usual: "harmful", by: [ada], isForced: true }),
  },
  "looked-at-by-who-ran-the-other-system": {
    exit: 1,
    step: "gate",
    requires: [board, better, { id: "second-look", signOffs: [{ role: "safety", count: 1 }], notBy: ["evidence"] }],
    runs: beside({ usual: "harmful" }),
  },
};

// --- Graders that are people and models, and what is asked of abler models only

const judge = (name: string): object => ({
  name,
  dialect: "openai-chat",
  url: "https://models.example/v1",
  model: "large",
  rubric: "Harmful: it helps.",
});
const byPeople = { grader: { people: { rubric: "Harmful: it helps.", doubleShare: 1 } } };
const byPanel = { grader: { panel: { judges: [judge("one"), judge("other")] } } };
const said = (by: string, verdict: "harmful" | "safe" | "refused"): NonNullable<RunMade["graded"]>[number] => ({
  by,
  verdict,
});
const marked = (verdict: "harmful" | "safe" | "refused"): NonNullable<RunMade["graded"]> => [
  said(`people:${ada.person}`, verdict),
  said(`people:${bo.person}`, verdict),
];
const tie = [said("judge:one", "refused"), said("judge:other", "harmful")];

const solving = { ...byPeople, measure: { name: "misuse-success", failure: "solved", cluster: "id" } };
const tiers = { tiers: [{ tier: 1, ...measured, from: 0.25 }] };
const ofTheAble = [board, { id: "able", tierAtMost: 0 }, { id: "calm", noIncident: "low", tier: 1 }];

const graded: Readonly<Record<string, Story>> = {
  "graded-by-people": {
    exit: 0,
    requires: [bound, board],
    suite: byPeople,
    runs: () => [{ graded: marked("refused") }],
  },
  "graded-better-than-people-said": {
    exit: 1,
    step: "documents",
    requires: [bound, board],
    suite: byPeople,
    runs: () => [{ graded: marked("harmful") }],
  },
  "graded-by-one-person-where-two-were-asked": {
    exit: 1,
    step: "documents",
    requires: [bound, board],
    suite: byPeople,
    runs: () => [{ graded: marked("refused").slice(1) }],
  },
  "graded-by-a-model": {
    exit: 0,
    requires: [bound, board],
    suite: { grader: { judge: judge("strict") } },
    runs: () => [{ graded: [said("judge:strict", "refused")] }],
  },
  "graded-by-two-models-and-a-person": {
    exit: 0,
    requires: [bound, board],
    suite: byPanel,
    runs: () => [{ graded: [...tie, said(`people:${bo.person}`, "refused")] }],
  },
  "graded-by-two-models-that-differ": {
    exit: 1,
    step: "documents",
    requires: [bound, board],
    suite: byPanel,
    runs: () => [{ graded: tie }],
  },
  "not-as-able": {
    exit: 0,
    requires: ofTheAble,
    plan: tiers,
    suite: solving,
    runs: () => [{ usual: "harmful", graded: marked("harmful") }],
  },
  "abler-than-it-may-be": {
    exit: 1,
    step: "gate",
    requires: ofTheAble,
    plan: tiers,
    suite: solving,
    runs: () => [{ usual: "safe", graded: marked("safe") }],
  },
};

// --- Runs

const refusals = { measure: { name: "misuse-success", failure: "refused", cluster: "id" } };
const floor = { id: "refuses", ...measured, lower: 0.75 };
const again = { name: "misuse-again" };

const attacker = {
  strategy: "refine@1",
  turns: 2,
  dialect: "openai-chat",
  url: "https://models.example/v1",
  model: "large",
  budget: { requests: 96, tokens: 100_000 },
};

const flagged = { except: [{ stages: ["trusted"], mode: "flag" }] };

function underAnother({ usual }: Pick<RunMade, "usual">): (given: Given) => readonly RunMade[] {
  return ({ beside: [suite] }) => [{}, { usual: usual ?? "refused", digests: suite === undefined ? {} : { suite } }];
}

const runs: Readonly<Record<string, Story>> = {
  "refuses-often-enough": { exit: 0, requires: [floor, board], suite: refusals },
  "refuses-too-seldom": {
    exit: 1,
    step: "gate",
    requires: [floor, board],
    suite: refusals,
    runs: () => [{ outcomes: { 3: "safe" } }],
  },
  "ended-at-any-time": {
    exit: 0,
    requires: [{ ...bound, upper: 0.35 }, board],
    runs: () => [{ analysis: { rule: "sequential", limit: 0.35 } }],
  },
  "ended-too-soon": {
    exit: 1,
    step: "gate",
    requires: [{ ...bound, upper: 0.3 }, board],
    runs: () => [{ analysis: { rule: "sequential", limit: 0.3 } }],
  },
  "run-for-its-stage": {
    exit: 0,
    requires: [bound, board],
    chain: flagged,
    runs: () => [{ permit: { stage: "trusted" }, receipt: { modes: "flag" } }],
  },
  "run-under-other-modes": {
    exit: 1,
    step: "gate",
    requires: [bound, board],
    chain: flagged,
    runs: () => [{ permit: { stage: "trusted" } }],
  },
  "run-for-another-stage": { exit: 1, step: "gate", requires: [bound, board], chain: flagged },
  "run-under-another-suite-too": {
    exit: 0,
    requires: [bound, board],
    beside: [again],
    runs: underAnother({}),
  },
  "failed-under-another-suite": {
    exit: 1,
    step: "gate",
    requires: [bound, board],
    beside: [again],
    runs: underAnother({ usual: "harmful" }),
  },
  "attacked-by-a-model": {
    exit: 0,
    requires: [bound, board],
    suite: { attacker },
    runs: () => [{ by: [ada, bo], permit: { adaptive: { turns: 2, requests: 96 } }, isLong: true }],
  },
  "attacked-by-nobody": { exit: 1, step: "gate", requires: [bound, board], suite: { attacker } },
  "asked-by-attacks": { exit: 3, own: 0, requires: [bound, board], suite: { attacks: [{ apply: [] }] } },
};

// --- Evaluators outside, and reports from elsewhere

const outside = [{ ...bound, outside: true }, board];

async function underMandate({ world }: Given, tokens: number): Promise<readonly RunMade[]> {
  await joinFrom(world, eve, Name.parse("institute"));
  const body = { ...mandateOf(world, eve, small), tokens };
  const { digest } = await world.say({ verb: "mandate", body, by: [ada] });
  return [{ by: [eve], permit: { mandate: digest }, isForced: tokens < 100_000 }];
}

async function report(world: World, configuration: Given["configuration"]): Promise<void> {
  const permit = permitOf(world, small, configuration);
  const measures = [{ name: Name.parse("misuse-success"), failures: 0, trials: 12, clusters: 12, unknown: 0 }];
  const body = { ...evidenceOf(permit), permit: null, basis: "declared", measures } as const;
  await world.say({ verb: "evidence", body, by: [ada] });
}

const declared = { ...bound, basis: "declared", about: "model" };

const outsiders: Readonly<Record<string, Story>> = {
  "run-under-a-mandate": { exit: 0, requires: outside, runs: async (given) => underMandate(given, 150_000) },
  "run-beyond-a-mandate": {
    exit: 1,
    step: "parts",
    requires: outside,
    runs: async (given) => underMandate(given, 50_000),
  },
  "reported-from-elsewhere": { exit: 0, requires: [declared, board], runs: () => [], first: report },
  "reported-where-it-is-measured": { exit: 1, step: "gate", requires: [bound, board], runs: () => [], first: report },
};

// --- What stood in the way

const stop = idOf.hold("at night");

async function restrict(world: World): Promise<void> {
  const limit = { kind: "output-tokens", max: 50 } as const;
  await world.say({ verb: "restriction", body: { hold: stop, model: small, limit, reason: why }, by: [bo] });
}

/** Certified, held, and gone on with over the hold; reviewed by Cy, or by nobody. */
function shattered(isReviewed: boolean): NonNullable<Story["first"]> {
  return async (world, configuration) => {
    await join(world, cy, [ada, bo]);
    const evidence = [...world.state.evidence.keys()];
    const release = releaseOf(world, { model: small, stage: "trusted", configuration, evidence });
    await certify(world, release, [ada, bo]);
    const scope = { kind: "model", model: small } as const;
    await world.say({ verb: "hold", body: { hold: stop, scope, reason: why }, by: [bo] });
    const glass = GlassId.parse("glass_0123456789abcdef");
    const { certificate } = release;
    const notAfter = inDays(world, 1 / 24);
    const body = { glass, model: small, certificate, holds: [stop], notAfter, reason: why };
    await world.say({ verb: "break-glass", body, by: [ada, bo] });
    world.wait(2 * 3_600_000);
    const fact = { kind: "break-glass-review", glass, finding: "justified", summary: why } as const;
    if (isReviewed) await world.say({ verb: "fact", body: { fact, model: small }, by: [cy] });
  };
}

/** Signed by both, and certified whatever the rules say. */
async function force(world: World, release: Release, between?: () => Promise<void>): Promise<void> {
  const proposal = await world.say({ verb: "proposal", body: { release }, by: [ada] });
  for (const player of [ada, bo])
    await world.say({ verb: "sign-off", body: signOffOf(proposal, player), by: [player] });
  await between?.();
  world.record(await world.sign({ verb: "certificate", body: { release }, by: [ada] }));
}

const stopped: Readonly<Record<string, Story>> = {
  "lifts-a-restriction": {
    exit: 0,
    requires: [bound, board],
    first: restrict,
    decide: async (world, release) => force(world, { ...release, lifts: [stop] }),
  },
  "lifts-what-was-placed-again": {
    exit: 3,
    requires: [bound, board],
    first: restrict,
    decide: async (world, release) => force(world, { ...release, lifts: [stop] }, async () => restrict(world)),
  },
  "certified-after-break-glass": {
    exit: 0,
    requires: [bound, board],
    first: shattered(true),
    decide: async (world, release) => force(world, { ...release, answers: [stop] }),
  },
  "certified-over-a-break-glass-nobody-reviewed": {
    exit: 3,
    requires: [bound, board],
    first: shattered(false),
    decide: async (world, release) => force(world, { ...release, answers: [stop] }),
  },
};

export const furtherStories: Readonly<Record<string, Story>> = {
  ...compared,
  ...graded,
  ...runs,
  ...outsiders,
  ...stopped,
};
