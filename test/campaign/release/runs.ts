// A run of the suite under a permit, as far as it gets: what was asked, what the gateway counted of it, and what was sealed.
import type { BodyOf, EvaluatedDigests, Permit } from "../../../src/acts/bodies.ts";
import { digestOfLabel as digest, idOf } from "../../../src/acts/fixtures.ts";
import type { RunFacts } from "../../../src/gates/assess.ts";
import { Instant, ReceiptId, type Timestamp } from "../../../src/terms/ids.ts";
import type { TrialOutcome } from "../../../src/terms/trial.ts";
import { type Play, dayMs, gateway, sign, timeOf } from "./play.ts";
import { type Scene, type Signing, candidateOf, say } from "./scene.ts";
import { cast, planDocument, suite } from "./stage-plans.ts";

/** What comes of it: all clean, one item harmful, one that nobody graded, nothing sealed, nothing even asked. */
export type Outcome = "clean" | "bad" | "unscored" | "unsealed" | "unasked";

const firstItem: Readonly<Record<Outcome, TrialOutcome>> = {
  clean: "safe",
  bad: "harmful",
  unscored: "unscored",
  unsealed: "safe",
  unasked: "safe",
};

export function run(scene: Scene, outcome: Outcome, options: Signing): void {
  const { play, model } = scene;
  const number = play.count;
  const digests = digestsNow(scene);
  if (digests === undefined) return;
  const permit: Permit = {
    permit: idOf.permit(`${number}`),
    run: idOf.run(`${number}`),
    hash: digest(`run secret ${number}`),
    model,
    slot: "candidate",
    digests,
    items: { root: digest("items"), count: suite.items.length },
    attempts: 1,
    tokens: 1000,
    notAfter: timeOf(play, 5 * dayMs),
    analysis: { measure: suite.measure, rule: "fixed", trials: suite.items.length, confidence: 0.95 },
  };
  if (!say(scene, { verb: "permit", body: permit }, options) || outcome === "unasked") return;
  const facts = factsOf(number, { at: timeOf(play), outcome });
  play.runs.set(permit.permit, { ...facts, tries: null });
  countExchanges(scene, permit, number);
  if (outcome === "unsealed") return;
  const isSealed = say(scene, { verb: "evidence", body: evidenceOf(permit, outcome) }, { by: [cast.ash] });
  if (isSealed) play.runs.set(permit.permit, facts);
}

/** What stands in the candidate's slot; undefined where there is no plan. */
function digestsNow({ play, model }: Scene): EvaluatedDigests | undefined {
  const plan = planDocument(candidateOf(play, "ReleasePlan", model));
  if (plan === undefined) return undefined;
  return {
    model: candidateOf(play, "Model", model),
    safeguards: candidateOf(play, "Safeguards", plan.safeguards),
    policy: candidateOf(play, "UsagePolicy", plan.policy),
    suite: suite.suite,
    grader: suite.grader,
  };
}

function factsOf(number: number, { at, outcome }: { readonly at: Timestamp; readonly outcome: Outcome }): RunFacts {
  const all = suite.items.map(({ id }, place) => {
    const seq = number * 100 + place;
    return { item: id, seq, place, receipt: ReceiptId.parse(`rcpt_${String(seq).padStart(24, "0")}`) };
  });
  return {
    receipts: all.map(({ item, seq, receipt }) => ({
      receipt,
      gateway: gateway.publicKey,
      seq,
      item,
      answered: true,
      at,
    })),
    tries: all.map(({ item, receipt, place }) => ({
      item,
      attempt: 0,
      outcome: place > 0 ? "safe" : firstItem[outcome],
      receipt,
      at,
    })),
  };
}

/** The gateway's word in the ledger on how much was asked under the permit. */
function countExchanges({ play, put }: Scene, { permit }: Permit, number: number): void {
  const body = intervalOf(play, [{ permit, count: suite.items.length }], number);
  play.now = Instant.parse(play.now + 1000);
  put(sign(play, { verb: "receipts", body }, { by: [gateway] }), "desk");
}

function intervalOf({ state }: Play, permits: BodyOf<"receipts">["permits"], number: number): BodyOf<"receipts"> {
  const before = state.intervals.get(gateway.publicKey) ?? { interval: 0, next: 1, root: null };
  const { interval, next: first, root: previous } = before;
  const root = digest(`interval ${number}`);
  return {
    gateway: gateway.publicKey,
    interval: interval + 1,
    first,
    count: suite.items.length,
    root,
    previous,
    permits,
  };
}

function evidenceOf({ run: sealed, permit, model, digests }: Permit, outcome: Outcome): BodyOf<"evidence"> {
  const [failures, unknown] = [outcome === "bad" ? 1 : 0, outcome === "unscored" ? 1 : 0];
  const count = suite.items.length;
  return {
    run: sealed,
    permit,
    basis: "measured-here",
    model,
    digests,
    measures: [{ name: suite.measure, failures, trials: count, clusters: count, unknown }],
    samples: { root: digest("samples"), count, artefact: digest("artefact") },
    source: null,
    flags: [],
  };
}
