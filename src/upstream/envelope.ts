// The request envelope: which fields a caller may send, in which ranges. An allow-list, because a field nobody knows may
// route, select another model, or carry text past the safeguards. Pure. What comes out is built
// from what was checked, field by field, so that what was checked is what is sent.
import { z } from "zod";
import { Failure } from "../terms/failure.ts";
import { type ChatBody, type ChatMessage, ResponseFormat, Tool, ToolCall, ToolCallId, ToolChoice } from "./chat.ts";
import type { Dialect, ModelDocument } from "./model-document.ts";

const common = [
  "model",
  "messages",
  "max_tokens",
  "max_completion_tokens",
  "temperature",
  "top_p",
  "n",
  "seed",
  "stop",
  "stream",
  "stream_options",
  "user",
] as const;
const openAiChat = [
  ...common,
  "presence_penalty",
  "frequency_penalty",
  "tools",
  "tool_choice",
  "parallel_tool_calls",
  "response_format",
] as const;

/** The fields a dialect admits; the rest of a body is refused by name. */
export const admittedFields = {
  "openai-chat": openAiChat,
  embedded: common,
} as const satisfies Record<Dialect, readonly string[]>;

/** Fields with a known meaning that goes round what is checked here, and in what way. */
const roundabouts: Readonly<Record<string, string>> = {
  ...because("it keeps or continues a conversation where the safeguards cannot see it", [
    "store",
    "background",
    "previous_response_id",
    "conversation",
    "metadata",
    "prompt",
  ]),
  ...because("it returns text that the safeguards do not read", [
    "logprobs",
    "top_logprobs",
    "prompt_logprobs",
    "echo",
  ]),
  ...because("it carries something other than text", ["modalities", "audio"]),
  ...because("it adds text or tools from elsewhere", [
    "web_search_options",
    "documents",
    "prediction",
    "functions",
    "function_call",
  ]),
  ...because("it chooses another model, route or template", [
    "models",
    "route",
    "provider",
    "plugins",
    "transforms",
    "service_tier",
    "lora",
    "chat_template",
    "chat_template_kwargs",
    "add_generation_prompt",
    "continue_final_message",
    "extra_body",
  ]),
  ...because("it pushes single tokens", ["logit_bias", "allowed_token_ids", "bad_words"]),
};

const partsMax = 256;
const toolsMax = 128;
const toolCallsMax = 128;

const TextPart = z.strictObject({ type: z.literal("text"), text: z.string() });
const Content = z.union([z.string(), z.array(TextPart).min(1).max(partsMax)], {
  error: "is a text or a list of parts of type text",
});
const name = z.string().max(64).optional();
/** What official clients echo of an answer they were given: empty slots of features that are not used. */
const echoedEmpties = {
  annotations: z.array(z.unknown()).max(0).optional(),
  audio: z.null().optional(),
  function_call: z.null().optional(),
};
const Message = z.discriminatedUnion(
  "role",
  [
    z.strictObject({ role: z.literal("system"), content: Content, name }),
    z.strictObject({ role: z.literal("user"), content: Content, name }),
    z.strictObject({
      role: z.literal("assistant"),
      content: Content.nullish(),
      name,
      refusal: z.string().nullish(),
      tool_calls: z.array(ToolCall).max(toolCallsMax).nullish(),
      ...echoedEmpties,
    }),
    z.strictObject({ role: z.literal("tool"), content: Content, tool_call_id: ToolCallId }),
  ],
  { error: "has a role that is not admitted; admitted: system, user, assistant, tool" },
);
type Message = z.infer<typeof Message>;

const stopText = z.string().min(1).max(256);

const Body = z.strictObject({
  model: z.string().max(256),
  messages: z.array(Message).min(1),
  max_tokens: z.number().int().min(1).nullish(),
  max_completion_tokens: z.number().int().min(1).nullish(),
  temperature: z.number().nullish(),
  top_p: z.number().nullish(),
  presence_penalty: z.number().nullish(),
  frequency_penalty: z.number().nullish(),
  n: z.number().int().min(1).nullish(),
  seed: z.number().int().min(0).max(0xffff_ffff).nullish(),
  stop: z.union([stopText, z.array(stopText).min(1).max(4)]).nullish(),
  stream: z.boolean().nullish(),
  stream_options: z
    .strictObject({ include_usage: z.boolean().optional(), include_obfuscation: z.literal(false).optional() })
    .nullish(),
  tools: z.array(Tool).max(toolsMax).nullish(),
  tool_choice: ToolChoice.nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  response_format: ResponseFormat.nullish(),
  user: z.string().max(512).nullish(),
});
type Body = z.infer<typeof Body>;

