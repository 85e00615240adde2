// What the graders of a sealed run said beside each other: how far they agree, and every answer on which they do not.
import type { TrialOutcome } from "../../terms/trial.ts";
import type { Sample } from "../seal.ts";
import type { Suite } from "../suite-document.ts";
import type { LoadedItem } from "../suite.ts";
import { type GraderAgreement, agreementOfGraders, differ } from "./agreement.ts";
import type { Said } from "./combine.ts";

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

interface Graded {
  readonly suite: Pick<Suite, "grader">;
  readonly samples: readonly Sample[];
  readonly items: readonly Pick<LoadedItem, "leaf" | "id">[];
}

/** Undefined where nobody graded afterwards: rules do not differ from themselves. */
export function gradersShown({ suite, samples, items }: Graded, confidence: number): GradersShown | undefined {
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
