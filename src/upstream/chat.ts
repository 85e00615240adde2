// The chat completions wire format in the fields this program knows. What a caller may send is ChatBody; what an
// upstream may answer is ChatCompletion and ChatChunk. Fields that are not here do not pass in either direction:
// text in a field nobody inspects would go round the safeguards. Source: OpenAI API reference, chat completions.
import { z } from "zod";

const nameText = z.string().max(256);

/** An id is no text: no safeguard reads it, so nothing but an id fits into it. */
export const ToolCallId = z
  .string()
  .regex(/^[A-Za-z0-9_.:-]{1,128}$/, "is not an id: letters, digits and _ . : - only");

export const ToolCall = z.strictObject({
  id: ToolCallId,
  type: z.literal("function"),
  function: z.strictObject({ name: nameText, arguments: z.string() }),
});
export type ToolCall = z.infer<typeof ToolCall>;

export type ChatMessage =
  | { readonly role: "system"; readonly content: string; readonly name?: string }
  | { readonly role: "user"; readonly content: string; readonly name?: string }
  | {
      readonly role: "assistant";
      readonly content: string | null;
      readonly name?: string;
      readonly refusal?: string;
      readonly tool_calls?: readonly ToolCall[];
    }
  | { readonly role: "tool"; readonly content: string; readonly tool_call_id: string };

export const Tool = z.strictObject({
  type: z.literal("function"),
  function: z.strictObject({
    name: nameText,
    description: z.string().optional(),
    parameters: z.record(z.string(), z.unknown()).optional(),
    strict: z.boolean().nullish(),
  }),
});
export type Tool = z.infer<typeof Tool>;

export const ToolChoice = z.union([
  z.enum(["none", "auto", "required"]),
  z.strictObject({ type: z.literal("function"), function: z.strictObject({ name: nameText }) }),
]);
export type ToolChoice = z.infer<typeof ToolChoice>;

export const ResponseFormat = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("text") }),
  z.strictObject({ type: z.literal("json_object") }),
  z.strictObject({
    type: z.literal("json_schema"),
    json_schema: z.strictObject({
      name: nameText,
      description: z.string().optional(),
      schema: z.record(z.string(), z.unknown()).optional(),
      strict: z.boolean().nullish(),
    }),
  }),
]);
export type ResponseFormat = z.infer<typeof ResponseFormat>;

/** An admitted request: every field was checked, and exactly this is sent. Made by `admitBody` only. */
export interface ChatBody {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly max_tokens?: number;
  readonly max_completion_tokens?: number;
  readonly temperature?: number;
  readonly top_p?: number;
  readonly presence_penalty?: number;
  readonly frequency_penalty?: number;
  readonly n?: number;
  readonly seed?: number;
  readonly stop?: readonly string[];
  readonly stream?: boolean;
  readonly stream_options?: { readonly include_usage?: boolean };
  readonly tools?: readonly Tool[];
  readonly tool_choice?: ToolChoice;
  readonly parallel_tool_calls?: boolean;
  readonly response_format?: ResponseFormat;
  readonly user?: string;
}

/** Finish reasons under other names that some servers use. Any other word is a failure: it must not look like `stop`. */
const finishAliases: Readonly<Record<string, string>> = { eos: "stop", eos_token: "stop", model_length: "length" };

const FinishReason = z.preprocess(
  (word) => (typeof word === "string" ? (finishAliases[word] ?? word) : word),
  z.enum(["stop", "length", "tool_calls", "content_filter"]),
);
export type FinishReason = z.infer<typeof FinishReason>;

const count = z.number().int().nonnegative();

const Usage = z.object({ prompt_tokens: count, completion_tokens: count, total_tokens: count });
export type Usage = z.infer<typeof Usage>;

const identifier = z.string().max(256).catch("");
const instantSeconds = z.number().int().nonnegative().catch(0);

export const ChatCompletion = z.object({
  id: identifier,
  created: instantSeconds,
  choices: z
    .array(
      z.object({
        index: count,
        message: z.object({
          role: z.literal("assistant"),
          content: z.string().nullish(),
          refusal: z.string().nullish(),
          reasoning_content: z.string().nullish(),
          tool_calls: z
            .array(
              z.object({
                id: nameText,
                type: z.literal("function"),
                function: z.object({ name: nameText, arguments: z.string() }),
              }),
            )
            .nullish(),
        }),
        finish_reason: FinishReason,
      }),
    )
    .min(1)
    .max(4),
  usage: Usage.nullish().catch(undefined),
});
export type ChatCompletion = z.infer<typeof ChatCompletion>;

const ToolCallDelta = z.object({
  index: count.max(127),
  id: nameText.nullish(),
  type: z.literal("function").nullish(),
  function: z.object({ name: nameText.nullish(), arguments: z.string().nullish() }).nullish(),
});

export const ChatChunk = z.object({
  id: identifier,
  created: instantSeconds,
  choices: z
    .array(
      z.object({
        index: count.max(3),
        delta: z
          .object({
            role: z.literal("assistant").nullish(),
            content: z.string().nullish(),
            refusal: z.string().nullish(),
            reasoning_content: z.string().nullish(),
            tool_calls: z.array(ToolCallDelta).nullish(),
          })
          .default({}),
        finish_reason: FinishReason.nullish(),
      }),
    )
    .max(4),
  usage: Usage.nullish().catch(undefined),
});
export type ChatChunk = z.infer<typeof ChatChunk>;

/** One piece of text in an answer and the channel it belongs to: pieces are joined within a channel, never across. */
export interface TextPiece {
  /** For example `0/content`, `1/refusal`, `0/tool/2/arguments`. */
  readonly channel: string;
  readonly text: string;
}

/** Every text in a chunk that reaches the caller. */
export function chunkTexts(chunk: ChatChunk): readonly TextPiece[] {
  const found: TextPiece[] = [];
  for (const { index, delta } of chunk.choices) {
    collect(found, `${index}/content`, delta.content);
    collect(found, `${index}/refusal`, delta.refusal);
    collect(found, `${index}/reasoning`, delta.reasoning_content);
    for (const call of delta.tool_calls ?? []) {
      collect(found, `${index}/tool/${call.index}/name`, call.function?.name);
      collect(found, `${index}/tool/${call.index}/arguments`, call.function?.arguments);
    }
  }
  return found;
}

/** Every text in a whole answer that reaches the caller, in the channels of `chunkTexts`. */
export function completionTexts(completion: ChatCompletion): readonly TextPiece[] {
  const found: TextPiece[] = [];
  for (const { index, message } of completion.choices) {
    collect(found, `${index}/content`, message.content);
    collect(found, `${index}/refusal`, message.refusal);
    collect(found, `${index}/reasoning`, message.reasoning_content);
    for (const [position, call] of (message.tool_calls ?? []).entries()) {
      collect(found, `${index}/tool/${position}/name`, call.function.name);
      collect(found, `${index}/tool/${position}/arguments`, call.function.arguments);
    }
  }
  return found;
}

function collect(found: TextPiece[], channel: string, text: string | null | undefined): void {
  if (text !== undefined && text !== null && text !== "") found.push({ channel, text });
}
