// The request of chat completions, in the fields that are admitted, and which known fields would go round the safeguards.
// Source: OpenAI API reference, chat completions; the shapes of the official Node client.
import { z } from "zod";
import { because, idPattern, type FieldTable, roundaboutsAnywhere, unusedAtOpenAi } from "../admitting.ts";

const partsMax = 256;
const toolsMax = 128;
const toolCallsMax = 128;
const messagesMax = 4_096;

const nameText = z.string().max(256);
const name = z.string().max(64).optional();

/** An id is no text: no safeguard reads it, so nothing but an id fits into it. */
const ToolCallId = z.string().regex(idPattern, "is not an id: letters, digits and _ . : - only");

const TextPart = z.strictObject({ type: z.literal("text"), text: z.string() });
const RefusalPart = z.strictObject({ type: z.literal("refusal"), refusal: z.string() });

/** The address is looked into by the parser: only data addresses are admitted. */
const ImagePart = z.strictObject({
  type: z.literal("image_url"),
  image_url: z.strictObject({ url: z.string(), detail: z.enum(["auto", "low", "high"]).nullish() }),
});

const Text = z.union([z.string(), z.array(TextPart).min(1).max(partsMax)], {
  error: "is a text or a list of parts of type text",
});
const UserContent = z.union(
  [
    z.string(),
    z
      .array(z.discriminatedUnion("type", [TextPart, ImagePart]))
      .min(1)
      .max(partsMax),
  ],
  { error: "is a text or a list of parts of type text or image_url" },
);
const AssistantContent = z.union(
  [
    z.string(),
    z
      .array(z.discriminatedUnion("type", [TextPart, RefusalPart]))
      .min(1)
      .max(partsMax),
  ],
  { error: "is a text or a list of parts of type text or refusal" },
);

const ToolCall = z.strictObject({
  id: ToolCallId,
  type: z.literal("function"),
  function: z.strictObject({ name: nameText, arguments: z.string() }),
});

/** What official clients echo of an answer they were given: empty slots of features that are not used. */
const echoedEmpties = {
  annotations: z.array(z.unknown()).max(0).nullish(),
  audio: z.null().optional(),
  function_call: z.null().optional(),
};

const Message = z.discriminatedUnion(
  "role",
  [
    z.strictObject({ role: z.enum(["system", "developer"]), content: Text, name }),
    z.strictObject({ role: z.literal("user"), content: UserContent, name }),
    z.strictObject({
      role: z.literal("assistant"),
      content: AssistantContent.nullish(),
      name,
      refusal: z.string().nullish(),
      reasoning_content: z.string().nullish(),
      tool_calls: z.array(ToolCall).max(toolCallsMax).nullish(),
      ...echoedEmpties,
    }),
    z.strictObject({ role: z.literal("tool"), content: Text, tool_call_id: ToolCallId }),
  ],
  { error: "has a role that is not admitted; admitted: system, developer, user, assistant, tool" },
);
export type Message = z.infer<typeof Message>;

const stopText = z.string().min(1).max(256);

const Tool = z.strictObject({
  type: z.literal("function"),
  function: z.strictObject({
    name: nameText,
    description: z.string().optional(),
    parameters: z.record(z.string(), z.unknown()).optional(),
    strict: z.boolean().nullish(),
  }),
});

const ResponseFormat = z.discriminatedUnion("type", [
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

export const ChatRequest = z.strictObject({
  model: z.string().max(256),
  messages: z.array(Message).min(1).max(messagesMax),
  max_tokens: z.number().int().min(1).nullish(),
  max_completion_tokens: z.number().int().min(1).nullish(),
  temperature: z.number().nullish(),
  top_p: z.number().nullish(),
  presence_penalty: z.number().nullish(),
  frequency_penalty: z.number().nullish(),
  n: z.number().int().min(1).nullish(),
  seed: z.number().int().nullish(),
  stop: z.union([stopText, z.array(stopText).max(4)]).nullish(),
  stream: z.boolean().nullish(),
  stream_options: z
    .strictObject({ include_usage: z.boolean().optional(), include_obfuscation: z.boolean().optional() })
    .nullish(),
  tools: z.array(Tool).max(toolsMax).nullish(),
  tool_choice: z
    .union([
      z.enum(["none", "auto", "required"]),
      z.strictObject({ type: z.literal("function"), function: z.strictObject({ name: nameText }) }),
    ])
    .nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  response_format: ResponseFormat.nullish(),
  reasoning_effort: z.enum(["none", "minimal", "low", "medium", "high", "xhigh"]).nullish(),
  verbosity: z.enum(["low", "medium", "high"]).nullish(),
  safety_identifier: z.string().max(512).nullish(),
  user: z.string().max(512).nullish(),
});
export type ChatRequest = z.infer<typeof ChatRequest>;

export const chatFields: FieldTable = {
  admitted: Object.keys(ChatRequest.shape),
  roundabouts: {
    ...because("it keeps or continues a conversation where the safeguards cannot see it", ["metadata", "prompt"]),
    ...because("it carries something other than text", ["modalities", "audio"]),
    ...because("it adds text or tools from elsewhere", [
      "web_search_options",
      "documents",
      "prediction",
      "functions",
      "function_call",
    ]),
    ...because("it chooses another class of service or check", ["moderation", "service_tier"]),
    ...because("it keeps parts of requests at the model server", [
      "prompt_cache_key",
      "prompt_cache_retention",
      "prompt_cache_options",
    ]),
    ...roundaboutsAnywhere,
  },
  unused: {
    ...unusedAtOpenAi,
    modalities: (value) => Array.isArray(value) && value.length === 1 && value[0] === "text",
  },
};
