// A caller's chat completions request → Call. By allow-list; what comes out is built from what was checked, field by field.
import type { z } from "zod";
import { Failure } from "../../terms/failure.ts";
import { type Name, isName } from "../../terms/ids.ts";
import {
  type Building,
  admittedPart,
  given,
  invalidField,
  isBase64,
  put,
  shownField,
  unsupportedField,
} from "../admitting.ts";
import type { Call, ImagePart, OutputFormat, Part, Sampling, TextPart, Tool, ToolChoice, Turn } from "../call.ts";
import { isPlainRequest } from "./plain.ts";
import { ChatRequest, type Message, chatFields } from "./request.ts";

type Raw = Readonly<Record<string, unknown>>;

/** Messages name the field and what is admitted, never what the caller wrote in it. */
export function parseChatCall(raw: Raw): Call {
  const body = parseBody(raw);
  const call: Building<Call> = {
    model: modelOf(body.model),
    preamble: "",
    instructions: "",
    turns: body.messages.map(turnOf),
    tools: (body.tools ?? []).map(toolOf),
    sampling: samplingOf(body),
    choices: body.n ?? 1,
    stop: typeof body.stop === "string" ? [body.stop] : (body.stop ?? []),
    stream: body.stream ?? false,
    isUsageAsked: body.stream_options?.include_usage ?? false,
  };
  put(call, "toolChoice", toolChoiceOf(body.tool_choice));
  put(call, "parallelToolCalls", body.parallel_tool_calls);
  put(call, "output", outputOf(body.response_format));
  putOutputLimit(call, body);
  if (typeof body.reasoning_effort === "string") call.reasoning = { effort: body.reasoning_effort };
  put(call, "verbosity", body.verbosity);
  put(call, "user", userOf(body));
  return call;
}

function samplingOf(body: ChatRequest): Sampling {
  const sampling: Building<Sampling> = {};
  put(sampling, "temperature", body.temperature);
  put(sampling, "topP", body.top_p);
  put(sampling, "presencePenalty", body.presence_penalty);
  put(sampling, "frequencyPenalty", body.frequency_penalty);
  put(sampling, "seed", body.seed);
  return sampling;
}

/** `user` is the older name of `safety_identifier`, and the one that servers other than the maker's know. */
function userOf({ user, safety_identifier: identifier }: ChatRequest): string | null | undefined {
  if (typeof user === "string" && typeof identifier === "string" && user !== identifier) {
    throw invalidField("user", "Send user or safety_identifier, not both.");
  }
  return identifier ?? user;
}

function modelOf(text: string): Name {
  if (!isName(text)) throw new Failure("model_unknown", "There is no such model.");
  return text;
}

function parseBody(raw: Raw): ChatRequest {
  if (isPlainRequest(raw)) return raw;
  const known = admittedPart(raw, chatFields);
  const parsed = ChatRequest.safeParse(known);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw issue === undefined ? invalidField("", "The body of the request is not valid.") : failureOf(issue, known);
}

function failureOf(issue: z.core.$ZodIssue, body: Raw): Failure {
  const at = issue.path.map((key) => shownField(String(key)));
  const path = at.join(".");
  if (path.startsWith("messages.") && hasOtherPart(body, Number(issue.path[1]))) {
    return unsupportedField(path, "only text, and images where the model admits them, are read in messages");
  }
  // The name of a member that is not admitted is the caller's own word.
  if (issue.code === "unrecognized_keys") {
    const field = [...at, shownField(issue.keys[0] ?? "")].join(".");
    return invalidField(field, `The field \`${field}\` is not admitted.`);
  }
  return invalidField(path, `The field \`${path}\` is not valid: ${issue.message}.`);
}

const knownParts: ReadonlySet<unknown> = new Set(["text", "refusal", "image_url"]);

/** Whether the content of a message is a list with a part of another type, such as audio or a file. */
function hasOtherPart(body: Raw, at: number): boolean {
  const messages = body["messages"];
  const message: unknown = Array.isArray(messages) ? messages[at] : undefined;
  if (typeof message !== "object" || message === null || !("content" in message)) return false;
  const { content } = message;
  return Array.isArray(content) && content.some((part: unknown) => isTyped(part) && !knownParts.has(part.type));
}

function isTyped(part: unknown): part is { readonly type: string } {
  return typeof part === "object" && part !== null && "type" in part && typeof part.type === "string";
}

/** The caller's limit, in the caller's spelling. */
function putOutputLimit(call: Building<Call>, body: ChatRequest): void {
  const { max_tokens: older, max_completion_tokens: newer } = body;
  if (typeof older === "number" && typeof newer === "number") {
    throw invalidField("max_tokens", "Send max_tokens or max_completion_tokens, not both.");
  }
  const max = newer ?? older;
  if (typeof max !== "number") return;
  call.outputTokensMax = max;
  call.outputLimitField = typeof newer === "number" ? "max_completion_tokens" : "max_tokens";
}

