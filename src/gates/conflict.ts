// Conflicts of interest, as far as the ledger can tell: whose own hand was in what is to be signed. It knows signatures and nothing
// else: not whom people work for, own a part of or are friends with. Such a conflict they declare themselves, by stepping back.
import { z } from "zod";
import type { Release } from "../acts/bodies.ts";
import type { Proposal, State } from "../acts/state.ts";
import type { PersonId } from "../terms/ids.ts";

/** What a person may have had a hand in: they proposed it, ran or sealed its evidence, or applied its documents. */
export const Conflict = z.enum(["proposer", "evidence", "model", "safeguards", "policy", "plan", "suites"]);
export type Conflict = z.infer<typeof Conflict>;

/** Every conflict of `person` with a proposal, whichever of them a plan minds. */
export function conflictsOf(state: State, { by, release }: Proposal, person: PersonId): readonly Conflict[] {
  const { model, safeguards, policy, plan, suites } = release.digests;
  const applied = (kind: Parameters<State["documents"]["get"]>[0], digests: readonly string[]): boolean =>
    [...(state.documents.get(kind)?.values() ?? [])].some(({ by: authors }) =>
      digests.some((digest) => authors.get(digest)?.has(person) === true),
    );
  const found: Readonly<Record<Conflict, boolean>> = {
    proposer: by === person,
    evidence: madeEvidence(state, release, person),
    model: applied("Model", [model]),
    safeguards: applied("Safeguards", [safeguards]),
    policy: applied("UsagePolicy", [policy]),
    plan: applied("ReleasePlan", [plan]),
    suites: applied("Suite", suites),
  };
  return Conflict.options.filter((conflict) => found[conflict]);
}

/** Gave or shared a permit on the released model and a suite of it, or sealed what came of one. */
function madeEvidence(state: State, { model, digests }: Release, person: PersonId): boolean {
  const suites: readonly string[] = digests.suites;
  const permitted = [...state.permits.values()].some(
    (permit) =>
      permit.model === model &&
      suites.includes(permit.digests.suite) &&
      (permit.by === person || permit.second === person),
  );
  const sealed = digests.evidence.some((act) => state.evidence.get(act)?.by === person);
  return permitted || sealed;
}
