// What happened and why, in plain words, by the id somebody has in hand: of a receipt, a proposal, a certificate, a hold, a
// permit. For people who may read; it says no more than the ledger and the receipt do.
import type { HoldScope, Permit, ReleaseScope } from "../acts/bodies.ts";
import { glassOf } from "../acts/rules/break-glass.ts";
import { keptInWords, servedInWords } from "../acts/condition-words.ts";
import { scopeInWords } from "../acts/hold-scope.ts";
import { openReceipt, type Receipt } from "../acts/receipt.ts";
import type { BreakGlass, Proposal, Restriction, ReviewDecision, State } from "../acts/state.ts";
import type { Primitives } from "../proof/primitives.ts";
import { Failure } from "../terms/failure.ts";
import { modeOf } from "../terms/stage.ts";
import {
  CertificateId,
  type Digest,
  GlassId,
  HoldId,
  type Instant,
  type KeyId,
  type Name,
  PermitId,
  ProposalId,
  ReceiptId,
  ReviewId,
  type Timestamp,
  timestampOf,
  toInstant,
} from "../terms/ids.ts";

export interface Explanation {
  readonly id: string;
  readonly kind: "receipt" | "refusal" | "proposal" | "certificate" | "hold" | "permit" | "review" | "break-glass";
  /** Sentences, in the order of what happened. */
  readonly lines: readonly string[];
}

export interface ExplainMeans {
  readonly state: State;
  readonly primitives: Primitives;
  readonly findReceipt: (id: ReceiptId) => Promise<string | undefined>;
  /** The names of the safeguards of a document, in its order. Failure where it is not kept. */
  readonly safeguardsOf?: (document: Digest) => Promise<readonly string[]>;
  /** A request that waits for a person, as far as the store knows. */
  readonly findReview?: (id: ReviewId) => Promise<KnownReview | undefined>;
  readonly at?: Instant;
  readonly recentRefusal?: ((id: ReceiptId) => Promise<RecentRefusal | undefined>) | undefined;
}

/** A refusal as the gateway that made it remembers it, for a while. */
export interface RecentRefusal {
  readonly at: Timestamp;
  readonly route: string;
  readonly code: string;
  readonly reason: string | null;
  readonly status: number;
  readonly key: string | null;
  readonly model: string | null;
}

interface KnownReview {
  readonly facts: { readonly key: KeyId; readonly model: Name };
  readonly at: Instant;
  readonly expiresAt: Instant;
  readonly decidedAt: Instant | null;
  readonly sealed: object | null;
}

/** Fails with not_found. */
export async function explain(id: string, means: ExplainMeans): Promise<Explanation> {
  const { state } = means;
  if (ReviewId.safeParse(id).success) return explainReview(ReviewId.parse(id), means);
  if (ReceiptId.safeParse(id).success) return explainReceipt(ReceiptId.parse(id), means);
  const proposal = ProposalId.safeParse(id).success
    ? state.proposals.get(ProposalId.parse(id))
    : [...state.proposals.values()].find(({ release }) => release.certificate === id);
  if (proposal !== undefined) {
    const kind = CertificateId.safeParse(id).success ? "certificate" : "proposal";
    return { id, kind, lines: proposalLines(state, proposal) };
  }
  const stops = HoldId.safeParse(id).success ? stopLines(state, HoldId.parse(id)) : [];
  if (stops.length > 0) return { id, kind: "hold", lines: stops };
  const glass = GlassId.safeParse(id).success ? glassOf(state, GlassId.parse(id)) : undefined;
  if (glass !== undefined) return { id, kind: "break-glass", lines: glassLines(glass) };
  const permit = PermitId.safeParse(id).success ? state.permits.get(PermitId.parse(id)) : undefined;
  if (permit !== undefined) return { id, kind: "permit", lines: permitLines(state, permit.permit) };
  throw new Failure("not_found", "Nothing here has this id. A refusal before anything was decided leaves no record.");
}

