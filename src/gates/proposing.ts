// What a proposal is made of before it is drafted: the holds that it answers, an open one that says the same, its suites. Pure, from the folded state, for whoever is to sign it: the command line and the console.
import { isOnCallers } from "../acts/hold-scope.ts";
import { type Proposal, type State, holdsOn, latestCertificate } from "../acts/state.ts";
import type { Slot } from "../acts/bodies.ts";
import { type SuiteDigests, candidate, stageOf } from "./draft.ts";
import { type ReleasePlan, suitesOf } from "./plan-document.ts";
import type { OpenStage } from "../terms/stage.ts";
import { Failure } from "../terms/failure.ts";
import { type Digest, type HoldId, type Instant, type Name, instantOf } from "../terms/ids.ts";

/**
 * The holds that a proposal answers: those that are named, or all that stop the model or a stage of it, so that signing it is
 * signing to reopen. Nobody reopens to a type, a country or a scope by the way.
 */
export function answeredBy(state: State, model: Name, named: readonly HoldId[]): readonly HoldId[] {
  const standing = holdsOn(state, model);
  const unknown = named.find((id) => !standing.some(({ hold }) => hold === id));
  if (unknown !== undefined)
    throw new Failure(
      "not_found",
      `${unknown} does not hold ${model}: headgate release status ${model} lists what does.`,
    );
  if (named.length > 0) return [...new Set(named)];
  return standing.filter(({ scope }) => !isOnCallers(scope)).map(({ hold }) => hold);
}

export interface Ends {
  readonly holds: readonly HoldId[];
  readonly lifts: readonly HoldId[];
}

/** A proposal that answers these holds, lifts what is asked and nothing else, and can still be advanced. */
export function openProposal(
  state: State,
  { holds, lifts, model }: Ends & { readonly model: Name },
  at: Instant,
): Proposal | undefined {
  const serial = latestCertificate(state, model)?.release.serial ?? 0;
  const answersAll = ({ release, certified }: Proposal): boolean =>
    release.model === model && !certified && isSameSet(release.answers, holds) && isSameSet(release.lifts ?? [], lifts);
  return [...state.proposals.values()]
    .filter(answersAll)
    .findLast(({ release }) => release.serial === serial + 1 && instantOf(release.decideBy) > at);
}

function isSameSet(one: readonly HoldId[], other: readonly HoldId[]): boolean {
  return new Set(one).size === new Set(other).size && one.every((id) => other.includes(id));
}

/**
 * The suites that a stage asks for, with the grader that runs of each were permitted with: what they were measured by stands in the
 * ledger. Fails with not_found for one that nobody has run yet; whoever has the suite at hand can tell its grader without.
 */
export function suitesOnRecord(
  state: State,
  { plan, stage, slot }: { readonly plan: ReleasePlan; readonly stage: OpenStage; readonly slot: Slot },
): readonly SuiteDigests[] {
  const pinned = slot === "in-force" ? latestCertificate(state, plan.model)?.release.digests.suites : undefined;
  return suitesOf(stageOf(plan, stage)).map((name) => {
    const all = state.documents.get("Suite")?.get(name)?.all;
    const suite = pinned?.find((digest) => all?.has(digest) === true) ?? candidate(state, "Suite", name);
    return { name, suite, grader: graderOnRecord(state, name, suite) };
  });
}

function graderOnRecord(state: State, name: Name, suite: Digest): Digest {
  const permit = [...state.permits.values()].findLast(({ digests }) => digests.suite === suite);
  if (permit !== undefined) return permit.digests.grader;
  throw new Failure(
    "not_found",
    `Nobody has run the suite ${name} yet, so that no evidence on it can count. Measure first: headgate eval run ${name}`,
  );
}
