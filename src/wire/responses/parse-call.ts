// A caller's Responses request → Call, by allow-list. Nothing is stored here and nothing continues elsewhere, so whatever
// would is refused by name; an absent `store` counts as false. Source: OpenAI API reference, Responses.
import { z } from "zod";
import { Failure } from "../../terms/failure.ts";
import { Name } from "../../terms/ids.ts";
import { given, invalidField, unsupportedField } from "../admitting.ts";
import { type Call, type OutputFormat, type Reasoning, type Tool, type ToolChoice, groupedName } from "../call.ts";
import { admittedFields, expectShape } from "./fields.ts";
import { Input, ToolName, expectDistinctCalls, turnsOf } from "./parse-input.ts";

/** Tools, those in groups counted one by one. */
const toolsMax = 512;

const Schema = z.record(z.string(), z.unknown());

/** What says of a function that it is an ordinary one. */
const ordinary = {
  allowed_callers: z.array(z.literal("direct")).max(1).nullish(),
  defer_loading: z.literal(false).nullish(),
  async: z.literal(false).nullish(),
  output_schema: z.null().optional(),
};
const FunctionTool = z.strictObject({
  type: z.literal("function"),
  name: ToolName,
  description: z.string().nullish(),
  parameters: Schema.nullish(),
  strict: z.boolean().nullish(),
  ...ordinary,
});
const Namespace = z.strictObject({
  type: z.literal("namespace"),
  name: ToolName,
  description: z.string().nullish(),
  tools: z.array(FunctionTool).max(toolsMax),
});

const ToolChoiceShape = z.union([
  z.enum(["none", "auto", "required"]),
  z.strictObject({ type: z.literal("function"), name: ToolName }),
]);

const Format = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("text") }),
  z.strictObject({ type: z.literal("json_object") }),
  z.strictObject({
    type: z.literal("json_schema"),
    name: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "is not a name: letters, digits, _ and - only"),
    schema: Schema,
    description: z.string().nullish(),
    strict: z.boolean().nullish(),
  }),
]);

const ReasoningShape = z.strictObject({
  effort: z.enum(["none", "minimal", "low", "medium", "high", "xhigh", "max"]).nullish(),
  summary: z.enum(["auto", "concise", "detailed"]).nullish(),
  generate_summary: z.enum(["auto", "concise", "detailed"]).nullish(),
  context: z.literal("auto").nullish(),
});

const User = z.string().max(512).nullish();

const Body = z.strictObject({
  model: z.string().max(256),
  input: Input,
  instructions: z.string().nullish(),
  tools: z.array(z.unknown()).max(toolsMax).nullish(),
  tool_choice: z.unknown().optional(),
  parallel_tool_calls: z.boolean().nullish(),
  max_output_tokens: z.number().int().min(1).nullish(),
  temperature: z.number().nullish(),
  top_p: z.number().nullish(),
  reasoning: ReasoningShape.nullish(),
  text: z.strictObject({ format: Format.nullish(), verbosity: z.enum(["low", "medium", "high"]).nullish() }).nullish(),
  include: z.array(z.string()).max(16).nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.strictObject({ include_obfuscation: z.boolean().nullish() }).nullish(),
  safety_identifier: User,
  user: User,
});
type Body = z.infer<typeof Body>;

/** Throws `request_invalid`, `feature_unsupported` or `model_unknown`. */
export function parseCall(raw: Readonly<Record<string, unknown>>): Call {
  const body = expectShape(Body, admittedFields(raw), "");
  const model = Name.safeParse(body.model);
  if (!model.success) throw new Failure("model_unknown", "");
  expectIncluded(body.include ?? []);
  const turns = turnsOf(body.input);
  expectDistinctCalls(turns);
  const tools = toolsOf(body.tools ?? []);
  return {
    model: model.data,
    preamble: "",
    instructions: body.instructions ?? "",
    turns,
    tools,
    ...given("toolChoice", choiceOf(body.tool_choice)),
    ...given("parallelToolCalls", body.parallel_tool_calls),
    ...given("output", outputOf(body.text?.format)),
    ...given("outputTokensMax", body.max_output_tokens),
    sampling: { ...given("temperature", body.temperature), ...given("topP", body.top_p) },
    choices: 1,
    stop: [],
    stream: body.stream ?? false,
    isUsageAsked: true,
    ...given("reasoning", reasoningOf(body)),
    ...given("verbosity", body.text?.verbosity),
    ...given("user", userOf(body)),
  };
}

