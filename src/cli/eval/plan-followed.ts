// Whether runs went as they were registered, worked out here: from the ledger, the receipts under their permits, checked one by one,
// and the sealed runs. The same function as the gate's (src/gates/followed.ts).
import type { Evidence } from "../../acts/state.ts";
import { ReceiptsView, receiptsPageMax, routes } from "../../control/contract.ts";
import { pathOf } from "../../control/contract-paths.ts";
import { openSealed } from "../../evidence/seal.ts";
import { type Suite, isAdaptive } from "../../evidence/suite-document.ts";
import type { RunFacts } from "../../gates/assess.ts";
import { deviationWords } from "../../gates/deviation.ts";
import { type Followed, followedBy as followed } from "../../gates/followed.ts";
import type { SealedTry, SeenReceipt } from "../../gates/pool.ts";
import { seenReceipts } from "../../gates/seen-receipts.ts";
import { nodePrimitives } from "../../proof/node.ts";
import { Failure, failureCode } from "../../terms/failure.ts";
import type { Digest, PermitId } from "../../terms/ids.ts";
import { safeguardsOf, suiteOf } from "../candidate.ts";
import type { OpenedRun } from "./opened-run.ts";
import { type Session, artefact } from "../session.ts";

/** Undefined where the run has no permit. */
export async function followedBy(session: Session, run: OpenedRun): Promise<Followed | undefined> {
  const { permits } = session.state;
  const permit = run.evidence.body.permit === null ? undefined : permits.get(run.evidence.body.permit);
  if (permit === undefined) return undefined;
  const { name, measure, content } = run.suite;
  return followed(permit, {
    state: session.state,
    chain: permit.bare === true ? [] : (await safeguardsOf(session, permit.digests.safeguards)).chain,
    suite: {
      name,
      measure: measure.name,
      failure: measure.failure,
      isAdaptive: isAdaptive(run.suite),
      calibration: content?.calibration === undefined ? undefined : { set: content.calibration },
      items: run.items.map(({ leaf, cluster }) => ({ id: leaf, cluster })),
    },
    facts: async (one) => factsOf(session, one),
    countsAlike: async (digest) => countsAlike(session, digest, run.suite),
  });
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
