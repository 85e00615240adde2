// Call → the body of a Responses request to a model server. Nothing is stored there (`store: false`, always), nothing is
// continued from there, and no id of the caller's is sent: items stand for themselves.
import { given } from "../admitting.ts";
import type { Phase } from "../answer.ts";
import type { Call, CallField, ImagePart, OutputFormat, Part, TextPart, Tool, Turn } from "../call.ts";

/** What a call says and Responses has no field for. */
export function responsesLacks(call: Call): CallField | undefined {
  const { sampling, reasoning } = call;
  if (call.choices !== 1) return "choices";
  if (call.stop.length > 0) return "stop";
  if (sampling.topK !== undefined) return "topK";
  if (sampling.presencePenalty !== undefined && sampling.presencePenalty !== 0) return "presencePenalty";
  if (sampling.frequencyPenalty !== undefined && sampling.frequencyPenalty !== 0) return "frequencyPenalty";
  if (sampling.seed !== undefined) return "seed";
  if (reasoning?.tokensMax !== undefined) return "reasoning";
  return call.turns.some((turn) => turn.name !== undefined) ? "turns" : undefined;
}

export function renderCall(call: Call, model: string): object {
  const { preamble, instructions, sampling, output, verbosity } = call;
  // The document's own words keep the place of highest standing; the caller's come next, as a message of its own.
  const [first, own] = preamble === "" ? [instructions, ""] : [preamble, instructions];
  const text = { ...given("format", formatOf(output)), ...given("verbosity", verbosity) };
  return {
    model,
    ...(first === "" ? {} : { instructions: first }),
    input: [
      ...(own === "" ? [] : [{ role: "system", content: own }]),
      ...call.turns.flatMap((turn) => itemsOf(turn, call)),
    ],
    ...(call.tools.length === 0 ? {} : { tools: toolsOf(call.tools) }),
    ...given("tool_choice", choiceOf(call)),
    ...given("parallel_tool_calls", call.parallelToolCalls),
    ...given("max_output_tokens", call.outputTokensMax),
    ...given("temperature", sampling.temperature),
    ...given("top_p", sampling.topP),
    ...reasoningOf(call),
    ...(Object.keys(text).length === 0 ? {} : { text }),
    ...given("safety_identifier", call.user),
    store: false,
    stream: call.stream,
  };
}

/** Whoever asks for reasoning gets it sealed too, so that it can be given back in the next turn. */
function reasoningOf({ reasoning }: Call): object {
  if (reasoning === undefined) return {};
  const { effort, summary, mode } = reasoning;
  const asked = {
    ...given("effort", effort ?? (mode === "disabled" ? "none" : undefined)),
    ...given("summary", summary === "none" ? undefined : summary),
  };
  return { ...(Object.keys(asked).length === 0 ? {} : { reasoning: asked }), include: ["reasoning.encrypted_content"] };
}

function itemsOf(turn: Turn, call: Call): readonly object[] {
  const items: object[] = [];
  let parts: Part[] = [];
  let phase: Phase | undefined;
  const endMessage = (): void => {
    const content = contentOf(parts, turn.role === "assistant");
    if (parts.length > 0) items.push({ role: turn.role, content, ...given("phase", phase) });
    parts = [];
  };
  for (const part of turn.parts) {
    const item = itemOf(part, call);
    const its = part.kind === "text" ? part.phase : undefined;
    if (item !== undefined || its !== phase) endMessage();
    phase = its;
    if (item === undefined) parts.push(part);
    else items.push(item);
  }
  endMessage();
  return items;
}

/** The item that a part is by itself; undefined for a part of a message. */
function itemOf(part: Part, call: Call): object | undefined {
  switch (part.kind) {
    case "tool-call":
      return { type: "function_call", call_id: part.id, ...memberOf(part.name, call), arguments: part.arguments };
    case "tool-result":
      return { type: "function_call_output", call_id: part.id, output: contentOf(part.parts, false) };
    case "reasoning":
      return {
        type: "reasoning",
        summary: part.text === "" ? [] : [{ type: "summary_text", text: part.text }],
        ...given("encrypted_content", part.seal),
      };
    case "sealed":
      return { type: "reasoning", summary: [], encrypted_content: part.data };
    case "text":
    case "image":
    case "refusal":
      return undefined;
  }
}

/** The plain text where there is nothing else: servers of every kind read that. */
function contentOf(parts: readonly Part[], isAnswer: boolean): string | readonly object[] {
  const [first] = parts;
  if (first === undefined) return "";
  if (parts.length === 1 && first.kind === "text") return first.text;
  return parts.flatMap((part) => (isContent(part) ? [contentPart(part, isAnswer)] : []));
}

type Content = Extract<Part, { kind: "text" | "image" | "refusal" }>;

function isContent(part: Part): part is Content {
  return part.kind === "text" || part.kind === "image" || part.kind === "refusal";
}

function contentPart(part: Content, isAnswer: boolean): object {
  switch (part.kind) {
    case "text":
      return textPart(part, isAnswer);
    case "refusal":
      return { type: "refusal", refusal: part.text };
    case "image":
      return imagePart(part);
  }
}

function textPart({ text }: TextPart, isAnswer: boolean): object {
  return isAnswer ? { type: "output_text", text, annotations: [] } : { type: "input_text", text };
}

function imagePart({ mediaType, data, detail }: ImagePart): object {
  return { type: "input_image", image_url: `data:${mediaType};base64,${data}`, detail: detail ?? "auto" };
}

/** Tools as they were declared: those of a group together, where the first of them stood. */
export function toolsOf(tools: readonly Tool[]): readonly object[] {
  const named = new Set<string>();
  return tools.flatMap((tool) => {
    const { group } = tool;
    if (group === undefined) return [functionOf(tool, tool.name)];
    if (named.has(group.name)) return [];
    named.add(group.name);
    const members = tools.filter((other) => other.group?.name === group.name);
    return [
      {
        type: "namespace",
        name: group.name,
        ...given("description", group.description),
        tools: members.map((member) => functionOf(member, member.group?.member ?? member.name)),
      },
    ];
  });
}

/** A function that does not say `strict` is not strict: here the default would be the other way round than in chat. */
function functionOf({ description, schema, strict }: Tool, name: string): object {
  const parameters = schema ?? { type: "object", properties: {} };
  return { type: "function", name, ...given("description", description), parameters, strict: strict ?? false };
}

export function choiceOf({ toolChoice }: Call): string | object | undefined {
  if (toolChoice === undefined) return undefined;
  return toolChoice.kind === "tool" ? { type: "function", name: toolChoice.name } : toolChoice.kind;
}

function memberOf(name: string, { tools }: Call): object {
  const group = tools.find((tool) => tool.name === name)?.group;
  return group === undefined ? { name } : { name: group.member, namespace: group.name };
}

export function formatOf(output: OutputFormat | undefined): object | undefined {
  switch (output?.kind) {
    case undefined:
      return undefined;
    case "text":
      return { type: "text" };
    case "json":
      return { type: "json_object" };
    case "json-schema": {
      const { name, schema, description, strict } = output;
      const said = { ...given("description", description), strict: strict ?? false };
      return { type: "json_schema", name, schema: schema ?? { type: "object" }, ...said };
    }
  }
}
