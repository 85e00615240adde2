// What happened and why, in plain words, by the id somebody has in hand: of a receipt, a proposal, a certificate, a hold, a
// permit. For people who may read; it says no more than the ledger and the receipt do.
import { openReceipt, type Receipt } from "../acts/receipt.ts";
import type { Proposal, State } from "../acts/state.ts";
import type { Primitives } from "../proof/primitives.ts";
import { Failure } from "../terms/failure.ts";
import { CertificateId, HoldId, PermitId, ProposalId, ReceiptId } from "../terms/ids.ts";

export interface Explanation {
  readonly id: string;
  readonly kind: "receipt" | "proposal" | "certificate" | "hold" | "permit";
  /** Sentences, in the order of what happened. */
  readonly lines: readonly string[];
}

export interface ExplainMeans {
  readonly state: State;
  readonly primitives: Primitives;
  readonly findReceipt: (id: ReceiptId) => Promise<string | undefined>;
}

/** Fails with not_found. */
export async function explain(id: string, means: ExplainMeans): Promise<Explanation> {
  const { state } = means;
  if (ReceiptId.safeParse(id).success) return explainReceipt(ReceiptId.parse(id), means);
  const proposal = ProposalId.safeParse(id).success
    ? state.proposals.get(ProposalId.parse(id))
    : [...state.proposals.values()].find(({ release }) => release.certificate === id);
  if (proposal !== undefined) {
    const kind = CertificateId.safeParse(id).success ? "certificate" : "proposal";
    return { id, kind, lines: proposalLines(state, proposal) };
  }
  const hold = HoldId.safeParse(id).success ? state.holds.get(HoldId.parse(id)) : undefined;
  if (hold !== undefined) return { id, kind: "hold", lines: holdLines(state, hold.hold) };
  const permit = PermitId.safeParse(id).success ? state.permits.get(PermitId.parse(id)) : undefined;
  if (permit !== undefined) return { id, kind: "permit", lines: permitLines(state, permit.permit) };
  throw new Failure("not_found", "Nothing here has this id. A refusal before anything was decided leaves no record.");
}

async function explainReceipt(id: ReceiptId, means: ExplainMeans): Promise<Explanation> {
  const text = await means.findReceipt(id);
  if (text === undefined) throw new Failure("not_found", "This receipt is not here (yet). Try again in a few seconds.");
  const { receipt } = await openReceipt(text, means.primitives);
  return { id, kind: "receipt", lines: receiptLines(receipt) };
}

const outcomeWords = {
  served: "The answer was served.",
  refused: "Nothing was asked of the model.",
  blocked: "A safeguard stopped it.",
  stopped: "It was ended while it ran, by a hold or because the certificate ended.",
  cut: "The caller went away before the end.",
  failed: "The model's server or a part of Headgate did not do its work.",
} as const satisfies Record<Receipt["outcome"], string>;

function receiptLines(receipt: Receipt): readonly string[] {
  const under = receipt.under === null ? "under no certificate or permit" : `under ${receipt.under}`;
  const lines = [
    `At ${receipt.at} somebody asked ${receipt.model} ${under} (stage ${receipt.stage}).`,
    outcomeWords[receipt.outcome],
  ];
  if (receipt.why !== null) lines.push(`The caller was told: ${receipt.why}.`);
  lines.push(...sideLines("request", receipt.input), ...sideLines("answer", receipt.output));
  lines.push(`It took ${receipt.tokens[0]} tokens in and ${receipt.tokens[1]} out.`);
  return lines;
}

function sideLines(side: string, verdict: string): readonly string[] {
  const [kind = "", what = ""] = verdict.split(":");
  switch (kind) {
    case "pass":
      return [`The safeguards found nothing in the ${side}.`];
    case "none":
      return [];
    case "unknown":
      return [`The safeguards could not judge the ${side} (${what}); what was not judged is not passed.`];
    default:
      return [`The safeguards found ${what} in the ${side}; the policy says: ${kind}.`];
  }
}

function proposalLines(state: State, { release, signOffs, at, certified }: Proposal): readonly string[] {
  const signed = [...signOffs.values()].map(
    ({ role, verdict, at: when }) => `A person in the role ${role} signed ${verdict} it at ${when}.`,
  );
  const certificate = state.certificates
    .get(release.model)
    ?.find((one) => one.release.certificate === release.certificate);
  const end = certified
    ? [`It was certified at ${certificate?.at ?? "a time not known"} and ends at ${release.notAfter}.`]
    : [`It is not certified; it can be decided on until ${release.decideBy}.`];
  return [
    `At ${at} it was proposed to let ${release.model} out to stage ${release.stage}, on ${release.digests.evidence.length} piece(s) of evidence.`,
    ...signed,
    ...end,
  ];
}

function holdLines(state: State, id: HoldId): readonly string[] {
  const hold = state.holds.get(id);
  if (hold === undefined) return [];
  const what = hold.scope.kind === "everything" ? "everything" : hold.scope.model;
  const answered = [...(state.answered.get(id) ?? [])].map(
    ([model, certificate]) => `For ${model} it was answered by ${certificate}.`,
  );
  const open = answered.length === 0 ? ["Nobody has answered it: it holds."] : answered;
  return [`At ${hold.at} ${what} was held.`, ...open];
}

function permitLines(state: State, id: PermitId): readonly string[] {
  const permit = state.permits.get(id);
  if (permit === undefined) return [];
  const exchanges = state.permitExchanges.get(id) ?? 0;
  const evidence = [...state.evidence.values()].find(({ body }) => body.permit === id);
  return [
    `At ${permit.at} a run over ${permit.items.count} items on ${permit.model} was permitted, until ${permit.notAfter}.`,
    `${exchanges} exchange(s) under it are in the ledger.`,
    evidence === undefined
      ? "No evidence was sealed from it: what it tried counts as unknown."
      : `Its evidence is ${evidence.act}.`,
  ];
}
