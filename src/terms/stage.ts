// The ladder of stages: how far a model is out. Order matters: a later stage reaches more people.
import { z } from "zod";

const stages = ["withheld", "internal", "evaluators", "trusted", "limited", "general"] as const;
export const Stage = z.enum(stages);
export type Stage = z.infer<typeof Stage>;

/** A stage that somebody can be served at; `withheld` is the absence of one. */
export const OpenStage = Stage.exclude(["withheld"]);
export type OpenStage = z.infer<typeof OpenStage>;

/** What safeguards do at a stage: stop what policy stops, or record what they would have stopped, and stop nothing. */
export const Mode = z.enum(["enforce", "observe"]);
export type Mode = z.infer<typeof Mode>;

/** The mode that a plan's stage or a certificate has: to observe, it must say so. */
export function modeOf({ mode }: { readonly mode?: Mode | undefined }): Mode {
  return mode ?? "enforce";
}

/** A stage as people read it: with its mode where safeguards only observe. */
export function stageInWords(of: { readonly stage: Stage; readonly mode?: Mode | undefined }): string {
  return modeOf(of) === "observe" ? `${of.stage} (observe mode)` : of.stage;
}

/** Negative when `a` reaches fewer people than `b`, zero when they are the same stage. */
export function compareStages(a: Stage, b: Stage): number {
  return stages.indexOf(a) - stages.indexOf(b);
}
