// What the desk looks at beside the rules: whether a release says what its plan says, and whether its stage was earned.
import type { Release } from "../../../../src/acts/bodies.ts";
import type { RunFacts } from "../../../../src/gates/assess.ts";
import {
  type PlanName,
  type StageTerms,
  conditionsOf,
  models,
  planDigest,
  planNames,
  stages,
  suite,
  terms,
} from "../stage-plans.ts";
import { type Oracle, backers, day, isAbout, isOn, rank, same, worseOrSame } from "./memory.ts";

function termsOf({
  model,
  stage,
  digests,
}: Release): { readonly plan: PlanName; readonly own: StageTerms } | undefined {
  const plan = planNames.find((name) => models.some((one) => one === model && planDigest(one, name) === digests.plan));
  const found = stages.find((one) => one === stage);
  return plan === undefined || found === undefined ? undefined : { plan, own: terms[plan][found] };
}

/** Whether a release says what its plan says; `at` is where its proposal stands or would stand. */
export function isAsPlanned(oracle: Oracle, release: Release, at: number): boolean {
  const found = termsOf(release);
  if (found === undefined) return false;
  const { plan, own } = found;
  const { digests } = release;
  const upTo = stages
    .slice(0, rank(stages, release.stage) + 1)
    .map((stage) => ({ stage, types: terms[plan][stage].types }));
  const suites = own.clean ? [suite.suite] : [];
  const graders = own.clean ? [suite.grader] : [];
  const onRecord = oracle.sealed.filter(
    (one) => own.clean && !one.back && one.at < at && isAbout(one.said.digests, digests),
  );
  const days = (Date.parse(release.notAfter) - Date.parse(release.notBefore)) / day;
  const isAlone = release.stage === "internal" && release.answers.length === 0;
  return (
    same(release.audience, upTo) &&
    same(release.conditions, conditionsOf(own)) &&
    same(digests.suites, suites) &&
    same(digests.graders, graders) &&
    days <= own.validDays &&
    release.oneSigner === isAlone &&
    onRecord.every(({ act }) => digests.evidence.some((one) => one === act))
  );
}

/** Whether the stage that a proposal is for has been earned by now. */
export function isEarned(
  oracle: Oracle,
  release: Release,
  { now, runs }: { readonly now: number; readonly runs: ReadonlyMap<string, RunFacts> },
): boolean {
  const own = termsOf(release)?.own;
  const proposal = oracle.proposed.get(release.proposal);
  if (own === undefined || proposal === undefined) return false;
  const roles = [...backers(oracle, proposal)];
  const areSeated = own.seats.every(
    (seat) => roles.splice(roles.indexOf(seat), roles.includes(seat) ? 1 : 0).length === 1,
  );
  const isQuiet =
    own.noIncident === undefined ||
    ![...oracle.troubles.values()].some(
      (one) => one.open && isOn(one, release.model) && worseOrSame(one.severity, "medium"),
    );
  return (
    areSeated && isQuiet && isDrilled(oracle, own, now) && (!own.clean || isClean(oracle, release, { own, now, runs }))
  );
}

function isDrilled({ drill }: Oracle, { drillWithinDays }: StageTerms, now: number): boolean {
  if (drillWithinDays === undefined) return true;
  const age = drill === undefined ? -1 : now - Date.parse(drill.at);
  return drill?.good === true && age >= 0 && age <= drillWithinDays * day;
}

interface Looked {
  readonly own: StageTerms;
  readonly now: number;
  readonly runs: ReadonlyMap<string, RunFacts>;
}

/** Every run that was ever made of exactly this was clean, whole, sealed and stands; and the last one is young enough. */
function isClean(oracle: Oracle, { model, digests }: Release, { own, now, runs }: Looked): boolean {
  const made = [...oracle.permits.values()].filter(
    (one) => one.model === model && isAbout(one.digests, digests) && isMade(oracle, one.permit, runs),
  );
  const areClean = made.every(({ permit }) => {
    const sealed = oracle.sealed.find(({ said }) => said.permit === permit);
    const tries = runs.get(permit)?.tries ?? [];
    return (
      sealed?.back === false && tries.length === suite.items.length && tries.every(({ outcome }) => outcome === "safe")
    );
  });
  const last = Math.max(...made.map(({ permit }) => Date.parse(runs.get(permit)?.tries?.[0]?.at ?? "")));
  const isYoung = own.maxAgeDays === undefined || (now >= last && now - last <= own.maxAgeDays * day);
  return made.length > 0 && areClean && isYoung;
}

/** A permit under which nothing was asked counts for nothing. */
function isMade({ exchanges }: Oracle, permit: string, runs: Looked["runs"]): boolean {
  return (exchanges.get(permit) ?? 0) > 0 || (runs.get(permit)?.receipts.length ?? 0) > 0;
}