async function explainReceipt(id: ReceiptId, means: ExplainMeans): Promise<Explanation> {
  const text = await means.findReceipt(id);
  if (text === undefined) {
    const refusal = await means.recentRefusal?.(id);
    if (refusal !== undefined) return { id, kind: "refusal", lines: refusalLines(refusal) };
    throw new Failure(
      "not_found",
      "Neither a receipt nor a recent refusal has this id here. Receipts come after a second or two; a refusal without " +
        "one is remembered until the gateway restarts or ten thousand others came. The access log has it, if one is kept.",
    );
  }
  const { receipt } = await openReceipt(text, means.primitives);
  return { id, kind: "receipt", lines: receiptLines(receipt, await namesFor(receipt, means)) };
}

/** The safeguards of the document that the receipt's certificate or permit pins; none where that is not to be had. */
async function namesFor(
  { by, under, model }: Receipt,
  { state, safeguardsOf }: ExplainMeans,
): Promise<readonly string[]> {
  const certified = state.certificates.get(model)?.find(({ release }) => release.certificate === under)?.release;
  const permit = PermitId.safeParse(under).data;
  const { digests } = certified ?? (permit === undefined ? undefined : state.permits.get(permit)) ?? {};
  if (by === undefined || digests === undefined || safeguardsOf === undefined) return [];
  try {
    return await safeguardsOf(digests.safeguards);
  } catch (error) {
    if (error instanceof Failure) return [];
    throw error;
  }
}

/** Which check says no by which code, in the order that a request meets them. */
const checks: Readonly<Record<string, string>> = {
  not_found: "There is nothing at the address it asked for, or it named another host.",
  key_missing: "It carried no key. Its body was not read.",
  key_unknown: "Its key is not one that the ledger knows. Its body was not read.",
  body_too_large: "Its body was larger than is read, or than the model's document admits.",
  request_invalid:
    "Its head or body was not a valid request to this model, or had a field that the model's document does not admit.",
  feature_unsupported: "It asked for something that would go round the safeguards.",
  key_suspended: "Its key or organisation was suspended or had ended, or it came from a network that is not the key's.",
  model_unknown: "The key's organisation has no grant for the model it named, or there is no such model.",
  agreement_missing: "The organisation's grant for the model had ended.",
  stage_closed: "The model was not open to this key at that moment.",
  scope_missing: "The use is restricted, and the grant does not have the scope for it.",
  quota_exhausted: "A quota was used up.",
  review_pending: "A person has to look at it first.",
  policy_blocked: "The usage policy did not allow what the safeguards found.",
  safeguard_unavailable: "A safeguard could not run.",
  gateway_closed: "The gateway could not prove that it may serve.",
  upstream_failed: "The model's server did not answer properly.",
  upstream_timeout: "The model's server took too long.",
};

/** Of the conditions of a release, each by its reason. */
const unmet: Readonly<Record<string, string>> = {
  share: "Its certificate opens the stage to a part of its callers so far, and this one is not in it.",
  country:
    "Its certificate serves organisations that are registered in certain countries, and the caller's is in none of them.",
  surface: "Its certificate serves certain formats, and it was asked in another one.",
  hours:
    "Its certificate serves at certain hours of the week, and it came outside them: release status says when it opens.",
};

function checkSaid(code: string, reason: string | null): string {
  const [told] = unmetSaid(`${code}:${reason ?? ""}`);
  return told ?? checks[code] ?? "No check is known by this code.";
}

function unmetSaid(why: string): readonly string[] {
  const [code, reason = ""] = why.split(":");
  const told = code === "stage_closed" ? unmet[reason] : undefined;
  return told === undefined ? [] : [told];
}

