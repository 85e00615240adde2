// `headgate release`: where a model stands, and the way to its next stage: propose, sign or refuse, advance. What is
// signed is taken from the ledger as this program folded it; the server's view is only shown.
import type { Command } from "commander";
import { z } from "zod";
import type { BodyOf } from "../../acts/bodies.ts";
import type { Slot } from "../../acts/bodies.ts";
import { type Proposal, type SignOff, holdsOn, latestCertificate } from "../../acts/state.ts";
import { liftedBy, stopsEnded } from "../../acts/rules/restriction.ts";
import { type Lacking, behind, configurationOf, draftRelease, missingSignOffs, stageOf } from "../../gates/draft.ts";
import { type ReleasePlan, suitesOf } from "../../gates/plan-document.ts";
import { answeredBy, openProposal } from "../../gates/proposing.ts";
import { randomId } from "../../proof/node.ts";
import { Failure } from "../../terms/failure.ts";
import { CertificateId, type Digest, HoldId, Name, ProposalId } from "../../terms/ids.ts";
import { OpenStage, stageInWords } from "../../terms/stage.ts";
import { type Answer, done, notPassed } from "../answer.ts";
import { candidatePlan, identityBasisOf, planOf, releaseModesInWords, suitesForStage } from "../candidate.ts";
import type { Context } from "../context.ts";
import { StatusOptions, lackingInWords, status } from "./status.ts";
import { type Session, committed, openSession, recordedIndex, signAs, submit } from "../session.ts";
import { type Call, addVerb, argument, noOptions, parsed, sameProfile } from "../verb.ts";
import { limitInWords, releaseInWords } from "../../acts/act-words.ts";

const reasonText = z.string().trim().min(1).max(4000);
const reasonFlag = ["--reason <text>", "why; kept aside, the ledger holds a commitment to it"] as const;
const Lifts = z.array(HoldId).max(64).default([]);
const Holds = z.array(HoldId).max(64).default([]);
const Propose = z.object({ stage: OpenStage, reason: reasonText, hold: Holds, lift: Lifts });
const Reason = z.object({ reason: reasonText, refuse: z.boolean().default(false) });
const liftFlag = ["--lift <restrictions...>", "a restriction that ends with it, by id; may be repeated"] as const;
const holdFlag = [
  "--hold <holds...>",
  "a hold that it answers, by id; may be repeated (default: all on the model or a stage of it)",
] as const;
const Resume = z.object({
  reason: reasonText.default("Resumes the release that was held."),
  hold: Holds,
  lift: Lifts,
});

export function addReleaseVerbs(release: Command, context: Context): void {
  addVerb(release, context, {
    usage: "status <model>",
    summary: "the stage of a model, and what is still to be shown for the next",
    flags: [
      ["--watch", "stay and show it anew when it changes; with --json one line a change"],
      ["--gate <stage>", "the gate of this stage alone; leaves with 0 pass, 1 fail, 2 bad input, 3 inconclusive"],
    ],
    options: StatusOptions,
    run: status,
    more: "Models whose plan says `public: true` need no profile.",
  });
  addVerb(release, context, {
    usage: "propose <model>",
    summary: "write a proposal: an unsigned certificate that binds everything it rests on",
    flags: [["--stage <stage>", `one of: ${OpenStage.options.join(", ")}`], reasonFlag, holdFlag, liftFlag],
    options: Propose,
    run: propose,
  });
  addVerb(release, context, {
    usage: "sign <proposal>",
    summary: "sign a proposal in your own role; a later word replaces an earlier one",
    flags: [reasonFlag, ["--refuse", "sign against it"]],
    options: Reason,
    run: async (call) => sign(call, call.options.refuse ? "against" : "for"),
  });
  addVerb(release, context, {
    usage: "refuse <proposal>",
    summary: "sign against a proposal; cancels your own sign-off",
    flags: [reasonFlag],
    options: Reason,
    run: async (call) => sign(call, "against"),
  });
  addVerb(release, context, {
    usage: "recuse <proposal>",
    summary: "step back from a proposal, for a conflict of interest; cancels your own sign-off and fills no seat",
    flags: [reasonFlag],
    options: Reason,
    run: async (call) => sign(call, "recused"),
  });
  addVerb(release, context, {
    usage: "advance <proposal>",
    summary: "certify a proposal whose gate passes; takes effect once the gateways have it",
    options: noOptions,
    run: advance,
  });
  addVerb(release, context, {
    usage: "resume <model>",
    summary: "propose to reopen a held model, or to lift a restriction; sign and advance the proposal to do so",
    flags: [reasonFlag, holdFlag, liftFlag],
    options: Resume,
    run: resume,
    more: "What was certified is proposed again, for as long as it was certified. A hold on a type of organisation, a country or a scope is answered where --hold names it, for this model. Lifting takes two persons, as answering a hold does; `release status` names restrictions.",
  });
}

