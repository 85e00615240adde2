// The bodies of the acts of the release page, made from verified state, from content checked against its digest, and from what was typed:
// by the same code as the command line.
import { z } from "zod";
import type { BodyOf, Limit, Slot } from "../../../src/acts/bodies.ts";
import { latestCertificate, type Proposal, type State } from "../../../src/acts/state.ts";
import { narrowerStep, steppedIn, widerStep } from "../../../src/acts/stepped.ts";
import { configurationOf, draftRelease, candidate } from "../../../src/gates/draft.ts";
import { ReleasePlan } from "../../../src/gates/plan-document.ts";
import { answeredBy, suitesOnRecord } from "../../../src/gates/proposing.ts";
import { Failure } from "../../../src/terms/failure.ts";
import { CertificateId, type GlassId, HoldId, type Name, ProposalId, toInstant } from "../../../src/terms/ids.ts";
import type { OpenStage } from "../../../src/terms/stage.ts";
import type { Role } from "../../../src/terms/role.ts";
import { askDocument } from "../../app/artefacts.ts";
import type { Prepared } from "../../signing/act-flow.ts";
import { committed, freshId } from "../../signing/fresh.ts";
import { words } from "../../words/words.ts";

/** What the person saw of a proposal: where it was decided or signed anew meanwhile they look again. */
export interface SeenProposal {
  readonly proposal: ProposalId;
  readonly digest: Proposal["digest"];
  /** Ledger indexes of the sign-offs that were shown. */
  readonly signed: readonly number[];
}

export function seenOf({ release, digest, signOffs }: Proposal): SeenProposal {
  return { proposal: release.proposal, digest, signed: [...signOffs.values()].map(({ index }) => index) };
}

/** Fails with conflict where it is another one now, or was decided. */
function proposalNow(state: State, seen: SeenProposal): Proposal {
  const now = state.proposals.get(seen.proposal);
  const serial = now === undefined ? 0 : (latestCertificate(state, now.release.model)?.release.serial ?? 0);
  const isOutrun = now === undefined || now.certified || now.release.serial !== serial + 1;
  const isOther = now?.digest !== seen.digest || seenOf(now).signed.join() !== seen.signed.join();
  if (now === undefined || isOutrun || isOther) throw new Failure("conflict", words.release.acts.changed);
  return now;
}

export interface SignOffWish {
  readonly seen: SeenProposal;
  readonly verdict: BodyOf<"sign-off">["verdict"];
  readonly role: Role;
  readonly reason: string;
}

export function prepareSignOff(state: State, { seen, verdict, role, reason }: SignOffWish): Prepared<"sign-off"> {
  const { release, digest } = proposalNow(state, seen);
  const why = committed(reason);
  const body = { proposal: release.proposal, release: digest, verdict, role, reason: why.digest };
  return { body, openings: [why.opening] };
}

export function prepareAdvance(state: State, seen: SeenProposal): Prepared<"certificate"> {
  return { body: { release: proposalNow(state, seen).release } };
}

export interface ProposalWish {
  readonly model: Name;
  readonly stage: OpenStage;
  readonly slot: Slot;
  readonly reason: string;
  /** All on the model or a stage of it, where none is named. */
  readonly holds: readonly HoldId[];
  readonly lifts: readonly HoldId[];
}

const Identified = z.looseObject({
  kind: z.literal("Model"),
  identity: z.looseObject({ basis: z.enum(["measured", "vendor", "declared"]) }),
});

export async function prepareProposal(state: State, wish: ProposalWish): Promise<Prepared<"proposal">> {
  const { model, stage, slot, holds, lifts } = wish;
  const pinned = latestCertificate(state, model)?.release.digests.plan;
  const planDigest = slot === "in-force" && pinned !== undefined ? pinned : candidate(state, "ReleasePlan", model);
  const plan = await askDocument(planDigest, ReleasePlan);
  const configuration = configurationOf(state, plan, slot);
  const { identity } = await askDocument(configuration.model, Identified);
  const why = committed(wish.reason);
  const release = draftRelease({
    state,
    plan,
    stage,
    slot,
    at: toInstant(Date.now()),
    ids: {
      proposal: ProposalId.parse(freshId("prop_", 16)),
      certificate: CertificateId.parse(freshId("cert_", 16)),
    },
    reason: why.digest,
    identityBasis: identity.basis,
    suites: suitesOnRecord(state, { plan, stage, slot }),
    answers: answeredBy(state, model, holds),
    lifts,
  });
  return { body: { release }, openings: [why.opening] };
}

interface StepWish {
  readonly model: Name;
  readonly reason: string;
}

export function prepareStep(state: State, verb: "widen" | "narrow", { model, reason }: StepWish): Prepared<"widen"> {
  const stepped = steppedIn(state, model);
  const step = verb === "widen" ? widerStep(stepped) : narrowerStep(stepped);
  const why = committed(reason);
  return { body: { certificate: stepped.release.certificate, step, reason: why.digest }, openings: [why.opening] };
}

export function prepareRestriction(model: Name, limit: Limit, reason: string): Prepared<"restriction"> {
  const why = committed(reason);
  const body = { hold: HoldId.parse(freshId("hold_", 16)), model, limit, reason: why.digest };
  return { body, openings: [why.opening] };
}

export interface GlassFinding {
  readonly model: Name;
  readonly glass: GlassId;
  readonly finding: "justified" | "unjustified";
  readonly summary: string;
}

export function prepareGlassReview({ model, glass, finding, summary }: GlassFinding): Prepared<"fact"> {
  const why = committed(summary);
  const fact = { kind: "break-glass-review", glass, finding, summary: why.digest } as const;
  return { body: { model, fact }, openings: [why.opening] };
}
