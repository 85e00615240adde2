// The ReleasePlan document: for one model its stages, each with audience, requirements and the life of a certificate.
// Limits live in here and nowhere in code, so that an outsider can judge the same evidence by a plan of their own.
import { z } from "zod";
import { Conditions } from "../acts/bodies.ts";
import { Name } from "../terms/ids.ts";
import { Mode, OpenStage } from "../terms/stage.ts";
import { Requirement } from "./requirement.ts";

/** More days than this no certificate stands without a new decision. */
const validDaysMax = 366;

export const StagePlan = z
  .strictObject({
    stage: OpenStage,
    audience: z.strictObject({ types: z.array(Name).min(1).max(32) }),
    requires: z.array(Requirement).min(1).max(64),
    /** `observe`: the safeguards of this stage stop nothing. Absent: they do. */
    mode: Mode.optional(),
    /** What the gateway enforces of it; the seam for hours, regions, retention. */
    conditions: Conditions.optional(),
    certificate: z.strictObject({ validDays: z.number().int().min(1).max(validDaysMax) }),
  })
  .refine((plan) => hasDistinct(plan.requires.map(({ id }) => id)), "two requirements of this stage have the same id")
  .refine((plan) => plan.requires.some((requirement) => "signOffs" in requirement), {
    message: "a stage needs a requirement with signOffs: somebody has to answer for it",
    path: ["requires"],
  });
export type StagePlan = z.infer<typeof StagePlan>;

export const ReleasePlan = z.strictObject({
  kind: z.literal("ReleasePlan"),
  model: Name,
  public: z.boolean().optional(),
  safeguards: Name,
  policy: Name,
  stages: z
    .array(StagePlan)
    .min(1)
    .max(OpenStage.options.length)
    .refine((stages) => hasDistinct(stages.map(({ stage }) => stage)), "the same stage stands here twice"),
});
export type ReleasePlan = z.infer<typeof ReleasePlan>;

/** The names of the suites that a stage asks evidence of, each once. */
export function suitesOf(stage: StagePlan): readonly Name[] {
  const named = stage.requires.flatMap((requirement) => ("measure" in requirement ? [requirement.suite] : []));
  return [...new Set(named)];
}

function hasDistinct(values: readonly string[]): boolean {
  return new Set(values).size === values.length;
}
