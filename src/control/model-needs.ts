// What a model needs somebody for, read off its status: proposals, gates that turned, ends, holds, restrictions, incidents, its canary.
// Pure. Who can do each is what the rules of the ledger let each role sign.
import { anyRoleButAuditor, authority } from "../acts/authority.ts";
import { reviewingRoles } from "../acts/rules/break-glass.ts";
import type { Status } from "../release/status.ts";
import { type Instant, type PersonId, type Timestamp, instantOf } from "../terms/ids.ts";
import { Role } from "../terms/role.ts";
import { isAtLeast } from "../terms/severity.ts";
import type { WatchView } from "./contract.ts";
import type { Need, Urgency } from "./contract-needs.ts";

/** A matter before it is known who asks. */
export interface Open extends Omit<Need, "mine"> {
  /** Who cannot do it although their role could: they have said their word, or it was asked of others. */
  readonly not: readonly PersonId[];
}

interface Around {
  readonly watch: WatchView | null;
  readonly at: Instant;
}

type Certified = NonNullable<Status["certified"]>;

export function needsOfModel(status: Status, { watch, at }: Around): readonly Open[] {
  return [
    ...status.proposals.flatMap((proposal) => proposalNeeds(status, proposal)),
    ...certificateNeeds(status, at),
    ...glassNeeds(status),
    ...holdNeeds(status),
    ...status.restrictions.map((one) =>
      open(status, `restriction ${one.restriction}`, {
        urgency: one.reviewDue ? "soon" : "later",
        who: authority.proposal.roles,
        since: one.at,
        matter: { kind: "restriction", ...one },
      }),
    ),
    ...status.incidents.map((one) =>
      open(status, `incident ${one.incident}`, {
        urgency: isAtLeast(one.severity, "high") ? "now" : "soon",
        who: ["owner", "safety", "assurance"],
        since: one.at,
        matter: { kind: "incident", incident: one.incident, severity: one.severity },
      }),
    ),
    ...canaryNeeds(status, watch),
  ];
}

type About = Pick<Open, "urgency" | "who" | "matter"> & Partial<Pick<Open, "since" | "due" | "not">>;

function open({ model }: Pick<Status, "model">, id: string, about: About): Open {
  return { id: `${model} ${id}`, model, since: null, due: null, not: [], ...about };
}

/** A proposal that answers a question of before is nobody's to sign any more. */
function proposalNeeds(status: Status, one: Status["proposals"][number]): readonly Open[] {
  const { proposal, stage, decideBy, needs, waiting, current, signOffs } = one;
  if (!waiting || !current || needs === null) return [];
  if (needs.length === 0) {
    const verdict = stage === status.next ? status.verdict : null;
    const matter = { kind: "advance", proposal, stage, decideBy, verdict } as const;
    const urgency = verdict === null || verdict === "pass" ? "soon" : "later";
    return [open(status, `advance ${proposal}`, { urgency, who: authority.certificate.roles, due: decideBy, matter })];
  }
  // What is to be signed at the command line may be signed there by whoever signed it in a browser.
  const again = needs.includes("command-line") ? signOffs.filter(isForFromBrowser) : [];
  const who = Role.options.filter(
    (role) =>
      needs.includes(role) ||
      (needs.includes("person") && isAnybody(role)) ||
      again.some((signed) => signed.role === role),
  );
  const matter = { kind: "sign", proposal, stage, decideBy, needs } as const;
  const not = signOffs.filter((signed) => !again.includes(signed)).map(({ person }) => person);
  return [open(status, `sign ${proposal}`, { urgency: "soon", who, due: decideBy, not, matter })];
}

function isForFromBrowser({ verdict, madeIn }: Status["proposals"][number]["signOffs"][number]): boolean {
  return verdict === "for" && madeIn === "browser";
}

export function isAnybody(role: Role): boolean {
  return anyRoleButAuditor.includes(role);
}

