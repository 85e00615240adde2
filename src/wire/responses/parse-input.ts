// The input of a Responses request: a text, or items, made into turns. Items of one answer (reasoning, message, calls)
// become one assistant's turn, so that servers that know only messages get one message. Ids and states of items are the
// caller's bookkeeping: read over, never sent on.
import { z } from "zod";
import { given, idPattern, invalidField, isBase64, unsupportedField } from "../admitting.ts";
import { type ImagePart, type Part, type TextPart, type Turn, groupedName } from "../call.ts";
import { sealPattern } from "../answer.ts";
import { expectShape } from "./fields.ts";
import { reasoningBreak } from "./read-answer.ts";

const itemsMax = 8_192;
const partsMax = 1_024;

export const Input = z.union([z.string(), z.array(z.unknown()).min(1).max(itemsMax)], {
  error: "is a text or a list of items",
});
export type Input = z.infer<typeof Input>;

const Status = z.enum(["in_progress", "completed", "incomplete"]).nullish();
const ItemId = z.string().max(128).nullish();
const CallId = z.string().regex(idPattern, "is not an id: letters, digits and _ . : - only");
export const ToolName = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,128}$/, "is not the name of a tool: letters, digits, _ and - only");

/** Marks for a prompt cache, which is off here: read over. */
const cacheMark = { prompt_cache_breakpoint: z.unknown().optional() };
const none = z.array(z.unknown()).max(0).nullish();

const InputText = z.strictObject({ type: z.literal("input_text"), text: z.string(), ...cacheMark });
const InputImage = z.strictObject({
  type: z.literal("input_image"),
  image_url: z.string().nullish(),
  file_id: z.string().nullish(),
  detail: z.enum(["auto", "low", "high"]).nullish(),
  ...cacheMark,
});
/** `parsed` is what the official client adds to the answers it gives. */
const OutputText = z.strictObject({
  type: z.literal("output_text"),
  text: z.string(),
  annotations: none,
  logprobs: none,
  parsed: z.unknown().optional(),
});
const RefusalPart = z.strictObject({ type: z.literal("refusal"), refusal: z.string() });

const Message = z.strictObject({
  type: z.literal("message").optional(),
  role: z.enum(["system", "developer", "user", "assistant"]),
  content: z.union([z.string(), z.array(z.unknown()).max(partsMax)], { error: "is a text or a list of parts" }),
  id: ItemId,
  status: Status,
  phase: z.enum(["commentary", "final_answer"]).nullish(),
});
const FunctionCall = z.strictObject({
  type: z.literal("function_call"),
  call_id: CallId,
  name: ToolName,
  namespace: ToolName.nullish(),
  arguments: z.string(),
  id: ItemId,
  status: Status,
  async: z.literal(false).nullish(),
  caller: z.strictObject({ type: z.literal("direct") }).nullish(),
  parsed_arguments: z.unknown().optional(),
});
const FunctionCallOutput = z.strictObject({
  type: z.literal("function_call_output"),
  call_id: CallId,
  output: z.union([z.string(), z.array(z.unknown()).max(partsMax)], { error: "is a text or a list of parts" }),
  id: ItemId,
  status: Status,
  caller: z.strictObject({ type: z.literal("direct") }).nullish(),
  name: ToolName.nullish(),
  namespace: ToolName.nullish(),
});
const ReasoningText = z.strictObject({ type: z.enum(["reasoning_text", "text"]), text: z.string() });
const SummaryText = z.strictObject({ type: z.literal("summary_text"), text: z.string() });
const ReasoningItem = z.strictObject({
  type: z.literal("reasoning"),
  id: ItemId,
  summary: z.array(SummaryText).max(partsMax).nullish(),
  content: z.array(ReasoningText).max(partsMax).nullish(),
  encrypted_content: z.string().regex(sealPattern, "is no ciphertext: base64, at most 65536 characters").nullish(),
  status: Status,
});

/** Items that are not admitted because of what they are, and why. */
const otherItems: Readonly<Record<string, string>> = {
  item_reference:
    "it names an item stored at the model server, and none is; have the client send `store: false`, and whole items",
  compaction: "it is sealed text in place of a conversation, which the safeguards cannot read",
  compaction_trigger: "it changes the conversation after it was checked",
  additional_tools: "it adds tools after they were checked",
};

/** What a caller sent as input, in turns. Throws where it ends with the assistant's words: an answer is not prefilled. */
export function turnsOf(input: Input): readonly Turn[] {
  const turns =
    typeof input === "string"
      ? [{ role: "user", parts: [{ kind: "text", text: input }] } as const]
      : merged(input.map((item, index) => turnOf(item, `input.${index}`)));
  if (turns.at(-1)?.role === "assistant") {
    throw unsupportedField(
      "input",
      "the last item may not be the assistant's: a prefilled answer is not what was evaluated",
    );
  }
  return turns;
}

function turnOf(item: unknown, at: string): Turn {
  const kind = typeOf(item) ?? "message";
  switch (kind) {
    case "message":
      return messageTurn(expectShape(Message, item, at), at);
    case "function_call":
      return callTurn(expectShape(FunctionCall, item, at));
    case "function_call_output":
      return outputTurn(expectShape(FunctionCallOutput, item, at), at);
    case "reasoning":
      return reasoningTurn(expectShape(ReasoningItem, item, at));
    default: {
      const why =
        otherItems[kind] ?? "only messages, reasoning, function calls and their outputs are read by the safeguards";
      throw unsupportedField(`${at}.type`, why);
    }
  }
}