function turnOf(message: Message, at: number): Turn {
  switch (message.role) {
    case "system":
    case "developer":
    case "user":
      return named({ role: message.role, parts: contentParts(message.content, at) }, message.name);
    case "assistant":
      return named({ role: "assistant", parts: assistantParts(message, at) }, message.name);
    case "tool": {
      const parts = contentParts(message.content, at).filter((part) => part.kind === "text");
      return { role: "tool", parts: [{ kind: "tool-result", id: message.tool_call_id, parts, isError: false }] };
    }
  }
}

function named(turn: Building<Turn>, name: string | null | undefined): Turn {
  put(turn, "name", name);
  return turn;
}

type Content = Extract<Message, { readonly role: "user" }>["content"];

function contentParts(content: Content, at: number): readonly (TextPart | ImagePart)[] {
  if (typeof content === "string") return textParts(content);
  const parts = content.map((part, place) =>
    part.type === "text" ? textPart(part.text) : imageOf(part.image_url, `messages.${at}.content.${place}`),
  );
  return joinTexts(parts);
}

function assistantParts(message: Extract<Message, { readonly role: "assistant" }>, at: number): readonly Part[] {
  const { content, refusal, reasoning_content: reasoning, tool_calls: calls } = message;
  const said = typeof content === "string" ? textParts(content) : (content ?? []).map(saidPart);
  if (typeof refusal === "string" && said.some(({ kind }) => kind === "refusal")) {
    throw invalidField(`messages.${at}.refusal`, "Send a refusal as a field or as a part, not both.");
  }
  return [
    ...(typeof reasoning === "string" && reasoning !== "" ? [{ kind: "reasoning", text: reasoning } as const] : []),
    ...joinTexts(said),
    ...(typeof refusal === "string" ? [{ kind: "refusal", text: refusal } as const] : []),
    ...(calls ?? []).map(
      (call) =>
        ({ kind: "tool-call", id: call.id, name: call.function.name, arguments: call.function.arguments }) as const,
    ),
  ];
}

type SaidPart = Exclude<NonNullable<Extract<Message, { readonly role: "assistant" }>["content"]>, string>[number];

function saidPart(part: SaidPart): Extract<Part, { readonly kind: "text" | "refusal" }> {
  return part.type === "text" ? textPart(part.text) : { kind: "refusal", text: part.refusal };
}

function textParts(text: string): readonly TextPart[] {
  return text === "" ? [] : [textPart(text)];
}

function textPart(text: string): TextPart {
  return { kind: "text", text };
}

/** Neighbouring texts become one, so that a word split over two parts is one for the safeguards and for the model. */
function joinTexts<P extends Part>(parts: readonly (P | TextPart)[]): readonly (P | TextPart)[] {
  const joined: (P | TextPart)[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (part.kind === "text" && last?.kind === "text") joined.splice(-1, 1, textPart(`${last.text}\n${part.text}`));
    else joined.push(part);
  }
  return joined;
}

const dataAddress = /^data:(image\/(?:png|jpeg|gif|webp));base64,/;
const mediaTypes: Readonly<Record<string, ImagePart["mediaType"]>> = {
  "image/png": "image/png",
  "image/jpeg": "image/jpeg",
  "image/gif": "image/gif",
  "image/webp": "image/webp",
};

interface ImageAddress {
  readonly url: string;
  readonly detail?: "auto" | "low" | "high" | null | undefined;
}

function imageOf({ url, detail }: ImageAddress, field: string): ImagePart {
  const head = dataAddress.exec(url);
  const mediaType = mediaTypes[head?.[1] ?? ""];
  if (head === null || mediaType === undefined) {
    throw unsupportedField(
      field,
      "an image is sent within the request, as a data address of type png, jpeg, gif or webp in base64; " +
        "what lies at any other address can change after it was checked",
    );
  }
  const data = url.slice(head[0].length);
  if (data === "" || !isBase64(data)) throw invalidField(field, `The field \`${field}\` is not base64.`);
  return { kind: "image", mediaType, data, ...given("detail", detail) };
}

function toolOf({
  function: { name, description, parameters, strict },
}: NonNullable<ChatRequest["tools"]>[number]): Tool {
  return { name, ...given("description", description), ...given("schema", parameters), ...given("strict", strict) };
}

function toolChoiceOf(choice: ChatRequest["tool_choice"]): ToolChoice | undefined {
  if (choice === null || choice === undefined) return undefined;
  return typeof choice === "string" ? { kind: choice } : { kind: "tool", name: choice.function.name };
}

function outputOf(format: ChatRequest["response_format"]): OutputFormat | undefined {
  switch (format?.type) {
    case undefined:
      return undefined;
    case "text":
      return { kind: "text" };
    case "json_object":
      return { kind: "json" };
    case "json_schema": {
      const { name, description, schema, strict } = format.json_schema;
      return {
        kind: "json-schema",
        name,
        ...given("description", description),
        ...given("schema", schema),
        ...given("strict", strict),
      };
    }
  }
}