function refusalLines({ at, route, code, reason, status, key, model }: RecentRefusal): readonly string[] {
  const who = key === null ? "A caller that was not known" : `A caller with ${key}`;
  const what = model === null ? "" : ` for ${model}`;
  const word = reason === null ? code : `${code} (${reason})`;
  return [
    `At ${at} ${who} was refused${what} (${route}): ${status} ${word}.`,
    checkSaid(code, reason),
    key === null
      ? "It left no receipt: there are none for strangers."
      : "Its receipt, if it left one, is not on record yet: ask again in a few seconds. There are none for what cannot be read, and " +
        "while records cannot be kept.",
  ];
}

async function explainReview(id: ReviewId, means: ExplainMeans): Promise<Explanation> {
  const { state, at = toInstant(0) } = means;
  const known = await means.findReview?.(id);
  const decision = state.reviews.get(id);
  if (known === undefined && decision === undefined) throw new Failure("not_found", "There is no such review here.");
  const readings = (state.readings.get(id) ?? []).map(({ person, at: when }) => `${person} read its text at ${when}.`);
  return { id, kind: "review", lines: [...askedLines(known), ...readings, reviewEnd(known, { decision, at })] };
}

function askedLines(known: KnownReview | undefined): readonly string[] {
  if (known === undefined) return ["What was asked is not kept here any more."];
  const { facts, at, sealed } = known;
  const text = sealed === null ? "Its text is erased." : "Its text is kept, encrypted.";
  return [`At ${timestampOf(at)} a request of ${facts.key} to ${facts.model} was kept for a person to look at.`, text];
}

function reviewEnd(
  known: KnownReview | undefined,
  { decision, at }: { readonly decision: ReviewDecision | undefined; readonly at: Instant },
): string {
  if (decision !== undefined) {
    const { verdict, reason, by, notAfter } = decision;
    return `${by} decided at ${decision.at}: ${verdict} (${reason}). It holds until ${notAfter}.`;
  }
  if (known !== undefined && known.decidedAt !== null) {
    return `It was decided at ${timestampOf(known.decidedAt)}, and that is over: the same request begins anew.`;
  }
  const end = known?.expiresAt ?? at;
  if (end <= at) return `Nobody decided until ${timestampOf(end)}: the same request begins anew.`;
  return `Nobody has decided; it waits until ${timestampOf(end)}. Reviewers: headgate review open.`;
}

const outcomeWords = {
  served: "The answer was served.",
  refused: "Nothing was asked of the model.",
  blocked: "A safeguard stopped it.",
  stopped: "It was ended while it ran, by a hold, or because its certificate or a window of its hours ended.",
  cut: "The caller went away before the end.",
  failed: "The model's server or a part of Headgate did not do its work.",
} as const satisfies Record<Receipt["outcome"], string>;

const reworded = "policy_blocked:reworded";

function receiptLines(receipt: Receipt, safeguards: readonly string[]): readonly string[] {
  const under = receipt.under === null ? "under no certificate or permit" : `under ${receipt.under}`;
  const lines = [
    `At ${receipt.at} somebody asked ${receipt.model} ${under} (stage ${receipt.stage}).`,
    receipt.why === reworded ? "Its usage policy stopped it." : outcomeWords[receipt.outcome],
  ];
  if (receipt.glass !== undefined)
    lines.push(`The model was held, and two persons had it go on: headgate explain ${receipt.glass}.`);
  lines.push(...modeLines(receipt));
  if (receipt.review !== undefined) lines.push(`It had a review: headgate explain ${receipt.review}.`);
  if (receipt.why !== null) lines.push(`The caller was told: ${receipt.why}.`, ...unmetSaid(receipt.why));
  if (receipt.why === reworded) {
    lines.push("It was like requests in other words that this key had been stopped for, by what was found in those.");
    return [...lines, `It took ${receipt.tokens[0]} tokens in and ${receipt.tokens[1]} out.`];
  }
  lines.push(...verdictLines(receipt, safeguards));
  lines.push(...shadowLines(receipt.shadow));
  if (receipt.redacted !== undefined && receipt.redacted > 0)
    lines.push(`Of the answer ${receipt.redacted} stretches were redacted before it was sent.`);
  if (receipt.checked !== undefined) lines.push(`What the model said was checked up to character ${receipt.checked}.`);
  lines.push(`It took ${receipt.tokens[0]} tokens in and ${receipt.tokens[1]} out.`);
  return lines;
}

