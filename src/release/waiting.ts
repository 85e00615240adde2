// For how long a requirement has waited, and on whom: from the times that statements carry, so that the gate's own delay can be measured
// like anything else. Pure.
import type { Proposal, State } from "../acts/state.ts";
import type { RequirementJudgement } from "../gates/judgement.ts";
import type { ReleasePlan } from "../gates/plan-document.ts";
import { type Instant, type Timestamp, instantOf } from "../terms/ids.ts";
import { Role } from "../terms/role.ts";
import { Severity, isAtLeast } from "../terms/severity.ts";

export interface Waiting {
  /** The last time that something moved: the documents, a run, a proposal, the fact before. */
  readonly since: Timestamp;
  /** Whole ones. */
  readonly days: number;
  /** Any one of these roles can move it; of sign-offs each of them has to, or where one at the command line is missing, any. */
  readonly on: readonly Role[];
}

export interface WaitingAsked {
  readonly state: State;
  readonly plan: ReleasePlan;
  readonly proposal: Proposal | undefined;
  readonly at: Instant;
}

/** Null where it passes, is not asked, or nothing was applied. */
export function waitingOf(judged: RequirementJudgement, asked: WaitingAsked): Waiting | null {
  if (judged.verdict === "pass" || judged.verdict === "not-asked") return null;
  const applied = appliedSince(asked);
  const times = [applied, ...movedAt(judged, asked)].filter((time) => time !== undefined);
  const since = times.toSorted().at(-1);
  if (since === undefined) return null;
  const days = Math.max(0, Math.floor((asked.at - instantOf(since)) / dayMs));
  return { since, days, on: moversOf(judged, asked) };
}

const dayMs = 86_400_000;

/** When the candidate became what it is. */
function appliedSince({ state, plan }: WaitingAsked): Timestamp | undefined {
  const documents = [
    state.documents.get("Model")?.get(plan.model),
    state.documents.get("Safeguards")?.get(plan.safeguards),
    state.documents.get("UsagePolicy")?.get(plan.policy),
    state.documents.get("ReleasePlan")?.get(plan.model),
  ];
  return documents
    .flatMap((document) => (document === undefined ? [] : [document.since]))
    .toSorted()
    .at(-1);
}

type Kind = RequirementJudgement["kind"];

const measurers: readonly Role[] = ["owner", "assurance", "evaluator"];

/** Who can move it, by what the rules of the ledger let each role sign. */
const movers: { readonly [K in Kind]: readonly Role[] } = {
  "measure-bound": measurers,
  "measure-floor": measurers,
  comparison: measurers,
  "tier-ceiling": measurers,
  "evidence-age": measurers,
  "sign-offs": ["owner"],
  "no-incident": ["owner", "safety", "assurance"],
  drilled: measurers,
  consulted: ["owner", "policy"],
  published: ["owner", "assurance", "policy"],
  "policy-tests": ["owner", "assurance", "policy"],
};

/** Sign-offs wait on the roles that are missing; before there is a proposal, on an owner who makes one. */
function moversOf({ kind, have, need }: RequirementJudgement, { proposal }: WaitingAsked): readonly Role[] {
  if (kind !== "sign-offs" || proposal === undefined) return movers[kind];
  const lacks = (what: string): boolean => Number(have[what] ?? 0) < Number(need[what] ?? 0);
  return Role.options.filter((role) => lacks(role) || (lacks("cliKeys") && Number(need[role] ?? 0) > 0));
}

function movedAt({ kind, need }: RequirementJudgement, { state, plan, proposal }: WaitingAsked): readonly Timestamp[] {
  if (kind === "sign-offs") return proposal === undefined ? [] : [proposal.at];
  if (kind === "no-incident")
    return [...state.incidents.values()]
      .filter((one) => one.state === "open" && (one.model === null || one.model === plan.model))
      .filter(({ severity }) => isAtLeast(severity, Severity.parse(need["noIncident"])))
      .map(({ at }) => at);
  if (measuring.has(kind)) return ranAt(state, plan, need["suite"]);
  const fact = factOf[kind];
  return state.facts
    .filter(({ body }) => body.fact.kind === fact && (body.model === null || body.model === plan.model))
    .map(({ at }) => at);
}

const measuring: ReadonlySet<Kind> = new Set([
  "measure-bound",
  "measure-floor",
  "comparison",
  "tier-ceiling",
  "evidence-age",
]);

const factOf: Readonly<Partial<Record<Kind, string>>> = {
  drilled: "drill",
  consulted: "consultation",
  published: "publication",
  "policy-tests": "policy-test",
};

/** When runs of the suite, or of any where none is named, were sealed. */
function ranAt(state: State, { model }: ReleasePlan, suite: unknown): readonly Timestamp[] {
  const known = [...(state.documents.get("Suite") ?? [])].find(([name]) => name === suite)?.[1];
  return [...state.evidence.values()]
    .filter(({ body }) => body.model === model && (known === undefined || known.all.has(body.digests.suite)))
    .map(({ at }) => at);
}
