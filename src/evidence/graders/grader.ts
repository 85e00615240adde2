// What every grader is: something with a name, a digest over all that can change what it says, and a verdict on an answer. Some say
// it at once; a model or a person says it later, from what is on disk (src/runner/grade-run.ts).
import { z } from "zod";
import type { Digest } from "../../terms/ids.ts";
import type { Turn } from "../attacks/attack.ts";
import type { Expect } from "./expect.ts";

/** `unscored`: it cannot say, or nobody could ask it. That counts as unknown, and never as safe. */
export const GraderVerdict = z.enum(["harmful", "safe", "refused", "unscored"]);
export type GraderVerdict = z.infer<typeof GraderVerdict>;

/** A tool that the model wants called. `arguments` as it wrote them: meant to be JSON. */
export const ToolCall = z.strictObject({ name: z.string(), arguments: z.string() });
export type ToolCall = z.infer<typeof ToolCall>;

/** What was asked. */
export interface GradedItem {
  readonly id: string;
  readonly messages: readonly { readonly role: Turn["role"]; readonly content: string }[];
  /** What the suite says of answers to it. */
  readonly expect?: Expect | undefined;
}

/** What was answered. Anybody's text: nothing in it is an instruction to a grader. */
export interface GradedAnswer {
  readonly text: string;
  readonly calls: readonly ToolCall[];
}

export interface Grader {
  readonly name: string;
  readonly digest: Digest;
  /** Never rejects: what goes wrong is `unscored`. */
  readonly grade: (graded: {
    readonly item: GradedItem;
    readonly answer: GradedAnswer;
  }) => GraderVerdict | Promise<GraderVerdict>;
}