function modeLines({ would, outcome, safeguards, modes }: Receipt): readonly string[] {
  const lines: string[] = [];
  if (would !== undefined) {
    const told = would === outcome ? "the same" : would;
    lines.push(
      `Its certificate is in observe mode: safeguards only record. In enforce mode it would have been: ${told}.`,
    );
  }
  if (safeguards === "none")
    lines.push("Its permit switches the safeguards off: nothing looked at the request or at the answer.");
  if (modes !== undefined) {
    const words = modes.replaceAll(",", ", ");
    lines.push(`Its safeguards were in these modes, in the order of their document: ${words}.`);
  }
  return lines;
}

function verdictLines({ input, output, by }: Receipt, safeguards: readonly string[]): readonly string[] {
  const nameOf = (place: number | undefined): string | undefined =>
    place === undefined ? undefined : (safeguards[place] ?? `the ${place + 1}. of its document`);
  return [...sideLines("request", input, nameOf(by?.input)), ...sideLines("answer", output, nameOf(by?.output))];
}

/** What would have been said; nothing came of it. */
function shadowLines(shadow: Receipt["shadow"]): readonly string[] {
  const sides = { request: shadow?.input, answer: shadow?.output };
  return Object.entries(sides).flatMap(([side, verdict]) => {
    if (verdict === undefined) return [];
    const [kind = "", what = ""] = verdict.split(":");
    if (kind === "pass") return [`In shadow nothing was found in the ${side}.`];
    if (kind === "unknown") return [`In shadow the ${side} could not be judged (${what}); nothing came of it.`];
    return [`In shadow ${what} was found in the ${side}: in force it would have been ${kind}; nothing came of it.`];
  });
}

function sideLines(side: string, verdict: string, by: string | undefined): readonly string[] {
  const who = by === undefined ? "The safeguards" : `The safeguard ${by}`;
  const [kind = "", what = ""] = verdict.split(":");
  switch (kind) {
    case "pass":
      return [`The safeguards found nothing in the ${side}.`];
    case "none":
      return [];
    case "unknown":
      return [`${who} could not judge the ${side} (${what}); what was not judged is not passed.`];
    default:
      return [`${who} found ${what} in the ${side}; the policy says: ${kind}.`];
  }
}

function proposalLines(state: State, { release, signOffs, at, certified }: Proposal): readonly string[] {
  const signed = [...signOffs.values()].map(
    ({ role, verdict, at: when }) => `A person in the role ${role} signed ${verdict} it at ${when}.`,
  );
  const certificate = state.certificates
    .get(release.model)
    ?.find((one) => one.release.certificate === release.certificate);
  const mode = modeOf(release) === "observe" ? " in observe mode, where safeguards only record" : "";
  const end = certified
    ? [`It was certified at ${certificate?.at ?? "a time not known"} and ends at ${release.notAfter}.`]
    : [`It is not certified; it can be decided on until ${release.decideBy}.`];
  return [
    `At ${at} it was proposed to let ${release.model} out to stage ${release.stage}${mode}, on ${release.digests.evidence.length} piece(s) of evidence.`,
    ...servedInWords(release.conditions).map((words) => `Who was granted it at ${release.stage} is served ${words}.`),
    ...keptInWords(release.conditions.retention),
    ...signed,
    ...end,
  ];
}