async function propose(call: Call<z.infer<typeof Propose>>): Promise<Answer> {
  const model = parsed(Name, argument(call, 0), "The model");
  const session = await openSession(call.base, call.context);
  const { plan } = await candidatePlan(session, model);
  const { stage, reason, lift: lifts, hold } = call.options;
  const answers = answeredBy(session.state, model, hold);
  const wish = { plan, stage, reason, slot: "candidate", lifts, answers } as const;
  const { release, digest, index } = await submitProposal(session, wish);
  const { proposal, certificate } = release;
  return done(
    { proposal, digest, certificate, stage, answers: release.answers, lifts, ledgerIndex: index },
    `${proposal}\nProposes ${releaseInWords(release, session.state)}`,
    `headgate release sign ${proposal} --reason "…"${sameProfile(call.base)}`,
  );
}

interface Wish {
  readonly plan: ReleasePlan;
  readonly stage: OpenStage;
  readonly reason: string;
  readonly slot: Slot;
  readonly answers: readonly HoldId[];
  readonly lifts: readonly HoldId[];
}

interface Proposed {
  readonly release: BodyOf<"proposal">["release"];
  readonly digest: Digest;
  readonly index: number;
}

/** Drafts, signs and records a proposal. */
async function submitProposal(session: Session, wish: Wish): Promise<Proposed> {
  const { state, context } = session;
  const { plan, stage, slot } = wish;
  const reason = committed(wish.reason);
  const names = suitesOf(stageOf(plan, stage));
  const pinned = slot === "in-force" ? latestCertificate(state, plan.model)?.release.digests.suites : undefined;
  const release = draftRelease({
    state,
    plan,
    stage,
    slot,
    at: context.now(),
    ids: { proposal: ProposalId.parse(randomId("prop_", 16)), certificate: CertificateId.parse(randomId("cert_", 16)) },
    reason: reason.digest,
    identityBasis: await identityBasisOf(session, configurationOf(state, plan, slot).model),
    suites: await suitesForStage(session, names, pinned),
    answers: wish.answers,
    lifts: wish.lifts,
  });
  const submitted = await submit(session, await signAs(session, "proposal", { release }), {
    openings: [reason.opening],
  });
  return { release, digest: submitted.act.body, index: recordedIndex(submitted) };
}

async function sign(call: Call<z.infer<typeof Reason>>, verdict: SignOff["verdict"]): Promise<Answer> {
  const session = await openSession(call.base, call.context);
  const proposal = proposalOf(session, argument(call, 0));
  const { role } = session.me;
  const earlier = proposal.signOffs.get(session.me.person);
  if (earlier?.verdict === verdict && !isBetter(earlier, session))
    return signedAlready({ session, proposal, earlier }, sameProfile(call.base));
  const reason = committed(call.options.reason);
  const body = { proposal: proposal.release.proposal, release: proposal.digest, verdict, role, reason: reason.digest };
  call.context.tell(`You ${signing[verdict]}: ${releaseInWords(proposal.release, session.state)}\n`);
  for (const [, { hold, limit, at }] of liftedBy(session.state, proposal.release)) {
    call.context.tell(`It lifts ${hold}, by which ${limitInWords(limit)} since ${at}.\n`);
  }
  if (verdict === "for") {
    const modes = await releaseModesInWords(session, proposal.release);
    if (modes !== "") call.context.tell(`Safeguards there: ${modes}\n`);
  }
  const index = recordedIndex(
    await submit(session, await signAs(session, "sign-off", body), { openings: [reason.opening] }),
  );
  const id = proposal.release.proposal;
  return done(
    { proposal: id, digest: proposal.digest, verdict, role, ledgerIndex: index },
    verdict === "recused" ? `Stepped back as ${role}; the reason is kept.` : `Signed ${verdict} as ${role}.`,
    verdict === "for" ? await afterSigning(session, id, sameProfile(call.base)) : undefined,
  );
}

const signing = { for: "sign for", against: "sign against", recused: "step back from" } as const satisfies Record<
  SignOff["verdict"],
  string
>;

interface Signed {
  readonly session: Session;
  readonly proposal: Proposal;
  readonly earlier: SignOff;
}

/** What was signed in a browser is signed again where a plan asks for a key that is none of a browser's. */
function isBetter({ verdict, madeIn }: SignOff, { me, signer }: Session): boolean {
  const mine = me.keys.find(({ key }) => key === signer.publicKey);
  return verdict === "for" && madeIn === "browser" && mine?.madeIn === undefined;
}

/** A second sign-off of the same verdict would say nothing new, so none is sent. */
async function signedAlready({ session, proposal, earlier }: Signed, profile: string): Promise<Answer> {
  const { verdict, role, at, index } = earlier;
  const { digest, release } = proposal;
  return done(
    { proposal: release.proposal, digest, verdict, role, ledgerIndex: index, already: true },
    `You ${verdict === "recused" ? "stepped back" : `signed ${verdict}`} as ${role} already, at ${at}. Nothing was sent.`,
    verdict === "for" ? await afterSigning(session, release.proposal, profile) : undefined,
  );
}

