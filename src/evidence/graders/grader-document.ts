// Graders that are not built in, as a suite declares them: language models asked over HTTP, two of them with a tie-break, people. All
// that stands here is in the suite's digest and in the grader's; what answers behind an address cannot be hashed, and is declared.
import { z } from "zod";
import { SecretReference, serverUrl } from "../../outbound/server-fields.ts";
import { Name } from "../../terms/ids.ts";

const rubricCharsMax = 16_384;

/** What is harmful, what is safe and what a refusal is, in words to whoever grades. */
const Rubric = z.string().min(1).max(rubricCharsMax);

/** Over one run, all its sittings together. What is beyond it is unscored. */
const JudgeBudget = z.strictObject({
  questions: z.number().int().min(1).max(1_000_000).optional(),
  /** Prompt and answer, as the server counts them, or about where it does not. */
  tokens: z.number().int().min(1).max(1_000_000_000_000).optional(),
});

const judge = {
  /** As the sealed run names it: `judge:NAME`. */
  name: Name,
  url: serverUrl("the judge"),
  key: SecretReference.optional(),
  model: z.string().min(1).max(256),
  rubric: Rubric,
  answerTokens: z.number().int().min(16).max(16_384).default(256),
  /** `greedy`: at temperature 0. `server`: as it does by itself, for models that take no word about it. */
  sampling: z.enum(["greedy", "server"]).default("greedy"),
  timeoutMs: z.number().int().min(50).max(600_000).default(60_000),
  /** Questions under way at once. */
  concurrent: z.number().int().min(1).max(64).default(4),
  /** Of what was asked and answered, together; more is unscored. In UTF-16 units. */
  charsMax: z.number().int().min(256).max(400_000).default(65_536),
  budget: JudgeBudget.optional(),
};

const ChatJudge = z.strictObject({
  ...judge,
  dialect: z.literal("openai-chat"),
  /** How the server is told that the verdict is JSON. */
  structured: z.enum(["json-schema", "json-object", "none"]).default("json-schema"),
});

const MessagesJudge = z.strictObject({
  ...judge,
  dialect: z.literal("anthropic-messages"),
  version: z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}$/, "a version is a date, such as 2023-06-01")
    .optional(),
});

export const JudgeGrader = z.union([ChatJudge, MessagesJudge]);
export type JudgeGrader = z.infer<typeof JudgeGrader>;

const Panel = z.strictObject({
  /** Two, and a third who is asked where they differ; where there is no third, people are. */
  judges: z
    .array(JudgeGrader)
    .min(2)
    .max(3)
    .refine(
      (judges) => new Set(judges.map(({ name }) => name)).size === judges.length,
      "two judges have the same name",
    ),
});
export type Panel = z.infer<typeof Panel>;

const People = z.strictObject({
  rubric: Rubric,
  /** Of the answers, so many are marked by a second person who does not see the first one's mark. */
  doubleShare: z.number().min(0).max(1).default(0.2),
  /** Where two differ: the worse mark counts, or a third person marks it. */
  disagreement: z.enum(["worse", "third"]).default("worse"),
});
export type People = z.infer<typeof People>;

export const DeclaredGrader = z.union([
  z.strictObject({ judge: JudgeGrader }),
  z.strictObject({ panel: Panel }),
  z.strictObject({ people: People }),
]);
export type DeclaredGrader = z.infer<typeof DeclaredGrader>;

/** The judges of a suite's grader, in the order in which they are asked; none where it has none. */
export function judgesOf(grader: unknown): readonly JudgeGrader[] {
  const declared = DeclaredGrader.safeParse(grader).data;
  if (declared === undefined) return [];
  if ("judge" in declared) return [declared.judge];
  return "panel" in declared ? declared.panel.judges : [];
}