/**
 * The body as it may be sent to this model's upstream. Throws `request_invalid`, `feature_unsupported` or
 * `model_unknown`; messages name the field and what is admitted, never what the caller wrote in it.
 */
export function admitBody(body: unknown, document: ModelDocument): ChatBody {
  const parsed = parseBody(body, document);
  if (parsed.model !== document.name) {
    throw new Failure("model_unknown", `This request is not for the model ${document.name}.`);
  }
  checkRanges(parsed, document);
  const messages = admitMessages(parsed.messages, document);
  const { tools, tool_choice: toolChoice, stream_options: streamOptions } = parsed;
  return {
    model: document.upstream.dialect === "openai-chat" ? document.upstream.model : document.name,
    messages,
    ...outputLimit(parsed, document),
    ...given("temperature", parsed.temperature),
    ...given("top_p", parsed.top_p),
    ...given("presence_penalty", parsed.presence_penalty),
    ...given("frequency_penalty", parsed.frequency_penalty),
    ...given("n", parsed.n),
    ...given("seed", parsed.seed),
    ...given("stop", typeof parsed.stop === "string" ? [parsed.stop] : parsed.stop),
    ...given("stream", parsed.stream),
    ...given(
      "stream_options",
      streamOptions?.include_usage === undefined ? undefined : { include_usage: streamOptions.include_usage },
    ),
    ...given("tools", tools),
    ...given("tool_choice", toolChoice),
    ...given("parallel_tool_calls", parsed.parallel_tool_calls),
    ...given("response_format", parsed.response_format),
    ...given("user", parsed.user),
  };
}

/** Every text the caller wrote that reaches the model; the document's own system prompt is not the caller's. */
export function inputTexts(body: ChatBody, document: ModelDocument): readonly string[] {
  const own = document.systemPrompt === "" ? body.messages : body.messages.slice(1);
  const texts = [
    ...own.flatMap(messageTexts),
    ...(body.tools ?? []).map((tool) => JSON.stringify(tool.function)),
    ...(body.response_format?.type === "json_schema" ? [JSON.stringify(body.response_format.json_schema)] : []),
    ...(body.stop ?? []),
    ...(body.user === undefined ? [] : [body.user]),
  ];
  return texts.filter((text) => text !== "");
}

function messageTexts(message: ChatMessage): readonly string[] {
  switch (message.role) {
    case "system":
    case "user":
      return [message.content, message.name ?? ""];
    case "tool":
      return [message.content];
    case "assistant":
      return [
        message.content ?? "",
        message.refusal ?? "",
        message.name ?? "",
        ...(message.tool_calls ?? []).flatMap((call) => [call.function.name, call.function.arguments]),
      ];
  }
}

function parseBody(body: unknown, document: ModelDocument): Body {
  const known = admittedPart(body, admittedFields[document.upstream.dialect]);
  const parsed = Body.safeParse(known);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw issue === undefined ? invalid("", "The body of the request is not valid.") : failureOf(issue, known);
}

/** The body without fields that say a feature is not used: clients send those nulls and `store: false` by themselves. */
function admittedPart(body: unknown, admitted: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw invalid("", "The body of a request is one JSON object.");
  }
  const entries = Object.entries(body);
  for (const [field, value] of entries) {
    const isUnused = Object.hasOwn(roundabouts, field) && (value === null || (field === "store" && value === false));
    if (!admitted.includes(field) && !isUnused) throw notAdmitted(field, admitted);
  }
  return Object.fromEntries(entries.filter(([field]) => admitted.includes(field)));
}

function failureOf(issue: z.core.$ZodIssue, body: Readonly<Record<string, unknown>>): Failure {
  const path = issue.path.map(String).join(".");
  if (path.startsWith("messages.") && isOtherPart(body, issue.path)) {
    return unsupported(path, "the safeguards read text only, so only text is admitted in messages");
  }
  return invalid(path, `The field \`${path}\` is not valid: ${issue.message}.`);
}

/** Whether the refused content is a list with a part that is not text, such as an image or a file. */
function isOtherPart(body: Readonly<Record<string, unknown>>, path: readonly PropertyKey[]): boolean {
  const messages = body["messages"];
  const message: unknown = Array.isArray(messages) ? messages[Number(path[1])] : undefined;
  const parsed = z.object({ content: z.array(z.looseObject({ type: z.string() })) }).safeParse(message);
  return parsed.success && parsed.data.content.some((part) => part.type !== "text");
}

