// Call → the body of a chat completions request, for a server that speaks it. The document's own words come first, then the
// caller's instructions, then the turns, each as a message; what this format cannot say is named by `lacksInChat`.
import { given, put } from "../admitting.ts";
import type { Call, CallField, ImagePart, Part, TextPart, ToolResultPart, Turn } from "../call.ts";

/** The first part of a call that chat completions has no words for. */
export function lacksInChat(call: Call): CallField | undefined {
  if (call.sampling.topK !== undefined) return "topK";
  if (!isPlainReasoning(call.reasoning)) return "reasoning";
  if (has(call, (part) => part.kind === "sealed" || (part.kind === "reasoning" && (part.seal ?? "") !== ""))) {
    return "reasoning";
  }
  if (has(call, (part) => part.kind === "tool-result" && part.parts.some(({ kind }) => kind === "image"))) {
    return "images";
  }
  return undefined;
}

function has({ turns }: Call, is: (part: Part) => boolean): boolean {
  return turns.some(({ parts }) => parts.some(is));
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
  const body: Record<string, unknown> = { model, messages: messagesOf(call) };
  put(body, outputLimitField(call), call.outputTokensMax);
  put(body, "temperature", sampling.temperature);
  put(body, "top_p", sampling.topP);
  put(body, "presence_penalty", sampling.presencePenalty);
  put(body, "frequency_penalty", sampling.frequencyPenalty);
  if (call.choices !== 1) body["n"] = call.choices;
  put(body, "seed", sampling.seed);
  if (call.stop.length > 0) body["stop"] = call.stop;
  if (call.stream) Object.assign(body, { stream: true, stream_options: { include_usage: true } });
  if (tools.length > 0) body["tools"] = tools.map(toolOf);
  put(body, "tool_choice", toolChoiceOf(call.toolChoice));
  put(body, "parallel_tool_calls", call.parallelToolCalls);
  put(body, "response_format", outputOf(call.output));
  put(body, "reasoning_effort", call.reasoning?.effort);
  put(body, "verbosity", call.verbosity);
  put(body, "user", call.user);
  return body;
}

/** In the caller's spelling; else in the older one, which more servers know, but not those that take an effort. */
function outputLimitField(call: Call): string {
  return call.outputLimitField ?? (call.reasoning === undefined ? "max_tokens" : "max_completion_tokens");
}

function messagesOf({ preamble, instructions, turns }: Call): readonly object[] {
  const messages: object[] = [];
  for (const content of [preamble, instructions]) if (content !== "") messages.push({ role: "system", content });
  for (const turn of turns) messages.push(...messagesOfTurn(turn));
  return messages;
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
  const [only] = parts;
  if (parts.length === 1 && only?.kind === "text") return only.text;
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