function typeOf(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || !("type" in value)) return undefined;
  return typeof value.type === "string" ? value.type : undefined;
}

function messageTurn({ role, content, phase }: z.infer<typeof Message>, at: string): Turn {
  const parts: readonly Part[] =
    typeof content === "string"
      ? [{ kind: "text", text: content }]
      : content.map((part, index) => messagePart(part, role, `${at}.content.${index}`));
  if (role !== "assistant") return { role, parts: joinTexts(parts) };
  const phased = parts.map((part) => (part.kind === "text" ? { ...part, ...given("phase", phase) } : part));
  return { role, parts: joinTexts(phased) };
}

function messagePart(part: unknown, role: Turn["role"], at: string): Part {
  const kind = typeOf(part);
  if (role === "assistant" && kind === "output_text") {
    return { kind: "text", text: expectShape(OutputText, part, at).text };
  }
  if (role === "assistant" && kind === "refusal") {
    return { kind: "refusal", text: expectShape(RefusalPart, part, at).refusal };
  }
  if (role === "user") return inputPart(part, at);
  if (kind === "input_text" || kind === undefined) {
    return { kind: "text", text: expectShape(InputText, part, at).text };
  }
  throw unsupportedField(`${at}.type`, "this role has parts of text only");
}

function inputPart(part: unknown, at: string): TextPart | ImagePart {
  switch (typeOf(part)) {
    case undefined:
    case "input_text":
      return { kind: "text", text: expectShape(InputText, part, at).text };
    case "input_image":
      return imagePart(expectShape(InputImage, part, at), at);
    default:
      throw unsupportedField(`${at}.type`, "only parts of type input_text and input_image are admitted");
  }
}

/** A picture in the request itself; what lies behind an address or a file's id changes after it was checked. */
function imagePart(image: z.infer<typeof InputImage>, at: string): ImagePart {
  if (typeof image.file_id === "string")
    throw unsupportedField(`${at}.file_id`, "files stored elsewhere are not read here");
  const found = /^data:(image\/(?:png|jpeg|gif|webp));base64,/.exec(image.image_url ?? "");
  const [head = "", mediaType] = found ?? [];
  const data = (image.image_url ?? "").slice(head.length);
  if (data === "" || !isBase64(data) || !isMediaType(mediaType)) {
    throw unsupportedField(
      `${at}.image_url`,
      "pictures are sent in the request itself, as data:image/png;base64,… (or jpeg, gif, webp)",
    );
  }
  return { kind: "image", mediaType, data, ...given("detail", image.detail) };
}

const mediaTypes: readonly ImagePart["mediaType"][] = ["image/png", "image/jpeg", "image/gif", "image/webp"];

function isMediaType(text: string | undefined): text is ImagePart["mediaType"] {
  return mediaTypes.some((known) => known === text);
}

function callTurn(call: z.infer<typeof FunctionCall>): Turn {
  const name = groupedName(call.namespace ?? undefined, call.name);
  return { role: "assistant", parts: [{ kind: "tool-call", id: call.call_id, name, arguments: call.arguments }] };
}

function outputTurn({ call_id: id, output }: z.infer<typeof FunctionCallOutput>, at: string): Turn {
  const parts: readonly (TextPart | ImagePart)[] =
    typeof output === "string"
      ? [{ kind: "text", text: output }]
      : joinTexts(output.map((part, index) => inputPart(part, `${at}.output.${index}`)));
  return { role: "tool", parts: [{ kind: "tool-result", id, parts, isError: false }] };
}

/** What the model thought, as the caller was shown it: the summary where there is one, else the text itself. */
function reasoningTurn({ summary, content, encrypted_content: seal }: z.infer<typeof ReasoningItem>): Turn {
  const shown = (summary ?? []).length > 0 ? (summary ?? []) : (content ?? []);
  const text = shown.map((part) => part.text).join(reasoningBreak);
  const isSealed = text === "" && seal !== undefined && seal !== null;
  const part: Part = isSealed ? { kind: "sealed", data: seal } : { kind: "reasoning", text, ...given("seal", seal) };
  return { role: "assistant", parts: [part] };
}

function merged(turns: readonly Turn[]): readonly Turn[] {
  const all: Turn[] = [];
  let said: Part[] | undefined;
  // An answer of thousands of items is put together once, at its end.
  const endAnswer = (): void => {
    if (said !== undefined) all.push({ role: "assistant", parts: joinTexts(said) });
    said = undefined;
  };
  for (const turn of turns) {
    if (turn.role === "assistant") (said ??= []).push(...turn.parts);
    else {
      endAnswer();
      all.push(turn);
    }
  }
  endAnswer();
  return all;
}

/** Neighbouring texts of one phase become one, so that a word split over two parts is one word for the safeguards and for the model. */
function joinTexts<P extends Part>(parts: readonly P[]): readonly (P | TextPart)[] {
  const all: (P | TextPart)[] = [];
  for (const part of parts) {
    const last = all.at(-1);
    if (last?.kind === "text" && part.kind === "text" && last.phase === part.phase) {
      all[all.length - 1] = { ...last, text: `${last.text}\n${part.text}` };
    } else all.push(part);
  }
  return all;
}

/** Refuses two calls of one id: their outputs could not be told apart. */
export function expectDistinctCalls(turns: readonly Turn[]): void {
  const ids = turns.flatMap(({ parts }) => parts.flatMap((part) => (part.kind === "tool-call" ? [part.id] : [])));
  if (new Set(ids).size !== ids.length)
    throw invalidField("input", "Two function calls of the input have the same call_id.");
}
