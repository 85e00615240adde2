// What the graders of a sealed run said beside each other, and which items fared worst: for eval show, reports and comparisons.
import type { Said } from "../../evidence/graders/combine.ts";
import { type ItemCount, worstItems } from "../../evidence/worst-items.ts";
import { kappaInWords } from "./grader-words.ts";
import type { GradersShown } from "../../evidence/graders/shown.ts";
import { legible } from "../legible.ts";
import type { OpenedRun } from "./opened-run.ts";

/** Rows that the terminal shows; all of them are in JSON. */
const shownMax = 15;

export function gradersInWords({ agreement, disagreements }: GradersShown, confidence: number): readonly string[] {
  const more = disagreements.length - shownMax;
  return [
    ...(agreement === undefined ? [] : [kappaInWords(agreement, confidence)]),
    ...(disagreements.length === 0 ? [] : [`Graders differ on ${disagreements.length}:`]),
    ...disagreements
      .slice(0, shownMax)
      .map(({ item, said, outcome }) => `  ${legible(item)}  ${saidInWords(said)}  → ${outcome}`),
    ...(more > 0 ? [`  and ${more} more: --json`] : []),
  ];
}

export function saidInWords(said: readonly Said[]): string {
  return said.map(({ by, verdict }) => `${legible(by)} ${verdict}`).join(", ");
}

/** Items that are looked up at once. */
const worstMax = 100;

export function worstOf(run: OpenedRun): readonly ItemCount[] {
  return worstItems(run, run.suite.measure.failure, worstMax);
}

export function worstInWords(worst: readonly ItemCount[]): readonly string[] {
  if (worst.length === 0) return [];
  const more = worst.length - shownMax;
  return [
    "Items that failed most:",
    ...worst.slice(0, shownMax).map(({ id, cluster, attempts, failed, unknown }) => {
      const also = unknown === 0 ? "" : `, ${unknown} unknown`;
      const of = cluster === id ? "" : `  (${legible(cluster)})`;
      return `  ${legible(id)}  ${failed} of ${attempts} failed${also}${of}`;
    }),
    ...(more > 0 ? [`  and more: --json`] : []),
  ];
}
