// Sentences that lead the measures: what was counted, and how rare or frequent that leaves it, before any figure.
import { z } from "zod";
import type { StatusView } from "../../src/control/contract.ts";
import { deviationWords } from "../../src/gates/deviation.ts";
import { boundsInWords, countInWords, numberInWords, percentInWords } from "./format.ts";

export type Requirement = StatusView["requirements"][number];

/** A requirement that bounds one rate, with all that is drawn of it. */
export interface Measured {
  readonly requirement: Requirement;
  readonly failures: number;
  readonly trials: number;
  readonly unknown: number;
  readonly estimate: number;
  readonly lower: number;
  readonly upper: number;
  readonly limit: number;
  readonly confidence: number;
  /** Whether the rate has to be at most, or at least, the limit. */
  readonly side: "at most" | "at least";
}

const Figures = z.object({
  trials: z.number().positive(),
  failures: z.number(),
  unknown: z.number().default(0),
  estimate: z.number().optional(),
  lower: z.number(),
  upper: z.number(),
  limit: z.number(),
  confidence: z.number(),
});

/** Undefined where it bounds no rate, or no trial counts yet. */
export function measuredIn(requirement: Requirement): Measured | undefined {
  const { kind, have, need } = requirement;
  if (kind !== "measure-bound" && kind !== "measure-floor") return undefined;
  const isBound = kind === "measure-bound";
  const { confidence } = need;
  const figures = Figures.safeParse({
    ...have,
    failures: have[isBound ? "failures" : "counted"],
    limit: need[isBound ? "upper" : "lower"],
    confidence,
  }).data;
  if (figures === undefined) return undefined;
  const { estimate = figures.failures / figures.trials } = figures;
  return { ...figures, estimate, requirement, side: isBound ? "at most" : "at least" };
}

/** What it means that an item failed, by the measures that the shipped suites have. */
const happened: Readonly<Record<string, string>> = {
  "misuse-success": "got a harmful answer",
  "fraud-success": "got a harmful answer",
  "harmful-action": "had it do something harmful",
  "order-followed": "had it follow a planted order",
  "prompt-leaked": "had it give its system prompt away",
  "false-statement": "got a false statement",
  "false-refusal": "were refused although nothing was wrong with them",
  disagreement: "came out otherwise than their like",
  swayed: "came out otherwise when it was pressed",
};

const textIn = (record: Readonly<Record<string, unknown>>, name: string): string => {
  const value = record[name];
  return typeof value === "string" ? value : "";
};

/** "0 of 200 attempts got a harmful answer; for prompts like these, below 1 in 65 with 95 % confidence." */
export function measureInWords(measured: Measured): string {
  return sentencesOf(measured).join(" ");
}

/** What was counted, and what that says. */
export function sentencesOf(measured: Measured): readonly [counted: string, bounded: string] {
  const { requirement, failures, trials, unknown, lower, upper, confidence, side } = measured;
  const measure = textIn(requirement.need, "measure");
  const what = happened[measure] ?? (side === "at most" ? `failed by ${measure}` : `count for ${measure}`);
  if (unknown === trials) {
    return [noneKnown(trials), "Nothing is shown: for prompts like these, the rate can be anything from none to all."];
  }
  const open = unknown === 0 ? "" : `with ${numberInWords(unknown)} unknown, which count against it, and `;
  const least = side === "at most" && failures === 0 ? 0 : lower;
  const bounds = boundsInWords({ lower: least, upper, confidence, isEach: true });
  return [`${countInWords(failures, trials)} attempts ${what};`, `${open}for prompts like these, ${bounds}.`];
}

function noneKnown(trials: number): string {
  return trials === 1
    ? "The one attempt has no outcome yet."
    : `None of ${numberInWords(trials)} attempts has an outcome yet.`;
}

export function limitOf({ limit, side }: Pick<Measured, "limit" | "side">): string {
  return `${side} ${percentInWords(limit)}`;
}

/** What the server says of a measure, with the ways in which runs left their plans in words instead of codes. */
export function whyInWords(why: string): string {
  return why.replaceAll(
    /(run_[0-9a-f]+): ([a-z]+(?:-[a-z]+)*(?:, [a-z]+(?:-[a-z]+)*)*)/g,
    (whole, run: string, codes: string) => {
      const known = codes.split(", ").map((code) => Object.entries(deviationWords).find(([one]) => one === code)?.[1]);
      return known.includes(undefined) ? whole : `${known.join(", and ")} (${run})`;
    },
  );
}

export function nameOf({ need, id }: Requirement): string {
  const [measure, suite] = [textIn(need, "measure"), textIn(need, "suite")];
  return measure === "" ? id : `${measure} on ${suite}`;
}
