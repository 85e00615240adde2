// What a server that speaks chat completions may answer: the fields we know, all else dropped. Lenient where servers are
// known to differ and nothing is lost by it, strict about what carries text, identity or an ending.
import { z } from "zod";

/** Finish reasons under other names that some servers use. Any other word is a failure: it must not look like `stop`. */
const finishAliases: Readonly<Record<string, string>> = { eos: "stop", eos_token: "stop", model_length: "length" };

const FinishReason = z.preprocess(
  (word) => (typeof word === "string" ? (finishAliases[word] ?? word) : word),
  z.enum(["stop", "length", "tool_calls", "content_filter"]),
);
export type FinishReason = z.infer<typeof FinishReason>;

const nameText = z.string().max(256);
const count = z.number().int().nonnegative();
const counted = count.optional().catch(undefined);

const Usage = z.object({
  prompt_tokens: count,
  completion_tokens: count,
  prompt_tokens_details: z.object({ cached_tokens: counted, cache_write_tokens: counted }).nullish().catch(undefined),
  completion_tokens_details: z.object({ reasoning_tokens: counted }).nullish().catch(undefined),
});
export type ChatUsage = z.infer<typeof Usage>;

/** Reasoning has two names: DeepSeek's, and the newer one, which vLLM has since 2026. Servers that say both say it twice. */
const thoughts = { reasoning_content: z.string().nullish(), reasoning: z.string().nullish().catch(undefined) };

export const Completion = z.object({
  choices: z
    .array(
      z.object({
        index: count,
        message: z.object({
          role: z.literal("assistant"),
          content: z.string().nullish(),
          refusal: z.string().nullish(),
          ...thoughts,
          tool_calls: z
            .array(
              z.object({
                id: z.string().max(256).nullish(),
                type: z.literal("function").nullish(),
                function: z.object({ name: nameText, arguments: z.string() }),
              }),
            )
            .max(128)
            .nullish(),
        }),
        finish_reason: FinishReason,
      }),
    )
    .min(1)
    .max(4),
  usage: Usage.nullish().catch(undefined),
});
export type Completion = z.infer<typeof Completion>;

const ToolCallDelta = z.object({
  index: count.max(127),
  id: z.string().max(256).nullish(),
  type: z.literal("function").nullish(),
  function: z.object({ name: nameText.nullish(), arguments: z.string().nullish() }).nullish(),
});
export type ToolCallDelta = z.infer<typeof ToolCallDelta>;

export const Chunk = z.object({
  choices: z
    .array(
      z.object({
        index: count.max(3),
        delta: z
          .object({
            role: z.literal("assistant").nullish(),
            content: z.string().nullish(),
            refusal: z.string().nullish(),
            ...thoughts,
            tool_calls: z.array(ToolCallDelta).nullish(),
          })
          .nullish(),
        finish_reason: FinishReason.nullish(),
      }),
    )
    .max(4),
  usage: Usage.nullish().catch(undefined),
});
export type Chunk = z.infer<typeof Chunk>;
