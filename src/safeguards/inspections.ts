// Inspections put together and moved about: what was found in several texts, windows or views of one. What safeguards in
// shadow found goes along, and never gets among what is decided by.
import type { Finding, Inspection, Look } from "../terms/finding.ts";
import type { SafeguardMode } from "../terms/safeguard-mode.ts";

/** With every finding changed, those of what runs in shadow as well. */
export function inBoth(inspection: Inspection, change: (finding: Finding) => Finding): Inspection {
  const { shadow } = inspection;
  const look = changed(inspection, change);
  return shadow === undefined ? look : { ...look, shadow: changed(shadow, change) };
}

function changed(look: Look, change: (finding: Finding) => Finding): Look {
  if (look.kind === "unknown" || look.findings.length === 0) return look;
  return { kind: "inspected", findings: look.findings.map(change) };
}

/** What a safeguard says, as much as its mode makes of it. In shadow it says nothing, and that it cannot say anything as little. */
export function inMode(mode: SafeguardMode, look: Look): Inspection {
  switch (mode) {
    case "block":
      return look;
    case "review":
      return changed(look, (one) =>
        one.band === "block" ? { ...one, mode, band: "review", isPastBlock: true } : { ...one, mode },
      );
    case "flag":
      return changed(look, (one) => ({ ...one, mode, band: "flag" }));
    case "shadow":
    case "off":
      return { ...nothingFound, shadow: changed(look, (one) => ({ ...one, mode: "shadow" })) };
  }
}

/** All findings of several inspections; unknown as soon as one of them is. What runs in shadow is joined by itself. */
export function joined(inspections: readonly Inspection[]): Inspection {
  const look = joinedLook(inspections);
  if (!inspections.some(({ shadow }) => shadow !== undefined)) return look;
  return { ...look, shadow: joinedLook(inspections.flatMap(({ shadow }) => shadow ?? [])) };
}

/** With what is still to come, for whoever has the time to wait for it. */
export async function whole(inspection: Inspection): Promise<Inspection> {
  const { later, ...now } = inspection;
  return later === undefined ? now : joined([now, { ...nothingFound, shadow: await later }]);
}

function joinedLook(looks: readonly Look[]): Look {
  const findings: Finding[] = [];
  for (const look of looks) {
    if (look.kind === "unknown") return look;
    for (const finding of look.findings) findings.push(finding);
  }
  return findings.length === 0 ? nothingFound : { kind: "inspected", findings: highestOfEach(findings) };
}

/** Of nearly every window. */
const nothingFound: Look = { kind: "inspected", findings: [] };

/**
 * Of each detector and category the finding of the strictest band, and of those the highest; what only flags stands by itself.
 * What is to be redacted stays, each of them.
 */
function highestOfEach(findings: readonly Finding[]): Finding[] {
  const best = new Map<string, Finding>();
  const redacted: Finding[] = [];
  for (const finding of findings) {
    if (finding.band === "redact") {
      redacted.push(finding);
      continue;
    }
    const { detector, pattern = "", category, band } = finding;
    const key = `${detector} ${pattern} ${category} ${band === "flag" ? "flag" : "stop"}`;
    const before = best.get(key);
    if (before === undefined || isWorse(finding, before)) best.set(key, finding);
  }
  return [...best.values(), ...redacted];
}

/** The same detector may stand in a chain twice, with other rates or another mode. */
function isWorse(one: Finding, other: Finding): boolean {
  if (one.band !== other.band) return one.band === "block";
  if (one.isPastBlock !== other.isPastBlock) return one.isPastBlock === true;
  return one.score > other.score;
}
