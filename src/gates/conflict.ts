// Conflicts of interest, as far as the ledger can tell: whose own hand was in what is to be signed. It knows signatures and nothing
// else: not whom people work for, own a part of or are friends with. Such a conflict they declare themselves, by stepping back.
import { z } from "zod";
import type { Release } from "../acts/bodies.ts";
import type { GivenPermit, Proposal, State } from "../acts/state.ts";
import type { PersonId } from "../terms/ids.ts";

/** What a person may have had a hand in: they proposed it, ran or sealed its evidence, or applied its documents. */
export const Conflict = z.enum(["proposer", "evidence", "model", "safeguards", "policy", "plan", "suites"]);
export type Conflict = z.infer<typeof Conflict>;

interface Signed {
  readonly person: PersonId;
  /** Runs of other systems that the stage compares the released one with. */
  readonly compared: readonly GivenPermit[];
}

/** Every conflict of a person with a proposal, whichever of them a plan minds. */
export function conflictsOf(
  state: State,
  { by, release }: Proposal,
  { person, compared }: Signed,
): readonly Conflict[] {
  const { model, safeguards, policy, plan, suites } = release.digests;
  const applied = (kind: Parameters<State["documents"]["get"]>[0], digests: readonly string[]): boolean =>
    [...(state.documents.get(kind)?.values() ?? [])].some(({ by: authors }) =>
      digests.some((digest) => authors.get(digest)?.has(person) === true),
    );
  const found: Readonly<Record<Conflict, boolean>> = {
    proposer: by === person,
    evidence: madeEvidence(state, release, { person, compared }),
    model: applied("Model", [model]),
    safeguards: applied("Safeguards", [safeguards]),
    policy: applied("UsagePolicy", [policy]),
    plan: applied("ReleasePlan", [plan]),
    suites: applied("Suite", suites),
  };
  return Conflict.options.filter((conflict) => found[conflict]);
}

/** Gave or shared a permit on the released model and a suite of it, or of what it is compared with, or sealed what came of one. */
function madeEvidence(state: State, { model, digests }: Release, { person, compared }: Signed): boolean {
  const suites: readonly string[] = digests.suites;
  const own = [...state.permits.values()].filter(
    (permit) => permit.model === model && suites.includes(permit.digests.suite),
  );
  const permitted = [...own, ...compared].some(({ by, second }) => by === person || second === person);
  const sealed = digests.evidence.some((act) => state.evidence.get(act)?.by === person);
  const others = new Set(compared.map(({ permit }) => permit));
  const sealedOther = [...state.evidence.values()].some(
    ({ by, body }) => by === person && body.permit !== null && others.has(body.permit),
  );
  return permitted || sealed || sealedOther;
}
