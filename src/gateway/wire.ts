// The chat completions wire format on the way out: error bodies, events of a stream, usage, tool calls. Only what is
// built here leaves; nothing of an upstream's frame is passed on as it came.
import type { ReceiptId } from "../terms/ids.ts";
import { Failure } from "../terms/failure.ts";
import type { Usage } from "../upstream/chat.ts";
import type { Exchange } from "./exchange.ts";
import type { Refusal } from "./refusals.ts";

export interface ErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: null;
    readonly code: string;
    readonly reason: string | null;
    readonly id: ReceiptId;
    readonly contact: string;
  };
}

export function errorBody(refusal: Refusal, id: ReceiptId, contact: string): ErrorBody {
  const { message, type, code, reason } = refusal;
  return { error: { message, type, param: null, code, reason, id, contact } };
}

export function errorHeaders(refusal: Refusal): Record<string, string> {
  return {
    ...(refusal.canRetry ? {} : { "x-should-retry": "false" }),
    ...(refusal.retryAfterSeconds === undefined ? {} : { "retry-after": String(refusal.retryAfterSeconds) }),
  };
}

/** One server-sent event. */
export function eventOf(value: unknown): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}

/** A comment: keeps a connection alive, or carries a receipt; clients read over it. */
export function commentOf(text: string): string {
  return `: ${text}\n\n`;
}

export const doneEvent = "data: [DONE]\n\n";

/** Characters of text that make a token, about; used where an upstream does not count. */
const charsPerToken = 4;

/** What the upstream counted, or an estimate from the lengths of the texts. */
export function usageOf(exchange: Exchange, counted: Usage | undefined, answer: string): Usage {
  if (counted !== undefined) return counted;
  const prompt = Math.ceil(JSON.stringify(exchange.body.messages).length / charsPerToken);
  const completion = Math.ceil(answer.length / charsPerToken);
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}

interface UpstreamCall {
  readonly function: { readonly name: string; readonly arguments: string };
}

/** Tool calls with ids of ours: an id is text of the upstream's choosing that no safeguard reads. */
export function toolCallsOf(calls: readonly UpstreamCall[], exchange: Exchange): object[] {
  return calls.map((call, at) => ({
    id: toolCallId(exchange, at),
    type: "function",
    function: { name: declaredTool(call.function.name, exchange), arguments: call.function.arguments },
  }));
}

export function toolCallId(exchange: Exchange, at: number): string {
  return `call_${exchange.id.slice("rcpt_".length)}_${at}`;
}

/** The name of a tool that the caller declared; any other is a failure of the upstream. */
export function declaredTool(name: string, exchange: Exchange): string {
  const isDeclared = exchange.body.tools?.some((tool) => tool.function.name === name) === true;
  if (isDeclared) return name;
  throw new Failure("upstream_failed", "", { detail: { why: "undeclared_tool" } });
}
