// What nearly every request and answer of this format looks like, recognised by hand: checking one against its shape costs
// more than all else that is done with it. Whatever is said yes to here, the shapes (request.ts, answer-shapes.ts) would take
// unchanged but for fields that nobody reads; all else they are asked about. A test holds the two against each other.
import type { Chunk, Completion } from "./answer-shapes.ts";
import type { ChatRequest } from "./request.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Texts only, without tools: everything in it is what `ChatRequest` admits, and nothing else is in it. */
export function isPlainRequest(body: Fields): body is ChatRequest {
  const { model, messages } = body;
  if (typeof model !== "string" || model.length > 256 || !Array.isArray(messages)) return false;
  if (messages.length === 0 || messages.length > 4_096 || !messages.every(isPlainMessage)) return false;
  for (const field in body) {
    if (field !== "model" && field !== "messages" && !isPlainField(field, body[field])) return false;
  }
  return true;
}

const counts: ReadonlySet<string> = new Set(["max_tokens", "max_completion_tokens", "n"]);
const numbers: ReadonlySet<string> = new Set(["temperature", "top_p", "presence_penalty", "frequency_penalty"]);

function isPlainField(field: string, value: unknown): boolean {
  if (counts.has(field)) return isCount(value) && value > 0;
  if (numbers.has(field)) return Number.isFinite(value);
  if (field === "stream") return typeof value === "boolean";
  if (field !== "stream_options" || !isFields(value)) return false;
  return Object.keys(value).length === 1 && typeof value["include_usage"] === "boolean";
}

function isPlainMessage(message: unknown): boolean {
  if (!isFields(message) || typeof message["content"] !== "string" || Object.keys(message).length !== 2) return false;
  const { role } = message;
  return role === "user" || role === "assistant" || role === "system" || role === "developer";
}

/** A whole answer without tool calls. */
export function isPlainCompletion(value: unknown): value is Completion {
  if (!isFields(value) || !isPlainUsage(value["usage"])) return false;
  const { choices } = value;
  return Array.isArray(choices) && choices.length > 0 && choices.length <= 4 && choices.every(isPlainChoice);
}

function isPlainChoice(choice: unknown): boolean {
  if (!isFields(choice) || !isCount(choice["index"]) || !isEnding(choice["finish_reason"])) return false;
  const { message } = choice;
  return isFields(message) && message["role"] === "assistant" && isSpoken(message);
}

/** A frame of a stream without tool calls. */
export function isPlainChunk(value: unknown): value is Chunk {
  if (!isFields(value) || !isPlainUsage(value["usage"])) return false;
  const { choices } = value;
  return Array.isArray(choices) && choices.length <= 4 && choices.every(isPlainPiece);
}

function isPlainPiece(choice: unknown): boolean {
  if (!isFields(choice) || !isCount(choice["index"]) || choice["index"] > 3) return false;
  const { delta, finish_reason: ending } = choice;
  if (!isNothing(ending) && !isEnding(ending)) return false;
  if (isNothing(delta)) return true;
  return isFields(delta) && (isNothing(delta["role"]) || delta["role"] === "assistant") && isSpoken(delta);
}

function isSpoken({ content, refusal, reasoning_content: thought, reasoning, tool_calls: calls }: Fields): boolean {
  if (!isTextOrNothing(thought) || !isTextOrNothing(reasoning)) return false;
  return isTextOrNothing(content) && isTextOrNothing(refusal) && isNothing(calls);
}

function isPlainUsage(usage: unknown): boolean {
  if (isNothing(usage)) return true;
  if (!isFields(usage) || !isCount(usage["prompt_tokens"]) || !isCount(usage["completion_tokens"])) return false;
  return isNothing(usage["prompt_tokens_details"]) && isNothing(usage["completion_tokens_details"]);
}

function isEnding(word: unknown): boolean {
  return word === "stop" || word === "length" || word === "tool_calls" || word === "content_filter";
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isTextOrNothing(value: unknown): boolean {
  return typeof value === "string" || isNothing(value);
}

function isNothing(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
