// The ReleasePlan document: for one model its stages, each with audience, requirements and the life of a certificate.
// Limits live in here and nowhere in code, so that an outsider can judge the same evidence by a plan of their own.
import { z } from "zod";
import { Conditions } from "../acts/conditions.ts";
import { Name } from "../terms/ids.ts";
import { Mode, OpenStage } from "../terms/stage.ts";
import { Requirement, tierOf } from "./requirement.ts";
import { TierRule } from "./tier.ts";

/** More days than this no certificate stands without a new decision. */
const validDaysMax = 366;

export const StagePlan = z
  .strictObject({
    stage: OpenStage,
    audience: z.strictObject({ types: z.array(Name).min(1).max(32) }),
    requires: z.array(Requirement).min(1).max(64),
    /** `observe`: the safeguards of this stage stop nothing. Absent: they do. */
    mode: Mode.optional(),
    /** What is enforced of it. */
    conditions: Conditions.optional(),
    certificate: z.strictObject({ validDays: z.number().int().min(1).max(validDaysMax) }),
  })
  .refine((plan) => hasDistinct(plan.requires.map(({ id }) => id)), "two requirements of this stage have the same id")
  .refine((plan) => plan.requires.some((requirement) => "signOffs" in requirement), {
    message: "a stage needs a requirement with signOffs: somebody has to answer for it",
    path: ["requires"],
  })
  .superRefine(({ requires, conditions }, context) => {
    // Else the release does not name the suite, and nobody could probe with it.
    const suites = new Set<string>(requires.flatMap((one) => ("measure" in one ? [one.suite] : [])));
    for (const [at, measure] of (conditions?.share?.watch?.measures ?? []).entries())
      if (measure.measure === "probes" && !suites.has(measure.suite))
        context.addIssue({
          code: "custom",
          path: ["conditions", "share", "watch", "measures", at, "suite"],
          message: `no requirement of this stage asks for ${measure.suite}: probes go on with what the laboratory began`,
        });
  });
export type StagePlan = z.infer<typeof StagePlan>;

export const ReleasePlan = z
  .strictObject({
    kind: z.literal("ReleasePlan"),
    model: Name,
    public: z.boolean().optional(),
    safeguards: Name,
    policy: Name,
    /** How able a model has to be shown not to be, so that what is asked from a tier on is not asked of it. */
    tiers: z
      .array(TierRule)
      .min(1)
      .max(16)
      .refine(
        (rules) => hasDistinct(rules.map(({ tier, suite, measure }) => `${tier} ${suite} ${measure}`)),
        "the same measure stands twice for one tier",
      )
      .optional(),
    stages: z
      .array(StagePlan)
      .min(1)
      .max(OpenStage.options.length)
      .refine((stages) => hasDistinct(stages.map(({ stage }) => stage)), "the same stage stands here twice"),
  })
  .superRefine(({ tiers = [], stages }, context) => {
    // Of a tier that no rule leads to nobody would ever be: what is asked from there on would never be asked.
    const highest = Math.max(0, ...tiers.map(({ tier }) => tier));
    for (const [at, { requires }] of stages.entries())
      for (const [index, requirement] of requires.entries())
        if (tierOf(requirement) > highest)
          context.addIssue({
            code: "custom",
            path: ["stages", at, "requires", index, "tier"],
            message: `no rule in tiers leads to tier ${tierOf(requirement)}, so this would never be asked`,
          });
        else if ("tierAtMost" in requirement && requirement.tierAtMost >= highest)
          context.addIssue({
            code: "custom",
            path: ["stages", at, "requires", index, "tierAtMost"],
            message: `no rule in tiers leads beyond tier ${requirement.tierAtMost}, so nobody could show it`,
          });
  });
export type ReleasePlan = z.infer<typeof ReleasePlan>;

/** A stage with what the plan says of tiers. */
export interface TieredStage extends StagePlan {
  readonly tiers?: readonly TierRule[] | undefined;
}

export function tieredStages({ stages, tiers }: ReleasePlan): readonly TieredStage[] {
  return stages.map((stage) => ({ ...stage, tiers }));
}

/** The rules by which the stage's requirements are chosen; none where all of them are asked of every model. */
export function tiersIn({ requires, tiers = [] }: TieredStage): readonly TierRule[] {
  return requires.some((requirement) => "tierAtMost" in requirement || tierOf(requirement) > 0) ? tiers : [];
}

/** The names of the suites that a stage asks evidence of, each once. */
export function suitesOf(stage: TieredStage): readonly Name[] {
  const named = stage.requires.flatMap((requirement) => ("measure" in requirement ? [requirement.suite] : []));
  return [...new Set([...named, ...tiersIn(stage).map(({ suite }) => suite)])];
}

function hasDistinct(values: readonly string[]): boolean {
  return new Set(values).size === values.length;
}
