// `headgate guard card`: what was measured of a safeguard that ships, from the files beside its weights. The console draws the same
// figures; here they are tables. No server.
import { z } from "zod";
import {
  type CardKind,
  type SafeguardCard,
  safeguardCard,
  safeguardsMeasured,
} from "../../safeguards/shipped-cards.ts";
import { percent, shareText } from "../../statistics/share.ts";
import { Failure } from "../../terms/failure.ts";
import { type Answer, done } from "../answer.ts";
import { legible } from "../legible.ts";
import { type Call, argument } from "../verb.ts";

export const CardOptions = z.object({});

type Figures = NonNullable<SafeguardCard["figures"]>;

/** Fails with not_found where nothing ships under the name, and with artefact_missing where the files are not those of a release. */
export async function card(call: Call<z.infer<typeof CardOptions>>): Promise<Answer> {
  const known = safeguardCard(argument(call, 0));
  if (known.kind === "unknown")
    throw new Failure(
      "not_found",
      `Nothing ships as ${legible(known.safeguard)}. Measured were ${safeguardsMeasured.join(", ")}.`,
    );
  return done({ ...known }, textOf(known));
}

const without = {
  measured: "",
  unknown: "",
  declared:
    "declared by its operator: no figures here. Check it with headgate guard conform, and measure it with headgate guard scan.",
  unmeasured:
    "exact patterns of the operator's own: they find what they say, and nobody measured how often that is right.",
} as const satisfies Record<CardKind, string>;

function textOf({ safeguard, kind, figures, limits }: SafeguardCard): string {
  if (figures === null) return `${safeguard}: ${without[kind]}`;
  return [
    `${safeguard}${figures.weights === null ? "" : ` (weights ${figures.weights})`}, measured on ${figures.measured} by ${figures.by}.`,
    ...(figures.together.length > 1
      ? [`The figures are of ${figures.together.join(" and ")} together, as the shipped documents run them.`]
      : []),
    ...(limits === null ? [] : [limits]),
    ...targetLines(figures),
    ...figures.curves.filter(({ of }) => of === "together").flatMap((curve) => curveLines(curve)),
    ...figures.reliability.flatMap(({ name, bins }) => [
      "",
      `How many of what scores so much are harmful: ${name}`,
      ...bins.map(({ score, harmful }) => `  ${score.toFixed(2)}  ${shareText(harmful)}`),
    ]),
    ...figures.shares.flatMap(sharesLines),
  ].join("\n");
}

function targetLines({ targets }: Figures): readonly string[] {
  if (targets.length === 0) return [];
  const missed = targets.filter(({ verdict }) => verdict === "missed").length;
  return [
    "",
    `What was asked for: ${targets.length - missed} of ${targets.length} lines met, ${missed} missed.`,
    ...targets.map(
      ({ what, of, target, measured, verdict, shown }) =>
        `  ${verdict === "met" ? "met   " : "MISSED"}${shown ? "" : " (not beyond doubt)"}  ${what}: ${of}: ${target}; ${measured}`,
    ),
  ];
}

/** At the rates that documents usually name; `--json` has all points. */
const ratesShown: ReadonlySet<number> = new Set([0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1]);

function curveLines({ name, against, harmful, harmless, points }: Figures["curves"][number]): readonly string[] {
  return [
    "",
    `Caught of ${harmful} (${name}), refused of ${harmless} (${against}), by benign rate`,
    ...points
      .filter(({ rate }) => ratesShown.has(rate))
      .map(
        ({ rate, caught, refused }) =>
          `  ${percent(rate).padEnd(7)} ${shareText({ ...caught, of: harmful })}; ${shareText({ ...refused, of: harmless })}`,
      ),
  ];
}

const seenWords = {
  "left-out": "left out of training",
  "in-kind": "training had such rows",
  "held-back": "rows held back from training",
  "in-sight": "in sight while rules were written",
} as const;

function sharesLines({ by, side, label, rows }: Figures["shares"][number]): readonly string[] {
  return [
    "",
    `Found of ${label} ${side === "input" ? "requests" : "answers"}, by ${by}`,
    ...rows.map(({ name, seen, found, limit }) => {
      const about = seen === null ? "" : ` (${seenWords[seen]})`;
      return `  ${name}${about}: ${shareText(found)}${limit === undefined ? "" : `; at most ${percent(limit)} was asked for`}`;
    }),
  ];
}
