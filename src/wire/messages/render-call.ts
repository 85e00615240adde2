// A Call into the body that a server of Anthropic's Messages API is asked with, and what such a server cannot be asked at
// all. No cache markers, no metadata but the caller's user, no tools but the caller's: only what stands in the Call.
import { given } from "../admitting.ts";
import type { Call, CallField, ImagePart, Part, Reasoning, TextPart, ToolCallPart, ToolChoice, Turn } from "../call.ts";

/** Tokens of an answer where neither caller nor envelope said a limit; the API demands one. */
const outputTokensDefault = 4_096;
const temperatureMax = 1;
const thinkingTokensMin = 1_024;
const namePattern = /^[A-Za-z0-9_-]{1,128}$/;

/** The first part of a call that the Messages API cannot say. */
export function lacks(call: Call): CallField | undefined {
  const { sampling, output, reasoning } = call;
  const missing: readonly (readonly [CallField, boolean])[] = [
    ["choices", call.choices > 1],
    ["temperature", (sampling.temperature ?? 0) > temperatureMax],
    ["presencePenalty", (sampling.presencePenalty ?? 0) !== 0],
    ["frequencyPenalty", (sampling.frequencyPenalty ?? 0) !== 0],
    ["seed", sampling.seed !== undefined],
    ["verbosity", call.verbosity !== undefined],
    ["output", output?.kind === "json" || (output?.kind === "json-schema" && !isSchemaAlone(output))],
    ["reasoning", (reasoning?.tokensMax ?? thinkingTokensMin) < thinkingTokensMin],
    ["tools", call.tools.some(({ name }) => !namePattern.test(name))],
    ["images", call.turns.some(({ parts }) => parts.some(hasDetail))],
    ["turns", call.turns.some(isUnsayable) || conversationOf(call).length === 0],
  ];
  return missing.find(([, isMissing]) => isMissing)?.[0];
}

function isSchemaAlone({ schema, description }: { readonly schema?: unknown; readonly description?: string }): boolean {
  return schema !== undefined && description === undefined;
}

function hasDetail(part: Part): boolean {
  if (part.kind === "tool-result") return part.parts.some(hasDetail);
  return part.kind === "image" && part.detail !== undefined && part.detail !== "auto";
}

function isUnsayable({ name, parts }: Turn): boolean {
  const hasCallWithoutObject = parts.some((part) => part.kind === "tool-call" && inputOf(part) === undefined);
  return name !== undefined || hasCallWithoutObject || parts.flatMap(blocksOf).length === 0;
}

/** The request's body; `lacks` was asked before. */
export function renderCall(call: Call, model: string): object {
  const { tools, sampling, stop, output, reasoning } = call;
  const outputTokensMax = call.outputTokensMax ?? outputTokensDefault;
  const config = {
    ...given("effort", effortOf(reasoning)),
    ...(output?.kind === "json-schema" ? { format: { type: "json_schema", schema: output.schema ?? {} } } : {}),
  };
  return {
    model,
    max_tokens: outputTokensMax,
    ...given("system", systemOf(call)),
    messages: messagesOf(conversationOf(call)),
    ...(tools.length === 0 ? {} : { tools: tools.map(toolOf) }),
    ...given("tool_choice", tools.length === 0 ? undefined : choiceOf(call)),
    ...given("temperature", sampling.temperature),
    ...given("top_p", sampling.topP),
    ...given("top_k", sampling.topK),
    ...(stop.length === 0 ? {} : { stop_sequences: stop }),
    ...given("thinking", thinkingOf(reasoning, outputTokensMax)),
    ...(Object.keys(config).length === 0 ? {} : { output_config: config }),
    ...(call.user === undefined ? {} : { metadata: { user_id: call.user } }),
    ...(call.stream ? { stream: true } : {}),
  };
}

/** The parts of a call that count_tokens counts; the other fields of a request are refused there. */
export function renderCount(call: Call, model: string): object {
  const counted = new Set(["model", "messages", "system", "tools", "tool_choice", "thinking", "output_config"]);
  return Object.fromEntries(Object.entries(renderCall(call, model)).filter(([field]) => counted.has(field)));
}

/** Document's words, the caller's, then what stands as system turns before the conversation: one block each. */
function systemOf(call: Call): unknown {
  const own = [call.preamble, call.instructions, ...openingOf(call).map(textOf)];
  const texts = own.filter((text) => text !== "");
  if (texts.length < 2) return texts[0];
  return texts.map((text) => ({ type: "text", text }));
}

/** Turns of system and developer before anybody else spoke; servers of this format know them as `system`. */
function openingOf({ turns }: Call): readonly Turn[] {
  const first = turns.findIndex(({ role }) => role !== "system" && role !== "developer");
  return first === -1 ? turns : turns.slice(0, first);
}

function conversationOf(call: Call): readonly Turn[] {
  return call.turns.slice(openingOf(call).length);
}

function textOf({ parts }: Turn): string {
  return parts.flatMap((part) => (part.kind === "text" ? [part.text] : [])).join("\n");
}

interface Message {
  readonly role: "user" | "assistant" | "system";
  readonly content: readonly object[];
}

