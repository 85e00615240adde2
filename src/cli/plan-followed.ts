// Whether runs went as they were registered, worked out here: from the ledger, the receipts under their permits, checked one by one,
// and the sealed runs. The same function as the gate's (src/gates/registration.ts).
import type { Evidence, GivenPermit } from "../acts/state.ts";
import { ReceiptsView, receiptsPageMax, routes } from "../control/contract.ts";
import { pathOf } from "../control/contract-paths.ts";
import { openSealed } from "../evidence/seal.ts";
import { type Suite, isAdaptive } from "../evidence/suite-document.ts";
import { touches } from "../gates/alike.ts";
import { type Deviation, deviationWords } from "../gates/deviation.ts";
import { type AboutSuite, type RunFacts, permitsOf, poolKey, runOf } from "../gates/assess.ts";
import { deviationsOf } from "../gates/registration.ts";
import type { SealedTry, SeenReceipt } from "../gates/pool.ts";
import { seenReceipts } from "../gates/seen-receipts.ts";
import { nodePrimitives } from "../proof/node.ts";
import { Failure, failureCode } from "../terms/failure.ts";
import type { Digest, PermitId } from "../terms/ids.ts";
import { safeguardsOf, suiteOf } from "./candidate.ts";
import type { OpenedRun } from "./opened-run.ts";
import { type Session, artefact } from "./session.ts";

export interface Followed {
  readonly plan: GivenPermit["analysis"];
  readonly registered: GivenPermit["at"];
  readonly deviations: readonly Deviation[];
}

/** Undefined where the run has no permit. */
export async function followedBy(session: Session, run: OpenedRun): Promise<Followed | undefined> {
  const { permits, permitExchanges } = session.state;
  const permit = run.evidence.body.permit === null ? undefined : permits.get(run.evidence.body.permit);
  if (permit === undefined) return undefined;
  const { name, measure, content } = run.suite;
  const { failure } = measure;
  const about: AboutSuite = {
    failure,
    isAdaptive: isAdaptive(run.suite),
    calibration: content?.calibration === undefined ? undefined : { set: content.calibration },
  };
  const chain = permit.bare === true ? [] : (await safeguardsOf(session, permit.digests.safeguards)).chain;
  const runs = new Map<PermitId, RunFacts>();
  const pooling = { state: session.state, configuration: permit.digests, chain, runs };
  const key = poolKey(pooling, about, permit);
  const asked = { ...permit.digests, alike: await countingAlike(session, permit, run.suite) };
  const isUsed = ({ permit: id }: GivenPermit): boolean => id === permit.permit || (permitExchanges.get(id) ?? 0) > 0;
  const ofSuite = (other: GivenPermit): GivenPermit => ({
    ...other,
    digests: { ...other.digests, suite: permit.digests.suite },
  });
  const used = permitsOf(session.state, asked, permit.model).filter(
    (other) => isUsed(other) && poolKey(pooling, about, ofSuite(other)) === key,
  );
  for (const one of used) runs.set(one.permit, await factsOf(session, one.permit));
  const items = run.items.map(({ leaf, cluster }) => ({ id: leaf, cluster }));
  const leaves = new Set(items.map(({ id }) => id));
  const planned = used
    .map((one) => runOf(pooling, about, one))
    .filter((one) => one.registered.digests.suite === permit.digests.suite || touches(one, leaves));
  const own = planned.find(({ permit: id }) => id === permit.permit);
  const suite = { name, measure: measure.name, failure, items };
  return {
    plan: permit.analysis,
    registered: permit.at,
    deviations: own === undefined ? [] : deviationsOf(own, planned, suite),
  };
}

/** Other suites of the model's permits that count what this one does; one whose content is gone is taken to. Receipts say what was asked. */
async function countingAlike(session: Session, { model }: GivenPermit, suite: Suite): Promise<ReadonlySet<Digest>> {
  const given = [...session.state.permits.values()].filter((permit) => permit.model === model);
  const alike = new Set<Digest>();
  for (const digest of new Set(given.map(({ digests }) => digests.suite)))
    if (await countsAlike(session, digest, suite)) alike.add(digest);
  return alike;
}

async function countsAlike(session: Session, digest: Digest, suite: Suite): Promise<boolean> {
  try {
    const other = await suiteOf(session, digest);
    return other.measure.failure === suite.measure.failure && isAdaptive(other) === isAdaptive(suite);
  } catch (error) {
    if (error instanceof Failure) return true;
    throw error;
  }
}

async function factsOf(session: Session, permit: PermitId): Promise<RunFacts> {
  const evidence = [...session.state.evidence.values()].find(({ body }) => body.permit === permit);
  const samples = evidence?.body.samples;
  return {
    tries: samples === undefined ? null : await triesIn(session, samples),
    receipts: await receiptsOf(session, permit),
  };
}

/** Samples that are gone or were edited are as good as none. */
async function triesIn(session: Session, samples: Evidence["body"]["samples"]): Promise<readonly SealedTry[] | null> {
  try {
    return openSealed(await artefact(session, samples.artefact), samples, nodePrimitives).samples;
  } catch (error) {
    const isGone = failureCode(error) === "artefact_missing" || failureCode(error) === "proof_invalid";
    if (isGone) return null;
    throw error;
  }
}

async function receiptsOf({ client, state }: Session, permit: PermitId): Promise<readonly SeenReceipt[]> {
  const seen: SeenReceipt[] = [];
  const most = (state.permitExchanges.get(permit) ?? 0) + receiptsPageMax;
  for (let from = 0; from < most; from += receiptsPageMax) {
    const { receipts } = await client.get(`${pathOf(routes.receipts, { permit })}?from=${from}`, ReceiptsView);
    seen.push(...(await seenReceipts(receipts, { state, permit, primitives: nodePrimitives })));
    if (receipts.length < receiptsPageMax) break;
  }
  return seen;
}

export function followedInWords({ plan, registered, deviations }: Followed): readonly string[] {
  const limit = plan.limit === undefined ? "a bound" : `at most ${Number((100 * plan.limit).toPrecision(6))} %`;
  const whom = plan.requirement === undefined ? "" : ` for ${plan.requirement}`;
  const said = `Registered ${registered}${whom}: ${plan.rule}, ${plan.trials} trials, to show ${limit} at ${100 * plan.confidence} % confidence.`;
  if (deviations.length === 0) return [`${said} It went as registered.`];
  return [said, ...deviations.map((deviation) => `Not as registered: ${deviationWords[deviation]} (${deviation}).`)];
}
