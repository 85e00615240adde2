// The rules of `structure@1` in a Safeguards document: what a request looks like rather than what it is about. They look for what
// their code knows, so they have limits of their own and no rates.
import { z } from "zod";

/** The safeguard that has them. */
export const structureName = "structure@1";

/** `flag` records and shows, and stops nothing. */
const Band = z.enum(["block", "review", "flag"]);

const Turns = z.strictObject({
  rule: z.literal("many-shot"),
  band: Band.default("block"),
  /** Turns of a dialogue, invented in the request, in which somebody asks for harm and is answered. */
  turnsMin: z.number().int().min(3).max(1_000).default(4),
});

const Messages = z.strictObject({
  rule: z.literal("many-messages"),
  band: Band.default("flag"),
  /** The same, in messages of their own; such a conversation may have been held. */
  turnsMin: z.number().int().min(3).max(1_000).default(6),
});

const Extraction = z.strictObject({ rule: z.literal("prompt-extraction"), band: Band.default("flag") });

const Encoded = z.strictObject({
  rule: z.literal("encoded-payload"),
  band: Band.default("flag"),
  /** Characters that are encoded, and that nothing here can decode. */
  charsMin: z.number().int().min(40).max(100_000).default(200),
});

const Disguised = z.strictObject({
  rule: z.literal("disguise"),
  band: Band.default("flag"),
  /** Share of the characters that stand for others, show nothing, or spell words out. */
  shareMin: z.number().min(0.02).max(1).default(0.2),
});

const Rule = z.discriminatedUnion("rule", [Turns, Messages, Extraction, Encoded, Disguised]);
export type Rule = z.infer<typeof Rule>;

const all = [
  "many-shot",
  "many-messages",
  "prompt-extraction",
  "encoded-payload",
  "disguise",
] as const satisfies readonly Rule["rule"][];

export const Rules = z
  .array(Rule)
  .min(1)
  .max(all.length)
  .refine((rules) => new Set(rules.map(({ rule }) => rule)).size === rules.length, "a rule is named twice")
  .prefault(all.map((rule) => ({ rule })));