function expectIncluded(included: readonly string[]): void {
  const other = included.findIndex((name) => name !== "reasoning.encrypted_content");
  if (other === -1) return;
  throw unsupportedField(`include.${other}`, "only reasoning.encrypted_content is given beside the answer");
}

function toolsOf(raw: readonly unknown[]): readonly Tool[] {
  const tools = raw.flatMap((tool, index) => toolOf(tool, `tools.${index}`));
  if (tools.length > toolsMax) throw invalidField("tools", `At most ${toolsMax} tools are admitted.`);
  if (new Set(tools.map(({ name }) => name)).size < tools.length) {
    throw invalidField("tools", "Two tools have the same name.");
  }
  return tools;
}

const Typed = z.looseObject({ type: z.string() });

function toolOf(raw: unknown, at: string): readonly Tool[] {
  const { type } = expectShape(Typed, raw, at);
  if (type === "function") return [functionOf(expectShape(FunctionTool, raw, at))];
  if (type === "custom") {
    throw invalidField(
      `${at}.type`,
      `The field \`${at}.type\` is not admitted: declare a tool of type function instead.`,
    );
  }
  if (type !== "namespace") {
    throw unsupportedField(
      `${at}.type`,
      "only functions of the caller's own are offered; tools that run elsewhere are not",
    );
  }
  const { name: group, description, tools } = expectShape(Namespace, raw, at);
  return tools.map((tool) => {
    const { name: member, ...known } = functionOf(tool);
    return {
      ...known,
      name: groupedName(group, member),
      group: { name: group, member, ...given("description", description) },
    };
  });
}

function functionOf({ name, description, parameters, strict }: z.infer<typeof FunctionTool>): Tool {
  return { name, ...given("description", description), ...given("schema", parameters), ...given("strict", strict) };
}

function choiceOf(raw: unknown): ToolChoice | undefined {
  if (raw === undefined || raw === null) return undefined;
  const choice = ToolChoiceShape.safeParse(raw);
  if (!choice.success) {
    throw invalidField(
      "tool_choice",
      "`tool_choice` is none, auto, required, or a function of the caller's by its name.",
    );
  }
  return typeof choice.data === "string" ? { kind: choice.data } : { kind: "tool", name: choice.data.name };
}

function outputOf(format: z.infer<typeof Format> | null | undefined): OutputFormat | undefined {
  switch (format?.type) {
    case undefined:
      return undefined;
    case "text":
      return { kind: "text" };
    case "json_object":
      return { kind: "json" };
    case "json_schema": {
      const { name, schema, description, strict } = format;
      return { kind: "json-schema", name, schema, ...given("description", description), ...given("strict", strict) };
    }
  }
}

/** Absent where nothing is asked: clients send an empty object by themselves. Who includes it wants what there is of it. */
function reasoningOf({ reasoning, include }: Body): Reasoning | undefined {
  const summary = reasoning?.summary ?? reasoning?.generate_summary;
  const asked = { ...given("effort", reasoning?.effort), ...given("summary", summary) };
  const isIncluded = (include ?? []).length > 0;
  return Object.keys(asked).length === 0 && !isIncluded ? undefined : asked;
}

/** `user` is the older name of `safety_identifier`. */
function userOf({ user, safety_identifier: identifier }: Body): string | undefined {
  if (typeof user === "string" && typeof identifier === "string" && user !== identifier) {
    throw invalidField("user", "Send user or safety_identifier, not both.");
  }
  return identifier ?? user ?? undefined;
}
