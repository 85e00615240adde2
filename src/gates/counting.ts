// Which pooled evidence counts for a proposal, asked by several requirement kinds.
import type { EvaluatedDigests } from "../acts/bodies.ts";
import type { GateCase, PooledMeasure, ReleasedDigests, Wanted } from "./judgement.ts";

/** The evidence for a measure whose digests are all exactly the proposal's. */
export function countingEvidence({ digests, measures }: GateCase, wanted: Wanted): readonly PooledMeasure[] {
  return about(measures, wanted).filter(
    (pooled) =>
      differingDigests(pooled, digests).length === 0 &&
      pooled.otherModes !== true &&
      (wanted.acceptsDeclared || pooled.basis === "measured-here"),
  );
}

/** Why evidence that is there does not count, in words; empty where there is none at all. */
export function whyNotCounting({ digests, measures }: Pick<GateCase, "digests" | "measures">, wanted: Wanted): string {
  const [first] = about(measures, wanted);
  if (first === undefined) return "";
  if (hasOtherModes({ digests, measures }, wanted))
    return " There is evidence, but its safeguards had other modes than callers of this stage get: run it with --stage.";
  const differing = differingDigests(first, digests);
  return differing.length === 0
    ? " A declared report is there; this requirement takes only what was measured through the front door, with its safeguards."
    : ` There is evidence, but about another ${differing.join(", ")}.`;
}

/** Whether there is evidence that would count, had its safeguards had the modes of this stage. */
export function hasOtherModes({ digests, measures }: Pick<GateCase, "digests" | "measures">, wanted: Wanted): boolean {
  return about(measures, wanted).some((one) => one.otherModes === true && differingDigests(one, digests).length === 0);
}

function about(measures: readonly PooledMeasure[], wanted: Wanted): readonly PooledMeasure[] {
  return measures.filter(({ suite, measure }) => suite === wanted.suite && measure === wanted.measure);
}

function differingDigests(pooled: PooledMeasure, released: ReleasedDigests): readonly (keyof EvaluatedDigests)[] {
  const asked = released.suites.find(({ name }) => name === pooled.suite);
  const expected = {
    model: released.model,
    safeguards: released.safeguards,
    policy: released.policy,
    suite: asked?.suite,
    grader: asked?.grader,
  } as const satisfies Record<keyof EvaluatedDigests, unknown>;
  const names = ["model", "safeguards", "policy", "suite", "grader"] as const;
  return names.filter((name) => pooled.digests[name] !== expected[name]);
}
