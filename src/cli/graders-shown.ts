// What the graders of a sealed run said beside each other, and which items fared worst: for eval show, reports and comparisons.
import { type GraderAgreement, agreementOfGraders, differ } from "../evidence/graders/agreement.ts";
import type { Said } from "../evidence/graders/combine.ts";
import { type ItemCount, worstItems } from "../evidence/worst-items.ts";
import type { TrialOutcome } from "../terms/trial.ts";
import { kappaInWords } from "./grader-words.ts";
import { legible } from "./legible.ts";
import type { OpenedRun } from "./opened-run.ts";

interface Disagreement {
  readonly item: string;
  readonly attempt: number;
  readonly said: readonly Said[];
  readonly outcome: TrialOutcome;
}

export interface GradersShown {
  /** Of two judges, or of two persons; absent where no two say something of the same answers. */
  readonly agreement?: GraderAgreement;
  /** Every answer on which graders differ. */
  readonly disagreements: readonly Disagreement[];
}

/** Undefined where nobody graded afterwards: rules do not differ from themselves. */
export function gradersShown({ suite, samples, items }: OpenedRun, confidence: number): GradersShown | undefined {
  const { grader } = suite;
  if (typeof grader === "string") return undefined;
  const names = new Map(items.map(({ leaf, id }) => [leaf, id]));
  const graded = samples.flatMap(({ graded: said, ...sample }) => (said === undefined ? [] : [{ ...sample, said }]));
  const agreement = agreementOfGraders(
    graded.map(({ said }) => said),
    grader,
    confidence,
  );
  return {
    ...(agreement === undefined ? {} : { agreement }),
    disagreements: graded
      .filter(({ said }) => differ(said))
      .map(({ item, attempt, said, outcome }) => ({ item: names.get(item) ?? item, attempt, said, outcome })),
  };
}

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
