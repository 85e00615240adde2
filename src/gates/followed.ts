// Whether one run went as it was registered, beside all runs that are pooled with it: the same question for whoever has the ledger and
// the receipts, be it a client or the control plane. Pure but for what it is handed to read with.
import type { GivenPermit, State } from "../acts/state.ts";
import type { Digest, PermitId, Timestamp } from "../terms/ids.ts";
import { touches } from "./alike.ts";
import {
  type AboutSuite,
  type AssessInput,
  type RunFacts,
  type SuiteFacts,
  permitsOf,
  poolKey,
  runOf,
} from "./assess.ts";
import type { Deviation } from "./deviation.ts";
import { deviationsOf } from "./registration.ts";

export interface Followed {
  readonly plan: GivenPermit["analysis"];
  readonly registered: Timestamp;
  readonly deviations: readonly Deviation[];
}

export interface FollowedBy {
  readonly state: State;
  /** The chain of the permit's safeguards; none for a run without. */
  readonly chain: AssessInput["chain"];
  readonly suite: Pick<SuiteFacts, "name" | "measure" | "failure" | "items"> & AboutSuite;
  readonly facts: (permit: PermitId) => Promise<RunFacts>;
  /** Whether another suite counts what this one does; one whose content is gone is taken to. */
  readonly countsAlike: (suite: Digest) => Promise<boolean>;
}

export async function followedBy(permit: GivenPermit, given: FollowedBy): Promise<Followed> {
  const { state, chain, suite } = given;
  const runs = new Map<PermitId, RunFacts>();
  const pooling = { state, configuration: permit.digests, chain, runs };
  const key = poolKey(pooling, suite, permit);
  const asked = { ...permit.digests, alike: await countingAlike(permit, given) };
  const isUsed = ({ permit: id }: GivenPermit): boolean =>
    id === permit.permit || (state.permitExchanges.get(id) ?? 0) > 0;
  const ofSuite = (other: GivenPermit): GivenPermit => ({
    ...other,
    digests: { ...other.digests, suite: permit.digests.suite },
  });
  const used = permitsOf(state, asked, permit.model).filter(
    (other) => isUsed(other) && poolKey(pooling, suite, ofSuite(other)) === key,
  );
  for (const one of used) runs.set(one.permit, await given.facts(one.permit));
  const leaves = new Set(suite.items.map(({ id }) => id));
  const planned = used
    .map((one) => runOf(pooling, suite, one))
    .filter((one) => one.registered.digests.suite === permit.digests.suite || touches(one, leaves));
  const own = planned.find(({ permit: id }) => id === permit.permit);
  return {
    plan: permit.analysis,
    registered: permit.at,
    deviations: own === undefined ? [] : deviationsOf(own, planned, suite),
  };
}

/** Other suites of the model's permits that count what this one does. Receipts say what was asked. */
async function countingAlike({ model }: GivenPermit, { state, countsAlike }: FollowedBy): Promise<ReadonlySet<Digest>> {
  const given = [...state.permits.values()].filter((permit) => permit.model === model);
  const alike = new Set<Digest>();
  for (const digest of new Set(given.map(({ digests }) => digests.suite)))
    if (await countsAlike(digest)) alike.add(digest);
  return alike;
}