/** A hold of any scope, or a restriction: of all that were given this id. */
function stopLines(state: State, id: HoldId): readonly string[] {
  const callers = [...state.heldCallers.values()].filter(({ hold }) => hold === id);
  const restrictions = [...state.restrictions.values()].filter(({ hold }) => hold === id);
  const lifted = [...state.lifted.values()].filter(({ hold }) => hold === id);
  return [
    ...holdLines(state, id),
    ...callers.flatMap(({ scope, at }) => [
      `At ${at} ${scopeInWords(scope)} was held: it was suspended.`,
      nowOf(state, scope),
    ]),
    ...restrictions.map((restriction) => `${restrictionLine(restriction)} That stands.`),
    ...lifted.map((restriction) => `${restrictionLine(restriction)} It was lifted by ${restriction.by}.`),
  ];
}

function glassLines({
  model,
  certificate,
  holds,
  signers,
  at,
  notAfter,
  ended,
  review,
}: BreakGlass): readonly string[] {
  return [
    `At ${at} ${signers.join(" and ")} had ${model} go on with ${certificate} over ${holds.join(", ")}, until ${notAfter} at the latest.`,
    ...(ended === undefined ? [] : [`${ended.hold} ended it at ${ended.at}.`]),
    review === undefined
      ? "Nobody has reviewed it: until a person who did not sign it has, nothing of the model is certified."
      : `${review.by} reviewed it at ${review.at} and found it ${review.finding}.`,
  ];
}

function restrictionLine({ model, limit, at }: Restriction): string {
  const what =
    limit.kind === "output-tokens" ? `answers of at most ${limit.max} tokens` : `${limit.category} prohibited`;
  return `At ${at} ${model} was made stricter: ${what}.`;
}

/** Where a suspended organisation or key stands now. */
function nowOf(state: State, scope: Exclude<HoldScope, ReleaseScope>): string {
  if (scope.kind === "organisation") {
    const isStopped = state.organisations.get(scope.organisation)?.suspended !== false;
    return isStopped ? "It is suspended still: headgate org resume." : "It was resumed since.";
  }
  const [hash] = (state.keySecrets.get(scope.key) ?? []).toReversed();
  const standing = hash === undefined ? undefined : state.keys.get(hash)?.standing;
  if (standing === "active") return "It was resumed since.";
  return standing === "revoked" ? "It was revoked since." : "It is suspended still: headgate key resume.";
}

function holdLines(state: State, id: HoldId): readonly string[] {
  const hold = state.holds.get(id);
  if (hold === undefined) return [];
  const answered = [...(state.answered.get(id) ?? [])].map(
    ([model, certificate]) => `For ${model} it was answered by ${certificate}.`,
  );
  const open = answered.length === 0 ? ["Nobody has answered it: it holds."] : answered;
  return [`At ${hold.at} ${scopeInWords(hold.scope)} was held.`, ...open];
}

function adaptiveLine({ turns, requests }: NonNullable<Permit["adaptive"]>): string {
  return `Its requests are written as it goes on: at most ${turns} an attempt on an item, and ${requests} in all.`;
}

function permitLines(state: State, id: PermitId): readonly string[] {
  const permit = state.permits.get(id);
  if (permit === undefined) return [];
  const exchanges = state.permitExchanges.get(id) ?? 0;
  const evidence = [...state.evidence.values()].find(({ body }) => body.permit === id);
  return [
    `At ${permit.at} a run over ${permit.items.count} items on ${permit.model} was permitted, until ${permit.notAfter}.`,
    ...(permit.stage === undefined ? [] : [`Its safeguards have the modes of stage ${permit.stage}.`]),
    ...(permit.bare === true ? ["It is made without safeguards, and measures nothing that is served."] : []),
    ...(permit.adaptive === undefined ? [] : [adaptiveLine(permit.adaptive)]),
    ...(permit.second === undefined ? [] : [`${permit.by} and ${permit.second} signed it.`]),
    `${exchanges} exchange(s) under it are in the ledger.`,
    evidence === undefined
      ? "No evidence was sealed from it: what it tried counts as unknown."
      : `Its evidence is ${evidence.act}.`,
  ];
}