/** All results of one turn's tool calls stand in one user message, with what the user says after them. */
function messagesOf(turns: readonly Turn[]): readonly object[] {
  const messages: Message[] = [];
  let before: Turn["role"] | undefined;
  for (const { role, parts } of turns) {
    const content = parts.flatMap(blocksOf);
    const last = messages.at(-1);
    const joins = before === "tool" && (role === "tool" || role === "user");
    if (joins && last !== undefined) {
      messages[messages.length - 1] = { role: "user", content: [...last.content, ...content] };
    } else messages.push({ role: messageRole[role], content });
    before = role;
  }
  return messages.map(({ role, content }) => ({ role, content: shortened(content) }));
}

const messageRole = {
  user: "user",
  tool: "user",
  assistant: "assistant",
  system: "system",
  developer: "system",
} as const satisfies Record<Turn["role"], Message["role"]>;

/** One text is written as a text: servers that are not the maker's do not all take blocks everywhere. */
function shortened(content: readonly object[]): unknown {
  const [only, ...others] = content;
  return others.length === 0 && only !== undefined && "text" in only ? only.text : content;
}

function blocksOf(part: Part): readonly object[] {
  switch (part.kind) {
    case "text":
    case "refusal":
      return part.text === "" ? [] : [{ type: "text", text: part.text }];
    case "image":
      return [imageOf(part)];
    case "reasoning":
      return [{ type: "thinking", thinking: part.text, signature: part.seal ?? "" }];
    case "sealed":
      return [{ type: "redacted_thinking", data: part.data }];
    case "tool-call":
      return [{ type: "tool_use", id: toolIdOf(part.id), name: part.name, input: inputOf(part) ?? {} }];
    case "tool-result":
      return [
        {
          type: "tool_result",
          tool_use_id: toolIdOf(part.id),
          ...resultContent(part.parts),
          ...(part.isError ? { is_error: true } : {}),
        },
      ];
  }
}

function resultContent(parts: readonly (TextPart | ImagePart)[]): object {
  const content = parts.flatMap(blocksOf);
  return content.length === 0 ? {} : { content: shortened(content) };
}

function imageOf({ mediaType, data }: ImagePart): object {
  return { type: "image", source: { type: "base64", media_type: mediaType, data } };
}

/** Ids of other formats may hold signs that this one refuses; those are written in hex, call and result alike. */
function toolIdOf(id: string): string {
  return namePattern.test(id) ? id : `toolu_x${Buffer.from(id, "utf8").toString("hex")}`;
}

/** The arguments as the object they must be, undefined where they are none. */
function inputOf({ arguments: text }: ToolCallPart): object | undefined {
  if (text.trim() === "") return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function toolOf({ name, description, schema, strict }: Call["tools"][number]): object {
  return {
    name,
    ...given("description", description),
    input_schema: schema ?? { type: "object", properties: {} },
    ...given("strict", strict),
  };
}

function choiceOf({ toolChoice, parallelToolCalls }: Call): object | undefined {
  const isSerial = parallelToolCalls === undefined ? {} : { disable_parallel_tool_use: !parallelToolCalls };
  if (toolChoice === undefined) return parallelToolCalls === false ? { type: "auto", ...isSerial } : undefined;
  if (toolChoice.kind === "tool") return { type: "tool", name: toolChoice.name, ...isSerial };
  const type = choiceType[toolChoice.kind];
  return type === "none" ? { type } : { type, ...isSerial };
}

const choiceType = { none: "none", auto: "auto", required: "any" } as const satisfies Record<
  Exclude<ToolChoice["kind"], "tool">,
  string
>;

function effortOf(reasoning: Reasoning | undefined): string | undefined {
  const effort = reasoning?.effort;
  if (effort === undefined || effort === "none") return undefined;
  return effort === "minimal" ? "low" : effort;
}

function thinkingOf(reasoning: Reasoning | undefined, outputTokensMax: number): object | undefined {
  const mode = reasoning === undefined ? "unsaid" : (reasoning.mode ?? impliedMode(reasoning));
  const display = given("display", displayOf(reasoning?.summary));
  switch (mode) {
    case "unsaid":
      return undefined;
    case "disabled":
      return { type: "disabled" };
    case "between-tools":
      return { type: "between_tools" };
    case "adaptive":
      return { type: "adaptive", ...display };
    case "enabled": {
      // A restriction may have made the answer shorter since; thinking is part of it.
      const budget = Math.min(reasoning?.tokensMax ?? thinkingTokensMin, outputTokensMax - 1);
      return budget < thinkingTokensMin ? { type: "disabled" } : { type: "enabled", budget_tokens: budget, ...display };
    }
  }
}

/** What callers of other formats mean, who have no switch for thinking but an effort. */
function impliedMode({ effort, tokensMax, summary }: Reasoning): NonNullable<Reasoning["mode"]> {
  if (effort === "none") return "disabled";
  if (tokensMax !== undefined) return "enabled";
  return effort === undefined && summary === undefined ? "unsaid" : "adaptive";
}

function displayOf(summary: Reasoning["summary"]): "summarized" | "omitted" | undefined {
  if (summary === undefined) return undefined;
  return summary === "none" ? "omitted" : "summarized";
}
