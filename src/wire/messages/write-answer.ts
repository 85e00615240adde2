// Whole answers, counts and errors in Anthropic's format, with every field that the official client's types name. Nothing
// of a server's answer leaves but what stands in ours. Source: Anthropic API reference; types of @anthropic-ai/sdk 1.12.
import { Failure } from "../../terms/failure.ts";
import type { ReceiptId } from "../../terms/ids.ts";
import type { Block, Choice, Ending, Usage, WholeAnswer } from "../answer.ts";
import type { AnswerContext, ErrorSaid } from "../format.ts";
import { parseJsonOrUndefined } from "../reading.ts";
import { isFrame } from "./frames.ts";
import { type Stop, stopOf } from "./stops.ts";

/** The body of a whole answer. Throws `upstream_failed` where a tool's arguments are no JSON object. */
export function writeWhole(answer: WholeAnswer & { readonly usage: Usage }, context: AnswerContext): object {
  const [choice] = answer.choices;
  const { blocks, ending }: Pick<Choice, "blocks" | "ending"> = choice ?? { blocks: [], ending: { finish: "refusal" } };
  const content = blocks.flatMap((block) => contentOf(block, ending));
  const hasTool = blocks.some(({ kind }) => kind === "tool");
  return messageOf(context, {
    content,
    stop: stopOf(withTools(ending, hasTool), context.id),
    usage: usageOf(answer.usage),
  });
}

interface MessageParts {
  readonly content: readonly object[];
  readonly stop: Stop;
  readonly usage: object;
}

/** A message as it stands in a whole answer and at the start of a stream. */
export function messageOf({ id, model }: AnswerContext, { content, stop, usage }: MessageParts): object {
  const head = { id: messageId(id), type: "message", role: "assistant", model };
  return { ...head, content, ...stop, container: null, diagnostics: null, usage };
}

function messageId(id: ReceiptId): string {
  return `msg_${id.slice("rcpt_".length)}`;
}

/** Clients of this format run tools at `tool_use` only; servers of others say `stop` after a tool that was demanded. */
export function withTools(ending: Ending, hasTool: boolean): Ending {
  return hasTool && ending.finish === "stop" ? { finish: "tool" } : ending;
}

function contentOf(block: Block, ending: Ending): readonly object[] {
  switch (block.kind) {
    case "text":
    case "refusal":
      return block.text === "" ? [] : [{ type: "text", text: block.text, citations: null }];
    case "reasoning":
      return [{ type: "thinking", thinking: block.text, signature: block.seal ?? "" }];
    case "sealed":
      return [{ type: "redacted_thinking", data: block.data }];
    case "tool": {
      const input = inputOf(block.arguments);
      // A call that the token limit cut off is none; in any other answer it is a fault of the server.
      if (input === undefined && ending.finish === "length") return [];
      if (input === undefined) throw new Failure("upstream_failed", "", { detail: { why: "tool_call" } });
      return [toolBlock(block, input)];
    }
  }
}

function inputOf(text: string): object | undefined {
  const value = text.trim() === "" ? {} : parseJsonOrUndefined(text);
  return isFrame(value) ? value : undefined;
}

export function toolBlock({ id, name }: { readonly id: string; readonly name: string }, input: object): object {
  return { type: "tool_use", id: id.replace(/^call_/, "toolu_"), name, input, caller: { type: "direct" } };
}

/** What a message counts. `input_tokens` leaves out what came from a cache, and what was written to one. */
export function usageOf(usage: Usage): object {
  return {
    ...deltaUsageOf(usage),
    cache_creation: null,
    inference_geo: null,
    service_tier: null,
    speed: null,
  };
}

/** What the end of a stream counts: totals, not increments. */
export function deltaUsageOf({ input, output, cachedInput = 0, cacheWritten = 0, reasoning }: Usage): object {
  return {
    input_tokens: Math.max(0, input - cachedInput - cacheWritten),
    cache_creation_input_tokens: cacheWritten,
    cache_read_input_tokens: cachedInput,
    output_tokens: output,
    output_tokens_details: reasoning === undefined ? null : { thinking_tokens: reasoning },
    server_tool_use: null,
  };
}

export function writeError({ message, code, reason, status, id, contact }: ErrorSaid): object {
  return { type: "error", error: { type: errorType(status), message, code, reason, id, contact }, request_id: id };
}

const errorTypes: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  409: "conflict_error",
  413: "request_too_large",
  429: "rate_limit_error",
  504: "timeout_error",
};

function errorType(status: number): string {
  return errorTypes[status] ?? (status < 500 ? "invalid_request_error" : "api_error");
}