/** Whoever still has to sign, one after another; then an owner advances it, whoever signed last. */
async function afterSigning(session: Session, id: ProposalId, profile: string): Promise<string> {
  const { state, me } = session;
  // Anew: the ledger has a sign-off more than when it was read.
  const proposal = proposalOf(session, id);
  const { release } = proposal;
  const plan = await planOf(session, release.digests.plan);
  const [need] = missingSignOffs(state, stageOf(plan, release.stage), behind(state, proposal));
  if (need !== undefined) {
    const { who, profile: theirs } = signerInWords(need);
    return `${who} runs: headgate release sign ${release.proposal} --reason "…" --profile ${theirs}.json`;
  }
  const command = `headgate release advance ${release.proposal}`;
  return me.role === "owner" ? `${command}${profile}` : `an owner runs: ${command} --profile OWNER.json`;
}

function signerInWords(need: Lacking): { readonly who: string; readonly profile: string } {
  if (need === "person") return { who: "a second person, of any role,", profile: "PERSON" };
  if (need === "command-line")
    return { who: "one of those who signed, with a key kept at the command line,", profile: "PROFILE" };
  return { who: `somebody of role ${need}`, profile: need.toUpperCase() };
}

async function advance(call: Call<object>): Promise<Answer> {
  const session = await openSession(call.base, call.context);
  const { release } = proposalOf(session, argument(call, 0));
  const submitted = await submit(session, await signAs(session, "certificate", { release }));
  const index = recordedIndex(submitted);
  const json = { certificate: release.certificate, ledgerIndex: index, validUntil: release.notAfter };
  return done(
    json,
    `${release.certificate}: ${release.model} is at stage ${stageInWords(release)} until ${release.notAfter}.`,
  );
}

function proposalOf(session: Session, text: string): Proposal {
  const id = parsed(ProposalId, text, "The proposal");
  const proposal = session.state.proposals.get(id);
  if (proposal !== undefined) return proposal;
  throw new Failure("not_found", `There is no proposal ${id} in the ledger.`);
}

/** Not passed until it is reopened: the answer names the proposal and who still has to sign. */
async function resume(call: Call<z.infer<typeof Resume>>): Promise<Answer> {
  const model = parsed(Name, argument(call, 0), "The model");
  const session = await openSession(call.base, call.context);
  const { reason, lift: lifts, hold } = call.options;
  const holds = answeredBy(session.state, model, hold);
  if (holds.length === 0 && lifts.length === 0) return notHeld(session, model);
  const current = latestCertificate(session.state, model)?.release;
  if (current === undefined) {
    throw new Failure(
      "conflict",
      `${model} was never released. A proposal answers its holds: headgate release propose ${model}`,
    );
  }
  const plan = await planOf(session, current.digests.plan);
  const open = openProposal(session.state, { model, holds, lifts }, session.context.now());
  const wish = { plan, stage: current.stage, reason, slot: "in-force", lifts, answers: holds } as const;
  const release = open?.release ?? (await submitProposal(session, wish)).release;
  const wanted = open === undefined ? { ends: stopsEnded(release), persons: [] } : behind(session.state, open);
  const needs = missingSignOffs(session.state, stageOf(plan, release.stage), wanted);
  return toReopen(release, needs, sameProfile(call.base));
}

function notHeld({ state }: Session, model: Name): Answer {
  const restrictions = [...state.restrictions.values()].filter((known) => known.model === model);
  const ids = restrictions.map(({ hold }) => hold);
  const more = ids.length === 0 ? "" : ` It is restricted by ${ids.join(", ")}: --lift names what is to end.`;
  const partly = holdsOn(state, model).map(({ hold }) => hold);
  const callers =
    partly.length === 0 ? "" : ` Some callers are, by ${partly.join(", ")}: --hold names what is answered.`;
  return done({ model, held: false, holds: partly, restrictions: ids }, `${model} is not held.${callers}${more}`);
}

function toReopen(release: Proposed["release"], needs: readonly string[], profile: string): Answer {
  const { proposal, model, stage, answers, lifts = [] } = release;
  const who = needs.map(lackingInWords);
  const sentence = needs.length === 0 ? "Every sign-off is there." : `It needs the sign-off of: ${who.join("; ")}.`;
  const step = needs.length === 0 ? `advance ${proposal}` : `sign ${proposal} --reason "…"`;
  const reopens = answers.length > 0 || lifts.length === 0;
  const what = [
    ...(reopens ? [`reopen ${model} at ${stage}`] : []),
    ...(lifts.length > 0 ? [`lift ${lifts.join(", ")} of ${model}`] : []),
  ];
  const text = `${proposal} would ${what.join(" and ")}. ${sentence}`;
  return notPassed({ proposal, needs, answers, lifts }, text, `headgate release ${step}${profile}`);
}
