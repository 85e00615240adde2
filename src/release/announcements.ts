// What is told to those who asked to be told: each notable statement, by its entry, and each change of where a model stands, a
// certificate that ends included. Pure. Names and reasons are commitments in the ledger, and so none of them is told.
import { z } from "zod";
import type { Act, AnyPredicate } from "../acts/statement.ts";
import type { State } from "../acts/state.ts";
import { standing } from "../exposure/exposure.ts";
import { shareNow } from "../acts/rules/share.ts";
import { renewalOf } from "../exposure/renewal.ts";
import { CertificateId, type Instant, Name, Timestamp, timestampOf } from "../terms/ids.ts";
import { Stage } from "../terms/stage.ts";

export const announcementTypes = [
  "stage.changed",
  "certificate.ending",
  "certificate.lapsed",
  "release.proposed",
  "release.signed",
  "release.certified",
  "release.held",
  "release.restricted",
  "release.break-glass",
  "release.break-glass-reviewed",
  "release.narrowed",
  "evidence.recorded",
  "evidence.withdrawn",
  "incident.opened",
  "incident.closed",
] as const;
export const AnnouncementType = z.enum(announcementTypes);
export type AnnouncementType = z.infer<typeof AnnouncementType>;

export interface Announcement {
  readonly type: AnnouncementType;
  readonly at: Timestamp;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Where a model stands, as far as people are told. */
const Standing = z.strictObject({
  /** What callers get; `withheld` where it is closed. */
  stage: Stage,
  /** Why it is closed; null where it is open. */
  closed: z.enum(["withheld", "held", "expired", "lapsed", "changed", "not-yet", "incident"]).nullable(),
  certificate: CertificateId.nullable(),
  validUntil: Timestamp.nullable(),
  /** The warning that was due, in days before the end; null where none was. */
  renewalDue: z.union([z.literal(1), z.literal(7), z.literal(14)]).nullable(),
  /** The part of its callers that it is open to; 1 where it is open to all of them. */
  share: z.number(),
});
type Standing = z.infer<typeof Standing>;

/** Of all models, by name: kept from one look to the next. */
export const Standings = z.record(Name, Standing);
export type Standings = z.infer<typeof Standings>;

export function standingsOf(state: State, at: Instant): Standings {
  const models = [...(state.documents.get("Model")?.keys() ?? [])];
  return Object.fromEntries(models.map((model) => [model, standingOf(state, model, at)]));
}

function standingOf(state: State, model: Name, at: Instant): Standing {
  const now = standing(state, model, { at, early: [] });
  if (now.kind === "closed")
    return { stage: "withheld", closed: now.reason, certificate: null, validUntil: null, renewalDue: null, share: 0 };
  const { release } = now.certificate;
  const { certificate, notAfter } = release;
  const { renewalDue } = renewalOf(release, at);
  const share = shareNow(state, release);
  return { stage: now.stage, closed: null, certificate, validUntil: notAfter, renewalDue, share };
}

/** What changed from one look to the next. A model that was not there before stood at `withheld`. */
export function changesIn(before: Standings, after: Standings, at: Instant): readonly Announcement[] {
  const known = new Map(Object.entries(before));
  return Object.entries(after).flatMap(([model, now]) => {
    const was = known.get(model) ?? unknownBefore;
    return [...stageChange(model, { was, now, at }), ...ending(model, { was, now, at })];
  });
}

const unknownBefore: Standing = {
  stage: "withheld",
  closed: "withheld",
  certificate: null,
  validUntil: null,
  renewalDue: null,
  share: 0,
};

interface Change {
  readonly was: Standing;
  readonly now: Standing;
  readonly at: Instant;
}

function stageChange(model: string, { was, now, at }: Change): readonly Announcement[] {
  if (JSON.stringify(shown(was)) === JSON.stringify(shown(now))) return [];
  return [{ type: "stage.changed", at: timestampOf(at), data: { model, from: shown(was), to: shown(now) } }];
}

function shown({ stage, closed, certificate, validUntil, share }: Standing): Omit<Standing, "renewalDue"> {
  return { stage, closed, certificate, validUntil, share };
}

/** Once for each of the warnings, whichever certificate it is about. */
function ending(model: string, { was, now, at }: Change): readonly Announcement[] {
  const { certificate, validUntil, renewalDue } = now;
  if (renewalDue === null || (was.certificate === certificate && was.renewalDue === renewalDue)) return [];
  const data = { model, certificate, stage: now.stage, validUntil, withinDays: renewalDue };
  return [{ type: "certificate.ending", at: timestampOf(at), data }];
}

/** What an entry of the ledger tells, by what the ledger says of it now; most tell nothing. `index` is where it stands. */
export function announcementOf(act: Act, index: number, state: State): Announcement | undefined {
  const told = toldBy(act.predicate, state);
  if (told === undefined) return undefined;
  return { type: told.type, at: act.predicate.at, data: { ...told.data, act: act.digest, entry: index } };
}

type Told = Pick<Announcement, "type" | "data">;

function toldBy(predicate: AnyPredicate, state: State): Told | undefined {
  return (
    toldOfProposal(predicate, state) ??
    toldOfStop(predicate, state) ??
    toldOfLapse(predicate, state) ??
    toldOfBreakGlass(predicate) ??
    toldOfIncident(predicate) ??
    toldOfEvidence(predicate, state)
  );
}

function toldOfProposal(predicate: AnyPredicate, state: State): Told | undefined {
  if (predicate.verb === "proposal") return { type: "release.proposed", data: releaseTold(predicate.body.release) };
  if (predicate.verb === "certificate") return { type: "release.certified", data: releaseTold(predicate.body.release) };
  if (predicate.verb !== "sign-off") return undefined;
  const { proposal, verdict, role } = predicate.body;
  const about = state.proposals.get(proposal)?.release;
  return { type: "release.signed", data: { model: about?.model, stage: about?.stage, proposal, verdict, role } };
}

function toldOfStop(predicate: AnyPredicate, state: State): Told | undefined {
  if (predicate.verb === "narrow") {
    const { certificate, step, watch = null } = predicate.body;
    return {
      type: "release.narrowed",
      data: { model: modelOf(state, certificate), certificate, step: step + 1, watch },
    };
  }
  if (predicate.verb === "hold") {
    const { hold, scope } = predicate.body;
    return { type: "release.held", data: { hold, scope } };
  }
  if (predicate.verb !== "restriction") return undefined;
  const { hold: restriction, model, limit } = predicate.body;
  return { type: "release.restricted", data: { restriction, model, limit } };
}

function toldOfLapse(predicate: AnyPredicate, state: State): Told | undefined {
  if (predicate.verb !== "lapse") return undefined;
  const { certificate, verdict, requirements } = predicate.body;
  const model = modelOf(state, certificate);
  return { type: "certificate.lapsed", data: { model, certificate, verdict, requirements } };
}

function toldOfBreakGlass(predicate: AnyPredicate): Told | undefined {
  if (predicate.verb === "break-glass") {
    const { glass, model, certificate, holds, notAfter: until } = predicate.body;
    return { type: "release.break-glass", data: { breakGlass: glass, model, certificate, holds, until } };
  }
  if (predicate.verb !== "fact" || predicate.body.fact.kind !== "break-glass-review") return undefined;
  const { fact, model } = predicate.body;
  return { type: "release.break-glass-reviewed", data: { breakGlass: fact.glass, model, finding: fact.finding } };
}

function modelOf(state: State, certificate: CertificateId): Name | null {
  for (const [model, certificates] of state.certificates)
    if (certificates.some(({ release }) => release.certificate === certificate)) return model;
  return null;
}

function toldOfIncident(predicate: AnyPredicate): Told | undefined {
  if (predicate.verb !== "fact" || predicate.body.fact.kind !== "incident") return undefined;
  const { fact, model } = predicate.body;
  const { incident, severity, state } = fact;
  return { type: state === "open" ? "incident.opened" : "incident.closed", data: { incident, model, severity } };
}

function toldOfEvidence(predicate: AnyPredicate, state: State): Told | undefined {
  if (predicate.verb === "evidence") {
    const { run, model, basis, measures, flags } = predicate.body;
    return { type: "evidence.recorded", data: { run, model, basis, measures, flags } };
  }
  if (predicate.verb !== "withdrawal" || !("evidence" in predicate.body)) return undefined;
  const run = predicate.body.evidence;
  const about = [...state.evidence.values()].find(({ body }) => body.run === run);
  return { type: "evidence.withdrawn", data: { run, model: about?.body.model } };
}

function releaseTold({
  model,
  stage,
  proposal,
  certificate,
  notAfter: validUntil,
  decideBy,
  lifts,
}: Extract<AnyPredicate, { verb: "proposal" }>["body"]["release"]): Announcement["data"] {
  return { model, stage, proposal, certificate, validUntil, decideBy, ...(lifts === undefined ? {} : { lifts }) };
}
