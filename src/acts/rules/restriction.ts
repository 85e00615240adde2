// A restriction, and how it ends. One person places it, at once; it ends by a certificate that names it, signed like any
// release and by two persons at least, and by nothing else: not by time, and not by a certificate that says nothing of it.
import type { Release } from "../bodies.ts";
import { type Refusal, type Rule, change, refuse } from "../rule.ts";
import type { Restriction, State } from "../state.ts";
import type { Digest, HoldId } from "../../terms/ids.ts";

export const restrict: Rule<"restriction"> = (state, act, context) => {
  const { body, at } = act.predicate;
  return change(() => {
    state.restrictions.set(act.digest, {
      hold: body.hold,
      model: body.model,
      limit: body.limit,
      at,
      index: context.index,
    });
  });
};

/** What a release answers and lifts: as much as that takes two persons, whatever the stage. */
export function stopsEnded({ answers, lifts = [] }: Pick<Release, "answers" | "lifts">): readonly HoldId[] {
  return [...answers, ...lifts];
}

/** Restrictions in force that a release names: all on its model that carry one of the ids. */
export function liftedBy(
  state: State,
  { model, lifts = [] }: Pick<Release, "model" | "lifts">,
): readonly (readonly [Digest, Restriction])[] {
  if (lifts.length === 0) return [];
  return [...state.restrictions].filter(
    ([, restriction]) => restriction.model === model && lifts.includes(restriction.hold),
  );
}

/** Why a release may not lift what it names, or may not rest on what it names, in words. */
export function wrongLifts(state: State, release: Release): string | undefined {
  const lifted = new Set(liftedBy(state, release).map(([, { hold }]) => hold));
  if (!(release.lifts ?? []).every((id) => lifted.has(id)))
    return "The release lifts a restriction that is not in force, or that is on another model; `headgate release status NAME` lists those of a model.";
  return release.digests.evidence.some((act) => isMeasuredUnder(state, act, stoodFor(state, release)))
    ? "The release rests on a run that was made while a restriction stood which is lifted. Measure without it: lift it at a stage that asks for no run, change a document, and evaluate anew."
    : undefined;
}

/** What was sealed since the proposal counts for its certificate as well: no such run may have been made under what is lifted. */
export function isMeasuredSince(state: State, release: Release, proposed: number): Refusal | undefined {
  const { model, safeguards, policy, suites } = release.digests;
  const stood = stoodFor(state, release);
  const isOne = [...state.evidence.values()].some(({ act, body, index, withdrawn }) => {
    const { digests } = body;
    const isCounted = digests.model === model && digests.safeguards === safeguards && digests.policy === policy;
    const isSince = index > proposed && !withdrawn && body.model === release.model && suites.includes(digests.suite);
    return isSince && isCounted && isMeasuredUnder(state, act, stood);
  });
  return isOne
    ? refuse(
        "conflict",
        "A run was sealed since this was proposed, and it was made while a restriction stood which is lifted. Withdraw that evidence, or measure without the restriction.",
      )
    : undefined;
}

/** The restrictions that a release would be served without, from where to where they stood. */
function stoodFor(state: State, release: Release): readonly Stood[] {
  const now = liftedBy(state, release).map(([, { index }]) => ({ index, until: Number.POSITIVE_INFINITY }));
  return [...[...state.lifted.values()].filter(({ model }) => model === release.model), ...now];
}

/** What was measured here while a restriction stood says nothing of what is served without it. */
function isMeasuredUnder(state: State, act: Digest, restrictions: readonly Stood[]): boolean {
  const evidence = state.evidence.get(act);
  const permit = evidence?.body.permit;
  if (evidence === undefined || permit === undefined || permit === null) return false;
  const begun = state.permits.get(permit)?.index ?? 0;
  return restrictions.some(({ index, until }) => evidence.index > index && begun < until);
}

/** From where to where in the ledger a restriction stood. */
type Stood = Pick<Restriction, "index"> & { readonly until: number };

/** A restriction that was placed again under its id after the proposal is one that nobody signed to lift. */
export function isRestrictedAgain(state: State, release: Release, proposed: number): Refusal | undefined {
  return liftedBy(state, release).some(([, { index }]) => index > proposed)
    ? refuse("conflict", "A restriction that this lifts was placed again since it was proposed. Propose again.")
    : undefined;
}

/** `until`: ledger index of the certificate. */
export function lift(state: State, release: Release, until: number): void {
  for (const [digest, restriction] of liftedBy(state, release)) {
    state.restrictions.delete(digest);
    state.lifted.set(digest, { ...restriction, by: release.certificate, until });
  }
}
