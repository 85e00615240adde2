// Call → the body of a chat completions request, for a server that speaks it. The document's own words come first, then the
// caller's instructions, then the turns, each as a message; what this format cannot say is named by `lacksInChat`.
import { given } from "../admitting.ts";
import type { Call, CallField, ImagePart, Part, TextPart, ToolResultPart, Turn } from "../call.ts";

/** The first part of a call that chat completions has no words for. */
export function lacksInChat(call: Call): CallField | undefined {
  if (call.sampling.topK !== undefined) return "topK";
  if (!isPlainReasoning(call.reasoning)) return "reasoning";
  const parts = call.turns.flatMap((turn) => turn.parts);
  if (parts.some((part) => part.kind === "sealed" || (part.kind === "reasoning" && (part.seal ?? "") !== ""))) {
    return "reasoning";
  }
  if (parts.some((part) => part.kind === "tool-result" && part.parts.some(({ kind }) => kind === "image"))) {
    return "images";
  }
  return undefined;
}

/** An effort can be said, up to `xhigh`. Summaries cannot be asked for: only who takes what there is gets an answer. */
function isPlainReasoning(reasoning: Call["reasoning"]): boolean {
  if (reasoning === undefined) return true;
  const { effort, tokensMax, summary = "auto" } = reasoning;
  return effort !== "max" && tokensMax === undefined && (summary === "auto" || summary === "none");
}

/** The request's body; `model` is the server's name for it. A stream always asks for usage. */
export function renderChatCall(call: Call, model: string): object {
  const { sampling, tools } = call;
  return {
    model,
    messages: messagesOf(call),
    ...outputLimit(call),
    ...given("temperature", sampling.temperature),
    ...given("top_p", sampling.topP),
    ...given("presence_penalty", sampling.presencePenalty),
    ...given("frequency_penalty", sampling.frequencyPenalty),
    ...(call.choices === 1 ? {} : { n: call.choices }),
    ...given("seed", sampling.seed),
    ...(call.stop.length === 0 ? {} : { stop: call.stop }),
    ...(call.stream ? { stream: true, stream_options: { include_usage: true } } : {}),
    ...(tools.length === 0 ? {} : { tools: tools.map(toolOf) }),
    ...given("tool_choice", toolChoiceOf(call.toolChoice)),
    ...given("parallel_tool_calls", call.parallelToolCalls),
    ...given("response_format", outputOf(call.output)),
    ...given("reasoning_effort", call.reasoning?.effort),
    ...given("verbosity", call.verbosity),
    ...given("user", call.user),
  };
}

/** In the caller's spelling; else in the older one, which more servers know, but not those that take an effort. */
function outputLimit(call: Call): object {
  if (call.outputTokensMax === undefined) return {};
  const field = call.outputLimitField ?? (call.reasoning === undefined ? "max_tokens" : "max_completion_tokens");
  return { [field]: call.outputTokensMax };
}

function messagesOf({ preamble, instructions, turns }: Call): readonly object[] {
  const own = [preamble, instructions].filter((text) => text !== "");
  return [...own.map((content) => ({ role: "system", content })), ...turns.flatMap(messagesOfTurn)];
}

function messagesOfTurn(turn: Turn): readonly object[] {
  const { role, name, parts } = turn;
  switch (role) {
    case "system":
    case "developer":
    case "user":
      return [{ role, content: contentOf(parts), ...given("name", name) }];
    case "assistant":
      return [assistantMessage(turn)];
    case "tool":
      return parts.flatMap((part) =>
        part.kind === "tool-result" ? [{ role, content: resultOf(part), tool_call_id: part.id }] : [],
      );
  }
}

/** This format has no mark for a tool that failed: the text says it. */
function resultOf({ parts, isError }: ToolResultPart): string {
  return isError ? `Error: ${textOf(parts)}` : textOf(parts);
}

function contentOf(parts: readonly Part[]): string | readonly object[] {
  const shown = parts.filter((part) => part.kind === "text" || part.kind === "image");
  if (!shown.some(({ kind }) => kind === "image")) return textOf(parts);
  return shown.map((part) => (part.kind === "text" ? { type: "text", text: part.text } : imageOf(part)));
}

function imageOf({ mediaType, data, detail }: ImagePart): object {
  return { type: "image_url", image_url: { url: `data:${mediaType};base64,${data}`, ...given("detail", detail) } };
}

function assistantMessage({ name, parts }: Turn): object {
  const calls = parts.flatMap((part) =>
    part.kind === "tool-call"
      ? [{ id: part.id, type: "function", function: { name: part.name, arguments: part.arguments } }]
      : [],
  );
  const content = textOf(parts);
  const refusal = joined(parts, "refusal");
  const reasoning = joined(parts, "reasoning");
  return {
    role: "assistant",
    content: content === "" && (calls.length > 0 || refusal !== "") ? null : content,
    ...given("name", name),
    ...(refusal === "" ? {} : { refusal }),
    ...(reasoning === "" ? {} : { reasoning_content: reasoning }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
}

function textOf(parts: readonly Part[]): string {
  return joined(parts, "text");
}

function joined(parts: readonly Part[], kind: "text" | "refusal" | "reasoning"): string {
  return parts.flatMap((part) => (part.kind === kind && isText(part) ? [part.text] : [])).join("\n");
}

function isText(part: Part): part is Extract<Part, Pick<TextPart, "text">> {
  return "text" in part;
}

function toolOf({ name, description, schema, strict }: Call["tools"][number]): object {
  return {
    type: "function",
    function: {
      name,
      ...given("description", description),
      ...given("parameters", schema),
      ...given("strict", strict),
    },
  };
}

function toolChoiceOf(choice: Call["toolChoice"]): string | object | undefined {
  if (choice === undefined) return undefined;
  return choice.kind === "tool" ? { type: "function", function: { name: choice.name } } : choice.kind;
}

function outputOf(output: Call["output"]): object | undefined {
  switch (output?.kind) {
    case undefined:
      return undefined;
    case "text":
      return { type: "text" };
    case "json":
      return { type: "json_object" };
    case "json-schema": {
      const { kind: _kind, ...schema } = output;
      return { type: "json_schema", json_schema: schema };
    }
  }
}
