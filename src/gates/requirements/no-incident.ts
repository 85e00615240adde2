// No open incident of some severity or a worse one, on the model or on all: what is going wrong now outweighs what was measured.
import { z } from "zod";
import { Name } from "../../terms/ids.ts";
import { Severity, isAtLeast } from "../../terms/severity.ts";
import { TierNumber } from "../tier-number.ts";
import type { GateCase, GivenFact, RequirementJudgement } from "../judgement.ts";

export const NoIncident = z.strictObject({ id: Name, noIncident: Severity, tier: TierNumber.optional() });
export type NoIncident = z.infer<typeof NoIncident>;

type IncidentFact = Extract<GivenFact["fact"], { kind: "incident" }>;

export function judgeNoIncident(
  { id, noIncident }: NoIncident,
  { facts }: Pick<GateCase, "facts">,
): RequirementJudgement {
  const open = openIncidents(facts).filter(({ severity }) => isAtLeast(severity, noIncident));
  const names = open.map(({ incident, severity }) => `${incident} (${severity})`).join(", ");
  return {
    id,
    kind: "no-incident",
    verdict: open.length === 0 ? "pass" : "fail",
    have: { open: open.length },
    need: { noIncident },
    why: open.length === 0 ? `No incident of severity ${noIncident} or worse is open.` : `Open: ${names}.`,
    stillToShow: open.length === 0 ? null : `the end of ${names}`,
  };
}

/** The last word on each incident counts. */
function openIncidents(facts: readonly GivenFact[]): readonly IncidentFact[] {
  const last = new Map<string, IncidentFact>();
  for (const { fact } of facts) if (fact.kind === "incident") last.set(fact.incident, fact);
  return [...last.values()].filter(({ state }) => state === "open");
}