function certificateNeeds(status: Status, at: Instant): readonly Open[] {
  const { certified } = status;
  if (certified === null) return [];
  const { certificate, stage, validUntil: notAfter, endsInDays } = certified;
  const about = { certificate, stage };
  const who = authority.certificate.roles;
  if (instantOf(notAfter) <= at)
    return [
      open(status, `expired ${certificate}`, {
        urgency: "now",
        who,
        since: notAfter,
        matter: { kind: "expired", ...about, notAfter, endsInDays },
      }),
    ];
  if (status.closed === "lapsed") return [lapsedNeed(status, certified)];
  return [...turnedNeeds(status, certified), ...renewalNeeds(status, certified)];
}

function lapsedNeed(status: Status, { certificate, stage }: Certified): Open {
  const { lapsed } = status;
  const said = { verdict: lapsed?.verdict ?? null, requirements: lapsed?.requirements ?? [] };
  return open(status, `lapsed ${certificate}`, {
    urgency: "now",
    who: authority.certificate.roles,
    since: lapsed?.at ?? null,
    matter: { kind: "lapsed", certificate, stage, ...said },
  });
}

/** What is certified would not pass its gate today. */
function turnedNeeds(status: Status, { certificate, stage }: Certified): readonly Open[] {
  const { rejudged } = status;
  if (rejudged === null || rejudged.verdict === "pass") return [];
  const { verdict, at: since } = rejudged;
  const matter = { kind: "gate-turned", certificate, stage, verdict, requirements: rejudged.open } as const;
  const who = ["owner", "safety", "assurance"] as const;
  return [open(status, `turned ${certificate}`, { urgency: verdict === "fail" ? "now" : "soon", who, since, matter })];
}

function renewalNeeds(status: Status, certified: Certified): readonly Open[] {
  const { certificate, stage, validUntil: notAfter, endsInDays, renewalDue } = certified;
  if (renewalDue === null) return [];
  const matter = { kind: "certificate-ends", certificate, stage, notAfter, endsInDays } as const;
  const who = authority.certificate.roles;
  return [open(status, `ends ${certificate}`, { urgency: urgencyOf(renewalDue), who, due: notAfter, matter })];
}

export function urgencyOf(due: 14 | 7 | 1): Urgency {
  return ({ 1: "now", 7: "soon", 14: "later" } as const)[due];
}

function glassNeeds(status: Status): readonly Open[] {
  const { breakGlass } = status;
  if (breakGlass === null) return [];
  const { glass, open: isOpen, until, since } = breakGlass;
  const matter = { kind: "break-glass", glass, open: isOpen, until } as const;
  const who = isOpen ? anyRoleButAuditor : reviewingRoles;
  return [open(status, `glass ${glass}`, { urgency: "now", who, since, due: isOpen ? until : null, matter })];
}

function holdNeeds(status: Status): readonly Open[] {
  return status.holds.map(({ hold, at, callers, stage }) =>
    open(status, `hold ${hold}`, {
      urgency: "soon",
      who: authority.proposal.roles,
      since: at,
      matter: { kind: "hold", hold, callers: callers ?? null, stage: stage ?? null },
    }),
  );
}

function canaryNeeds(status: Status, watch: WatchView | null): readonly Open[] {
  const share = status.certified?.share;
  if (watch === null || share === null || share === undefined || status.stage === "withheld") return [];
  const isLast = share.step >= share.steps.length;
  const verdict = watch.blindSince === null ? watch.verdict : "blind";
  if (verdict === "hold" || (verdict === "may-widen" && isLast)) return [];
  const exceeded = watch.measures.filter((one) => one.verdict === "exceeded").map(({ id }) => id);
  const cause = verdict === "exceeded" ? exceeded.join(", ") : watch.rolledBackFor;
  const matter = { kind: "canary", verdict, step: share.step, steps: share.steps.length, cause } as const;
  const since: Timestamp = watch.blindSince ?? watch.since;
  const who = authority.widen.roles;
  return [open(status, `canary ${watch.certificate}`, { urgency: canaryUrgency[verdict], who, since, matter })];
}

const canaryUrgency = { "may-widen": "soon", "rolled-back": "soon", exceeded: "now", blind: "now" } as const;
