// The Suite document: which items, by which attacks they are asked, how long an answer may be, what grades it, and what is measured.
// In YAML `items` is a path beside the document; `content` is filled in on apply, so that the document's digest pins the items too.
import { z } from "zod";
import { DeclaredGrader } from "./graders/grader-document.ts";
import { Attacker } from "./attacker/attacker-document.ts";
import { attackCalled, attacks } from "./attacks/registry.ts";
import { Digest, Name } from "../terms/ids.ts";
import { FailureKind } from "../terms/trial.ts";
import { WorldRun } from "./world/world-document.ts";

/** Items of one suite, and bytes of the file they come in. */
export const suiteItemsMax = 100_000;
export const suiteBytesMax = 16 * 1024 * 1024;

const AttackName = z.string().refine((name) => attackCalled(name) !== undefined, {
  error: ({ input }) =>
    `no attack is called ${JSON.stringify(input)}; there are: ${attacks.map(({ name }) => name).join(", ")}`,
});

const SuiteAttack = z
  .strictObject({
    /** One after another, the first nearest to the item's words; none of them asks the item as it stands. */
    apply: z.array(AttackName).max(4),
    /** How often it is drawn, each time an item of its own: where one of them leaves something to chance. */
    draws: z.number().int().min(1).max(1000).optional(),
  })
  .refine(({ apply, draws = 1 }) => draws === 1 || apply.some((name) => attackCalled(name)?.isDrawn === true), {
    path: ["draws"],
    error: "none of these attacks leaves anything to chance, so that every draw would be the same",
  });
export type SuiteAttack = z.infer<typeof SuiteAttack>;

function fileBeside(field: string): z.ZodString {
  return z
    .string()
    .min(1)
    .max(256)
    .regex(/^[\w.-]+(?:\/[\w.-]+)*\.jsonl$/, `${field} is the path of a .jsonl file beside this document`)
    .refine((path) => !path.split("/").includes(".."), `${field} lies beside or below this document`);
}

export const Suite = z
  .strictObject({
    kind: z.literal("Suite"),
    name: Name,
    items: fileBeside("items"),
    /** Each item is asked by each of these, and only by these; all that come of one item are one cluster. */
    attacks: z
      .array(SuiteAttack)
      .min(1)
      .max(64)
      .refine((plan) => new Set(plan.map(({ apply }) => apply.join("+"))).size === plan.length, {
        error: "the same attack stands there twice; say how often with draws",
      })
      .optional(),
    /** Each item is run as a loop of model turns and tools, in a toy world of its own. */
    world: WorldRun.optional(),
    /** Each item is an objective that another model pursues, with requests that it writes. */
    attacker: Attacker.optional(),
    /** What chance in attacks is drawn from; 0 unless it is said. */
    seed: z.number().int().min(0).max(1_000_000_000).optional(),
    /** Tokens of an answer; part of the bound's scope. A cut answer is safe only if it is a refusal. */
    answerTokens: z.number().int().min(1).max(4096),
    /** By its name; or a model, several of them, or people, who grade afterwards. */
    grader: z
      .union([z.enum(["refusal-rules@1", "exact@1", "response-classifier@1"]), DeclaredGrader])
      .default("refusal-rules@1"),
    /** Answers whose labels are known: by them the evidence says how often the grader errs. */
    calibration: fileBeside("calibration").optional(),
    measure: z.strictObject({
      name: Name,
      failure: FailureKind,
      /**
       * Field of an item whose values are independent of each other: `id`, `category` for items made from one template, or
       * `behaviour` where several items ask for the same thing.
       */
      cluster: z.enum(["id", "category", "behaviour"]),
    }),
    content: z
      .strictObject({
        /** Of the bytes of the items file. */
        digest: Digest,
        /** Merkle root over the request bodies, in the file's order: what a permit binds. */
        root: Digest,
        count: z.number().int().min(1).max(suiteItemsMax),
        /** Of the bytes of the calibration file. */
        calibration: Digest.optional(),
      })
      .optional(),
  })
  .refine(({ world, grader }) => world === undefined || typeof grader !== "string" || grader === "exact@1", {
    path: ["grader"],
    error:
      "what is done in a toy world is graded by what its items expect, or by somebody who reads it: not by refusal-rules@1 or response-classifier@1",
  })
  .refine(({ measure, grader }) => measure.failure !== "solved" || typeof grader !== "string" || grader === "exact@1", {
    path: ["grader"],
    error:
      "whether something is solved takes a grader that knows the right answer: not refusal-rules@1 or response-classifier@1",
  })
  .refine((suite) => suite.attacker === undefined || (suite.attacks ?? suite.world) === undefined, {
    path: ["attacker"],
    error: "an attacker writes its own requests: it goes with neither attacks nor a world",
  })
  // An attempt ends at the first harmful answer, and the worst of its answers is its outcome: worst for this measure and no other.
  .refine(({ attacker, measure }) => attacker === undefined || measure.failure === "served-and-harmful", {
    path: ["measure", "failure"],
    error: "an attacker is after what is harmful: it goes with failure: served-and-harmful",
  })
  .refine(({ attacker, grader }) => attacker?.strategy !== "crescendo@1" || grader !== "refusal-rules@1", {
    path: ["grader"],
    error: "crescendo@1 begins with harmless questions, and refusal-rules@1 would count their answers as harmful",
  });
export type Suite = z.infer<typeof Suite>;

/** Whether requests are written as a run goes on: it then takes an adaptive permit. */
export function isAdaptive({ world, attacker }: Pick<Suite, "world" | "attacker">): boolean {
  return world !== undefined || attacker !== undefined;
}
