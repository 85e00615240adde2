// Which incidents end a certificate: those of the severity that it names, or of a worse one.
import { type Severity, isAtLeast } from "../../terms/severity.ts";
import type { Release } from "../bodies.ts";
import type { Incident, State } from "../state.ts";

/** Whether a certificate says that an incident of this severity ends it. */
export function endsBy({ conditions: { endsOnIncident } }: Release, severity: Severity): boolean {
  return endsOnIncident !== undefined && isAtLeast(severity, endsOnIncident);
}

/** Incidents on its model, or on all, that would end it. */
export function incidentsAgainst({ incidents }: State, release: Release): readonly Incident[] {
  return [...incidents.values()].filter(
    ({ model, severity }) => (model === null || model === release.model) && endsBy(release, severity),
  );
}
