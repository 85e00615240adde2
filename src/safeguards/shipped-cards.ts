// The cards of the safeguards that ship, with the figures beside them, as anybody may read them who runs this: what is shown is what the
// card's digest names, measured on the very weights that lie here. Read anew each time; they are small.
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { z } from "zod";
import { Failure } from "../terms/failure.ts";
import { Digest } from "../terms/ids.ts";
import { CardFigures, cardFiguresBytesMax } from "./card-figures.ts";
import { patternsName } from "./patterns/patterns-document.ts";
import { remoteNames } from "./remote/remote-document.ts";
import { structureName } from "./structure/structure-document.ts";
import { weightBytesMax } from "./weights.ts";

/** Who says what is known of a safeguard: we measured it, its operator declares it, nobody measured it, or it is none of this release. */
export type CardKind = "measured" | "declared" | "unmeasured" | "unknown";

export interface SafeguardCard {
  readonly safeguard: string;
  readonly kind: CardKind;
  readonly figures: CardFigures | null;
  /** What its maker says it cannot do. */
  readonly limits: string | null;
}

/** Those whose card names figures. */
export const safeguardsMeasured = ["misuse@4", "injection@2", structureName] as const;
const measured: ReadonlySet<string> = new Set(safeguardsMeasured);
const artefacts = new URL("artefacts/", import.meta.url);
const remote: ReadonlySet<string> = new Set(remoteNames);

const Card = z.object({ figures: Digest, limits: z.string().max(4096).optional() });
const cardBytesMax = 1024 * 1024;

/** Fails with artefact_missing where its files are not those of a release. */
export function safeguardCard(safeguard: string, folder: URL = artefacts): SafeguardCard {
  if (remote.has(safeguard)) return { safeguard, kind: "declared", figures: null, limits: null };
  if (safeguard === patternsName) return { safeguard, kind: "unmeasured", figures: null, limits: null };
  if (!measured.has(safeguard)) return { safeguard, kind: "unknown", figures: null, limits: null };
  const read = (ending: string, bytesMax: number): Uint8Array => artefactOf(safeguard, ending, { folder, bytesMax });
  const card = Card.safeParse(parsed(read("card.json", cardBytesMax)));
  if (!card.success) throw damaged(safeguard, "its card names no figures");
  const bytes = read("figures.json", cardFiguresBytesMax);
  if (digestOf(bytes) !== card.data.figures) throw damaged(safeguard, "its figures are not those that its card names");
  const figures = CardFigures.safeParse(parsed(bytes));
  if (!figures.success || figures.data.safeguard !== safeguard) throw damaged(safeguard, "its figures cannot be read");
  const { weights } = figures.data;
  if (weights !== null && digestOf(read("bin", weightBytesMax)) !== weights)
    throw damaged(safeguard, "its figures were measured on other weights");
  return { safeguard, kind: "measured", figures: figures.data, limits: card.data.limits ?? null };
}

interface Place {
  readonly folder: URL;
  readonly bytesMax: number;
}

function artefactOf(safeguard: string, ending: string, { folder, bytesMax }: Place): Uint8Array {
  const file = new URL(`${safeguard.replace("@", "-")}.${ending}`, folder);
  try {
    if (statSync(file).size > bytesMax) throw new RangeError("too large");
    return readFileSync(file);
  } catch (cause) {
    throw damaged(safeguard, `its ${ending} cannot be read`, cause);
  }
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function damaged(safeguard: string, why: string, cause?: unknown): Failure {
  return new Failure(
    "artefact_missing",
    `What was measured of safeguard ${safeguard} cannot be shown: ${why}. Restore the files from the release.`,
    { cause, detail: { safeguard } },
  );
}
