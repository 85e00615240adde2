// A caller's messages request (Anthropic Messages API, 2023-06-01) into a Call, by allow-list. Markers for the prompt cache
// are admitted and not sent on: the server's cache would be shared between organisations. Source: Anthropic API reference,
// POST /v1/messages, and the types of @anthropic-ai/sdk 1.12.
import { z } from "zod";
import { Failure } from "../../terms/failure.ts";
import { Name } from "../../terms/ids.ts";
import {
  type FieldTable,
  admittedPart,
  because,
  given,
  invalidField,
  roundaboutsAnywhere,
  shownField,
  unsupportedField,
} from "../admitting.ts";
import type { Call, OutputFormat, Reasoning, Sampling, Tool, ToolChoice } from "../call.ts";
import { CacheMarker, Message, SystemContent, toolName, turnsOf, unsupportedTypes } from "./parse-turns.ts";

const toolsMax = 512;
const stopTextsMax = 16;
const stopTextCharsMax = 256;
const userCharsMax = 512;
const thinkingTokensMin = 1_024;

const counted = [
  "model",
  "messages",
  "system",
  "tools",
  "tool_choice",
  "thinking",
  "output_config",
  "cache_control",
  "context_management",
] as const;

const roundabouts = {
  ...because("it keeps or continues a conversation, or works on files, where the safeguards cannot see it", [
    "container",
    "thread",
    "compaction",
    "context_management",
    "diagnostics",
  ]),
  ...because("it adds text or tools from elsewhere", ["mcp_servers", "documents"]),
  ...because("it chooses another model, place or class of service", [
    "fallbacks",
    "fallback_credit_token",
    "service_tier",
    "inference_geo",
    "speed",
    "billing_policy",
    "user_profile_id",
    "workspace_id",
  ]),
  ...roundaboutsAnywhere,
};

const callFields: FieldTable = {
  admitted: [...counted, "max_tokens", "temperature", "top_p", "top_k", "stop_sequences", "stream", "metadata"],
  roundabouts,
};
const countFields: FieldTable = { admitted: counted, roundabouts };

const Schema = z.record(z.string(), z.unknown());

const CustomTool = z.strictObject({
  type: z.literal("custom").nullish(),
  name: toolName,
  description: z.string().nullish(),
  input_schema: Schema,
  strict: z.boolean().nullish(),
  cache_control: CacheMarker,
  /** Only how finely a stream is cut: what is cut here is what the safeguards cleared. */
  eager_input_streaming: z.boolean().nullish(),
  defer_loading: z.literal(false).nullish(),
  allowed_callers: z.array(z.literal("direct")).nullish(),
});

const isSerial = { disable_parallel_tool_use: z.boolean().nullish() };
const Choice = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("auto"), ...isSerial }),
  z.strictObject({ type: z.literal("any"), ...isSerial }),
  z.strictObject({ type: z.literal("tool"), name: toolName, ...isSerial }),
  z.strictObject({ type: z.literal("none") }),
]);

const display = z.enum(["summarized", "omitted"]).nullish();
const Thinking = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("enabled"), budget_tokens: z.number().int().min(thinkingTokensMin), display }),
  z.strictObject({ type: z.literal("adaptive"), display }),
  z.strictObject({ type: z.literal("between_tools") }),
  z.strictObject({ type: z.literal("disabled") }),
]);
type Thinking = z.infer<typeof Thinking>;

/** Clearing nothing is the one edit that leaves the conversation as it was checked. */
const ClearsNothing = z.strictObject({
  edits: z
    .array(z.strictObject({ type: z.string().regex(/^clear_thinking_\d{8}$/), keep: z.literal("all") }))
    .nullish(),
});

const stopText = z.string().min(1).max(stopTextCharsMax);

const Body = z.strictObject({
  model: z.string().max(256),
  messages: z.array(Message).min(1),
  system: SystemContent.nullish(),
  tools: z.array(CustomTool).max(toolsMax).nullish(),
  tool_choice: Choice.nullish(),
  thinking: Thinking.nullish(),
  output_config: z
    .strictObject({
      effort: z.enum(["low", "medium", "high", "xhigh", "max"]).nullish(),
      format: z.strictObject({ type: z.literal("json_schema"), schema: Schema }).nullish(),
    })
    .nullish(),
  cache_control: CacheMarker,
  context_management: ClearsNothing.nullish(),
  max_tokens: z.number().int().min(1).optional(),
  temperature: z.number().nullish(),
  top_p: z.number().nullish(),
  top_k: z.number().int().min(0).nullish(),
  stop_sequences: z.array(stopText).max(stopTextsMax).nullish(),
  stream: z.boolean().nullish(),
  metadata: z.strictObject({ user_id: z.string().max(userCharsMax).nullish() }).nullish(),
});
type Body = z.infer<typeof Body>;

type Raw = Readonly<Record<string, unknown>>;

/** A request to POST /v1/messages. Throws `request_invalid`, `feature_unsupported` or `model_unknown`, and names the field. */
export function parseCall(raw: Raw): Call {
  const body = parseBody(admittedPart(raw, callFields));
  if (body.max_tokens === undefined) {
    throw invalidField("max_tokens", "The field `max_tokens` is missing: say how long the answer may be.");
  }
  const { thinking } = body;
  if (thinking?.type === "enabled" && thinking.budget_tokens >= body.max_tokens) {
    throw invalidField(
      "thinking.budget_tokens",
      "The field `thinking.budget_tokens` must be less than `max_tokens`, which it is part of.",
    );
  }
  return callOf(body);
}

/** A request to POST /v1/messages/count_tokens: the parts of a call that are counted. Throws as `parseCall` does. */
export function parseCount(raw: Raw): Call {
  return callOf(parseBody(admittedPart(raw, countFields)));
}

