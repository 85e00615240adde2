// Chain entries that are asked over HTTP: a service of the operator's own, a language model as a judge, a classifier that
// answers as Llama Guard does, and the moderation format. Their whole declaration stands here, and so in the digest of the
// safeguards; what answers behind the address cannot be hashed, and is declared.
import { z } from "zod";
import { SecretReference, serverUrl } from "../../outbound/server-fields.ts";
import { Category, Surface } from "../../terms/finding.ts";
import { Digest, Name } from "../../terms/ids.ts";
import { moded } from "../../terms/safeguard-mode.ts";
import { Ask } from "../../terms/stage-modes.ts";

/** The version after the name is that of the contract, or of the words around the question, that this program speaks. */
export const remoteNames = ["service@1", "judge@1", "llama-guard@1", "moderation@1"] as const;

const Budget = z.strictObject({
  requestsPerMinute: z.number().int().min(1).max(1_000_000).optional(),
  requestsPerDay: z.number().int().min(1).max(1_000_000_000).optional(),
  /** Prompt and answer; a day of UTC. */
  tokensPerDay: z.number().int().min(1).max(1_000_000_000_000).optional(),
  /** The greatest part of each of them that one organisation may take, so that it cannot leave others without. */
  organisationShare: z.number().min(0.01).max(1).default(1),
});

const asked = {
  /** Of all that stands in this entry and of the words that are put around the question. Filled in on apply. */
  digest: Digest.optional(),
  /** Shown with its findings, in `doctor` and in the server's log. */
  name: Name,
  on: z
    .array(Surface)
    .min(1)
    .max(2)
    .refine(
      (on) => !on.includes("output"),
      "what is asked over HTTP is asked about requests only: answers are judged as they stream, and cannot wait for it",
    ),
  ...moded,
  /** `in-doubt`: only about what a detector of the chain put between its two thresholds. */
  ask: Ask.default("always"),
  url: serverUrl("the safeguard"),
  key: SecretReference.optional(),
  /** From the question to the whole answer, the wait for a turn included. */
  timeoutMs: z.number().int().min(50).max(60_000).default(5_000),
  /** Questions under way at once; further ones wait. */
  concurrent: z.number().int().min(1).max(64).default(8),
  /** Of one request, all its texts together; a longer one is unknown. In UTF-16 units. */
  charsMax: z.number().int().min(256).max(400_000).default(65_536),
  budget: Budget.optional(),
  /** What no answer means. The only value; written so that readers see it. */
  fails: z.literal("closed").default("closed"),
};

/** Only these it may find, and only doubts about these it may settle. */
const judges = z.array(Category).min(1).max(Category.options.length);

const Score = z.strictObject({ score: z.number().gt(0).max(1) });
const scores = { block: Score, review: Score };

/** Which of their words is which category of ours. `none`: known, and not looked at. */
const Table = z
  .array(z.strictObject({ theirs: z.string().min(1).max(64), ours: z.enum([...Category.options, "none"]) }))
  .min(1)
  .max(64)
  .refine((rows) => new Set(rows.map(({ theirs }) => theirs)).size === rows.length, "a word stands in the table twice");

const Service = z
  .strictObject({
    safeguard: z.literal("service@1"),
    ...asked,
    judges,
    /** What it is shown: texts as they were written, without disguises of letters, and as they read decoded. */
    views: z
      .array(z.enum(["written", "normalised", "decoded"]))
      .min(1)
      .max(3)
      .default(["written", "normalised", "decoded"]),
    ...scores,
  })
  .refine(({ views }) => views.includes("written"), {
    path: ["views"],
    error: "a service reads at least the texts as they were written",
  })
  .refine(({ views, ask }) => ask === "always" || new Set(views).size === 3, {
    path: ["views"],
    error: "whoever settles doubts must see what they are about: `views: [written, normalised, decoded]`",
  })
  .refine(({ block, review }) => review.score <= block.score, {
    path: ["review", "score"],
    error: "the review score must be at most the block score: review is the wider band",
  });

const chatServer = { model: z.string().min(1).max(256) };

const judge = {
  safeguard: z.literal("judge@1"),
  ...asked,
  ...chatServer,
  judges,
  /** What the deployment is for and what it is not for, in words to the judge. */
  prompt: z.string().max(16_384).default(""),
  answerTokens: z.number().int().min(16).max(16_384).default(256),
  /** `greedy`: at temperature 0. `server`: as it does by itself, for models that take no word about it. */
  sampling: z.enum(["greedy", "server"]).default("greedy"),
};

const ChatJudge = z.strictObject({
  ...judge,
  dialect: z.literal("openai-chat"),
  /** How the server is told that the answer is JSON. */
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

const Judge = z.union([ChatJudge, MessagesJudge]);

const LlamaGuard = z.strictObject({
  safeguard: z.literal("llama-guard@1"),
  ...asked,
  ...chatServer,
  table: Table,
  /** What `unsafe` does. */
  band: z.enum(["block", "review"]).default("block"),
});

const Moderation = z
  .strictObject({ safeguard: z.literal("moderation@1"), ...asked, ...chatServer, table: Table, ...scores })
  .refine(({ block, review }) => review.score <= block.score, {
    path: ["review", "score"],
    error: "the review score must be at most the block score: review is the wider band",
  });

export const RemoteEntry = z.union([Service, Judge, LlamaGuard, Moderation]);
export type RemoteEntry = z.infer<typeof RemoteEntry>;

export type ServiceEntry = z.infer<typeof Service>;
export type JudgeEntry = z.infer<typeof Judge>;
export type LlamaGuardEntry = z.infer<typeof LlamaGuard>;
export type ModerationEntry = z.infer<typeof Moderation>;

/** Whether an entry of a chain is asked over HTTP. */
export function isRemote<Entry extends { readonly safeguard: string }>(
  entry: Entry,
): entry is Extract<Entry, { readonly safeguard: (typeof remoteNames)[number] }> {
  return remoteNames.some((name) => name === entry.safeguard);
}

/** The categories it can find, and whose doubts it can settle. */
export function categoriesOf(entry: RemoteEntry): ReadonlySet<Category> {
  if ("judges" in entry) return new Set(entry.judges);
  return new Set(entry.table.flatMap(({ ours }) => (ours === "none" ? [] : [ours])));
}
