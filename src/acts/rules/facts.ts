// What the world reports. Opening an incident, or making it worse, can only close; ending one, and every fact that a gate could
// pass by, takes the roles that answer for it.
import { neededFor } from "../authority-words.ts";
import { isAtLeast } from "../../terms/severity.ts";
import type { Timestamp } from "../../terms/ids.ts";
import type { Role } from "../../terms/role.ts";
import { anyRoleButAuditor } from "../authority.ts";
import type { BodyOf } from "../bodies.ts";
import { type Refusal, type Rule, author, change, refuse } from "../rule.ts";
import { type Incident, type Person, type State, latestCertificate } from "../state.ts";
import { endsBy } from "./ending-incident.ts";
import { isApplied } from "./evaluation.ts";
import { reviewingRoles, takeReview, wrongReview } from "./break-glass.ts";

type FactBody = BodyOf<"fact">;
type IncidentFact = Extract<FactBody["fact"], { kind: "incident" }>;

/** Who states what. */
const roles: { readonly [K in FactBody["fact"]["kind"]]: readonly Role[] } = {
  drill: ["owner", "assurance", "evaluator"],
  incident: anyRoleButAuditor,
  consultation: ["owner", "policy"],
  publication: ["owner", "assurance", "policy"],
  "policy-test": ["owner", "assurance", "policy"],
  "break-glass-review": reviewingRoles,
};

/** Who ends an incident: not whoever happens to be on duty. */
const endingRoles: readonly Role[] = ["owner", "safety", "assurance"];

export const recordFact: Rule<"fact"> = (state, act, context) => {
  const { body, at } = act.predicate;
  const { fact, model } = body;
  const by = author(context);
  const { role } = by;
  if (!roles[fact.kind].includes(role)) return wrongRole(fact.kind, roles[fact.kind]);
  const refusal = wrongFact(state, body, { by, at });
  if (refusal !== undefined) return refusal;
  return change(() => {
    state.facts.push({ body, at, index: context.index });
    if (fact.kind === "incident") takeIncident(state, { fact, model, at, index: context.index });
    if (fact.kind === "break-glass-review") takeReview(state, { fact, model, by, at }, context.index);
  });
};

function wrongFact(
  state: State,
  { fact, model }: FactBody,
  { by, at }: { readonly by: Person; readonly at: Timestamp },
): Refusal | undefined {
  if (fact.kind === "incident") return wrongIncident(state, { fact, model, role: by.role });
  if (fact.kind === "policy-test") return wrongPolicyTest(state, fact);
  if (fact.kind === "break-glass-review") return wrongReview(state, { fact, model, by, at });
  return undefined;
}

function wrongRole(of: string, allowed: readonly Role[]): Refusal {
  return refuse("authority_missing", neededFor("fact", { roles: allowed, of }));
}

function wrongPolicyTest(
  state: State,
  { policy, safeguards, total, failed }: Extract<FactBody["fact"], { kind: "policy-test" }>,
): Refusal | undefined {
  if (total === 0 || failed > total) return refuse("statement_invalid", "Policy tests are of at least one case.");
  if (isApplied(state, "UsagePolicy", policy) && isApplied(state, "Safeguards", safeguards)) return undefined;
  return refuse("not_found", "Nobody applied this policy, or these safeguards. Apply them, then test them again.");
}

interface Told {
  readonly fact: IncidentFact;
  readonly model: FactBody["model"];
  readonly role: Role;
}

function wrongIncident(state: State, { fact, model, role }: Told): Refusal | undefined {
  const known = state.incidents.get(fact.incident);
  if (known !== undefined && known.model !== model)
    return refuse("conflict", `${fact.incident} is about ${known.model ?? "all models"}.`);
  if (fact.state === "open") return wrongOpening(known, fact);
  if (!endingRoles.includes(role)) return wrongRole("incident closed", endingRoles);
  if (known?.state === "open") return undefined;
  return refuse("not_found", `There is no open incident ${fact.incident}.`);
}

/** An incident only gets worse while it is open: whoever thinks less of it ends it. */
function wrongOpening(known: Incident | undefined, { incident, severity }: IncidentFact): Refusal | undefined {
  if (known === undefined) return undefined;
  if (known.state === "closed")
    return refuse("conflict", `${incident} is closed. What comes after is another incident.`);
  return isAtLeast(severity, known.severity) && severity !== known.severity
    ? undefined
    : refuse("conflict", `${incident} is ${known.severity} already.`);
}

function takeIncident(
  state: State,
  { fact, model, at, index }: Omit<Told, "role"> & { at: string; index: number },
): void {
  const { incident, summary } = fact;
  const known = state.incidents.get(incident);
  // Whoever ends it says nothing of how bad it was: what it keeps from beginning would else begin by their word.
  const severity = fact.state === "closed" ? (known?.severity ?? fact.severity) : fact.severity;
  state.incidents.set(incident, { incident, model, severity, state: fact.state, summary, at: known?.at ?? at, index });
  if (fact.state === "closed") return;
  for (const name of model === null ? state.certificates.keys() : [model]) {
    const release = latestCertificate(state, name)?.release;
    if (release !== undefined && endsBy(release, severity)) state.ended.set(release.certificate, incident);
  }
}