function callOf(body: Body): Call {
  const { tools, output_config: output, stop_sequences: stop, max_tokens: outputTokensMax } = body;
  return {
    ...conversationOf(body),
    preamble: "",
    tools: (tools ?? []).map(toolOf),
    ...given("toolChoice", choiceOf(body)),
    ...given("parallelToolCalls", isParallel(body)),
    ...given("output", outputOf(output?.format?.schema)),
    ...given("outputTokensMax", outputTokensMax),
    sampling: samplingOf(body),
    choices: 1,
    stop: stop ?? [],
    stream: body.stream === true,
    isUsageAsked: true,
    ...given("reasoning", reasoningOf(body.thinking ?? undefined, output?.effort ?? undefined)),
    ...given("user", body.metadata?.user_id),
  };
}

function conversationOf({ model, system, messages }: Body): Pick<Call, "model" | "instructions" | "turns"> {
  if (messages.at(-1)?.role === "assistant") {
    throw unsupportedField(
      "messages",
      "the last message may not be the assistant's: a prefilled answer is not what was evaluated",
    );
  }
  const name = Name.safeParse(model);
  if (!name.success) throw new Failure("model_unknown", "");
  return { model: name.data, instructions: system ?? "", turns: messages.flatMap(turnsOf) };
}

function isParallel({ tool_choice: choice }: Body): boolean | undefined {
  if (choice === undefined || choice === null || choice.type === "none") return undefined;
  const isSerialOnly = choice.disable_parallel_tool_use;
  return typeof isSerialOnly === "boolean" ? !isSerialOnly : undefined;
}

function toolOf({ name, description, input_schema: schema, strict }: z.infer<typeof CustomTool>): Tool {
  return { name, ...given("description", description), schema, ...given("strict", strict) };
}

function choiceOf({ tool_choice: choice }: Body): ToolChoice | undefined {
  if (choice === undefined || choice === null) return undefined;
  switch (choice.type) {
    case "auto":
    case "none":
      return { kind: choice.type };
    case "any":
      return { kind: "required" };
    case "tool":
      return { kind: "tool", name: choice.name };
  }
}

/** The name stands for the schema in formats that want one; a schema of this format always binds. */
function outputOf(schema: z.infer<typeof Schema> | undefined): OutputFormat | undefined {
  return schema === undefined ? undefined : { kind: "json-schema", name: "answer", schema, strict: true };
}

function samplingOf({ temperature, top_p: topP, top_k: topK }: Body): Sampling {
  return { ...given("temperature", temperature), ...given("topP", topP), ...given("topK", topK) };
}

function reasoningOf(thinking: Thinking | undefined, effort: Reasoning["effort"]): Reasoning | undefined {
  const asked = given("effort", effort);
  if (thinking === undefined) return effort === undefined ? undefined : { mode: "unsaid", ...asked };
  switch (thinking.type) {
    case "disabled":
      return { mode: "disabled", ...asked };
    case "between_tools":
      return { mode: "between-tools", ...asked };
    case "adaptive":
      return { mode: "adaptive", ...asked, ...given("summary", summaryOf(thinking.display)) };
    case "enabled": {
      const summary = given("summary", summaryOf(thinking.display));
      return { mode: "enabled", tokensMax: thinking.budget_tokens, ...asked, ...summary };
    }
  }
}

function summaryOf(shown: z.infer<typeof display>): Reasoning["summary"] {
  if (shown === undefined || shown === null) return undefined;
  return shown === "omitted" ? "none" : "auto";
}

function parseBody(known: Raw): Body {
  const parsed = Body.safeParse(known);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.slice(0, issuesReadMax);
  throw issues.map((issue) => unsupportedBy(issue, known)).find((failure) => failure !== undefined) ?? invalid(issues);
}

/** Of a body that is wrong in thousands of places one place is told: the first ones are looked through for a better word. */
const issuesReadMax = 64;

/** The failure of a type or value that has a known meaning here, one that would go round the safeguards. */
function unsupportedBy({ path }: z.core.$ZodIssue, known: Raw): Failure | undefined {
  const field = path.map(String).join(".");
  if (field.startsWith("context_management")) return unsupportedField(field, roundabouts["context_management"] ?? "");
  const last = path.at(-1);
  if (/^tools\.\d+\.(?:defer_loading|allowed_callers)\b/.test(field)) {
    return unsupportedField(field, "it lets something else than the model's own turn find or call the tool");
  }
  if (last !== "type") return undefined;
  const type = valueAt(known, path);
  if (typeof type !== "string") return undefined;
  if (/^tools\.\d+\.type$/.test(field)) {
    return unsupportedField(field, "tools that run at the model server work where the safeguards cannot see them");
  }
  const why = Object.hasOwn(unsupportedTypes, type) ? unsupportedTypes[type] : undefined;
  return why === undefined ? undefined : unsupportedField(field, why);
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((at, key) => {
    const isThere = typeof at === "object" && at !== null && Object.hasOwn(at, key);
    return isThere ? Object.getOwnPropertyDescriptor(at, key)?.value : undefined;
  }, value);
}

function invalid([issue]: readonly z.core.$ZodIssue[]): Failure {
  if (issue === undefined) return invalidField("", "The body of the request is not valid.");
  const path = issue.path.map((key) => shownField(String(key)));
  if (issue.code === "unrecognized_keys") {
    const field = [...path, shownField(issue.keys[0] ?? "")].join(".");
    return invalidField(field, `The field \`${field}\` is not admitted.`);
  }
  const field = path.join(".");
  return invalidField(field, `The field \`${field}\` is not valid: ${issue.message}.`);
}
