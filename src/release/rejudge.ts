// "Would this decision pass today?": the gate of a certificate, judged again over all that is on record by now, by the very plan and
// suites that it names.
import type { Certificate, State } from "../acts/state.ts";
import type { GateVerdict } from "../gates/judgement.ts";
import { Failure, type FailureCode } from "../terms/failure.ts";
import { type CertificateId, type Instant, Name } from "../terms/ids.ts";
import type { OpenStage } from "../terms/stage.ts";
import { type Records, judgeFrom, readPlan } from "./records.ts";

export interface Rejudged {
  readonly model: Name;
  readonly stage: OpenStage;
  readonly certificate: CertificateId;
  readonly verdict: GateVerdict;
  /** Requirements that do not pass; none where it could not be judged at all. */
  readonly open: readonly Name[];
  readonly at: Instant;
}

/** What can be missing beside the ledger for good: then nobody can say, and what nobody can say is no pass. */
const missing: ReadonlySet<FailureCode> = new Set([
  "artefact_missing",
  "not_found",
  "document_invalid",
  "proof_invalid",
]);

/** Fails where the store does: that says nothing of the decision. */
export async function rejudge(
  records: Records,
  { state, certificate, at }: { readonly state: State; readonly certificate: Certificate; readonly at: Instant },
): Promise<Rejudged> {
  const { release } = certificate;
  const { model, stage } = release;
  const about = { model, stage, certificate: release.certificate, at };
  try {
    const plan = await readPlan(records, release.digests.plan);
    const proposal = state.proposals.get(release.proposal);
    const judgement = await judgeFrom(records, {
      state,
      plan,
      stage,
      configuration: release.digests,
      release,
      proposal,
      at,
    });
    const open = judgement.requirements.filter(({ verdict }) => verdict !== "pass" && verdict !== "not-asked");
    return { ...about, verdict: judgement.verdict, open: open.map(({ id }) => Name.parse(id)) };
  } catch (error) {
    if (!(error instanceof Failure) || !missing.has(error.code)) throw error;
    return { ...about, verdict: "inconclusive", open: [] };
  }
}

/** Whether a certificate that was signed so lapses by this verdict. */
export function lapsesBy({ release: { conditions } }: Certificate, verdict: GateVerdict): boolean {
  const { endsOnFailedGate } = conditions;
  if (endsOnFailedGate === undefined || verdict === "pass") return false;
  return endsOnFailedGate === "not-pass" || verdict === "fail";
}