function notAdmitted(field: string, admitted: readonly string[]): Failure {
  const shown = /^[\w.-]{1,64}$/.test(field) ? field : "(unprintable)";
  if (Object.hasOwn(roundabouts, field)) return unsupported(field, roundabouts[field] ?? "");
  return invalid(shown, `The field \`${shown}\` is not admitted. Admitted fields: ${admitted.join(", ")}.`);
}

function checkRanges(body: Body, document: ModelDocument): void {
  const { envelope, upstream } = document;
  checkRange("temperature", body.temperature, envelope.temperature);
  checkRange("top_p", body.top_p, envelope.topP);
  checkRange("presence_penalty", body.presence_penalty, envelope.penalty);
  checkRange("frequency_penalty", body.frequency_penalty, envelope.penalty);
  checkRange("n", body.n, [1, upstream.dialect === "embedded" ? 1 : envelope.choicesMax]);
  if (body.messages.length > envelope.messagesMax) {
    throw invalid("messages", `At most ${envelope.messagesMax} messages are admitted.`);
  }
  if (!envelope.tools && ((body.tools ?? []).length > 0 || (body.tool_choice ?? "none") !== "none")) {
    throw unsupported("tools", "tools are not part of this model's envelope");
  }
}

function checkRange(field: string, value: number | null | undefined, [low, high]: readonly [number, number]): void {
  if (value === null || value === undefined || (value >= low && value <= high)) return;
  throw invalid(field, `The field \`${field}\` is outside what this model admits: ${low} to ${high}.`);
}

/** The caller's limit in the caller's spelling, or the document's where the caller set none. */
function outputLimit(body: Body, document: ModelDocument): Pick<ChatBody, "max_tokens" | "max_completion_tokens"> {
  const most = document.envelope.outputTokensMax;
  const { max_tokens: older, max_completion_tokens: newer } = body;
  if (typeof older === "number" && typeof newer === "number") {
    throw invalid("max_tokens", "Send max_tokens or max_completion_tokens, not both.");
  }
  checkRange("max_tokens", older, [1, most]);
  checkRange("max_completion_tokens", newer, [1, most]);
  return typeof newer === "number" ? { max_completion_tokens: newer } : { max_tokens: older ?? most };
}

function admitMessages(messages: readonly Message[], document: ModelDocument): readonly ChatMessage[] {
  if (messages.at(-1)?.role === "assistant") {
    throw unsupported(
      "messages",
      "the last message may not be the assistant's: a prefilled answer is not what was evaluated",
    );
  }
  const { systemPrompt, envelope } = document;
  const admitted = messages.map((message, index) => {
    if (message.role === "system" && !envelope.systemMessages) {
      throw unsupported(`messages.${index}.role`, "system messages are not part of this model's envelope");
    }
    if (
      !envelope.tools &&
      (message.role === "tool" || (message.role === "assistant" && (message.tool_calls ?? []).length > 0))
    ) {
      throw unsupported(`messages.${index}`, "tools are not part of this model's envelope");
    }
    return admitMessage(message);
  });
  return systemPrompt === "" ? admitted : [{ role: "system", content: systemPrompt }, ...admitted];
}

function admitMessage(message: Message): ChatMessage {
  switch (message.role) {
    case "system":
      return { role: "system", content: textOf(message.content), ...given("name", message.name) };
    case "user":
      return { role: "user", content: textOf(message.content), ...given("name", message.name) };
    case "tool":
      return { role: "tool", content: textOf(message.content), tool_call_id: message.tool_call_id };
    case "assistant":
      return {
        role: "assistant",
        content: message.content === null || message.content === undefined ? null : textOf(message.content),
        ...given("name", message.name),
        ...given("refusal", message.refusal),
        ...given("tool_calls", message.tool_calls),
      };
  }
}

/** Parts become one text, so that a word split over two parts is one word for the safeguards and for the model. */
function textOf(content: z.infer<typeof Content>): string {
  return typeof content === "string" ? content : content.map((part) => part.text).join("\n");
}

/** `{[field]: value}` where there is a value, else nothing. */
function given<F extends string, V>(field: F, value: V | null | undefined): { readonly [K in F]?: V } {
  const one: { [K in F]?: V } = {};
  if (value !== null && value !== undefined) one[field] = value;
  return one;
}

function because(why: string, fields: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(fields.map((field) => [field, why]));
}

function invalid(field: string, message: string): Failure {
  return new Failure("request_invalid", message, { detail: { field } });
}

function unsupported(field: string, why: string): Failure {
  return new Failure("feature_unsupported", `The field \`${field}\` is not served here: ${why}.`, {
    detail: { field },
  });
}
