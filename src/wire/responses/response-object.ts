// The Response object as the official SDK's type demands it: in the whole answer, and three times in a stream. What the
// caller asked is echoed from the call that was admitted; nothing comes from the server's own object.
import type { Ending, Usage } from "../answer.ts";
import type { Call } from "../call.ts";
import type { AnswerContext, ErrorSaid } from "../format.ts";
import { choiceOf, formatOf, toolsOf } from "./render-call.ts";

/** The object's part that changes while an answer is made. */
export interface ResponseState {
  readonly status: "in_progress" | "completed" | "incomplete" | "failed";
  readonly output: readonly object[];
  readonly usage: Usage | undefined;
  readonly incomplete: "max_output_tokens" | "content_filter" | null;
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** How an answer ended, in this format's words. A full context is a limit met, and so is a turn that was not finished. */
export function endState({ finish }: Ending): Pick<ResponseState, "status" | "incomplete"> {
  switch (finish) {
    case "stop":
    case "tool":
      return { status: "completed", incomplete: null };
    case "refusal":
      return { status: "incomplete", incomplete: "content_filter" };
    case "length":
    case "context":
    case "pause":
      return { status: "incomplete", incomplete: "max_output_tokens" };
  }
}

export function responseObject(context: AnswerContext, state: ResponseState): object {
  const { created } = context;
  const { status, output, usage, incomplete, error } = state;
  return {
    id: `resp_${idTail(context)}`,
    object: "response",
    created_at: created,
    status,
    completed_at: status === "completed" ? created : null,
    error,
    incomplete_details: incomplete === null ? null : { reason: incomplete },
    model: context.model,
    output,
    ...echoOf(context.call),
    ...unusedHere,
    usage: usage === undefined ? null : usageObject(usage),
  };
}

/** What this format has room for and is not offered. */
const unusedHere = {
  access_programs: null,
  background: false,
  max_tool_calls: null,
  metadata: {},
  previous_response_id: null,
  prompt_cache_key: null,
  service_tier: "default",
  store: false,
  top_logprobs: 0,
  truncation: "disabled",
} as const;

function echoOf(call: Call): object {
  const { sampling } = call;
  return {
    instructions: call.instructions === "" ? null : call.instructions,
    max_output_tokens: call.outputTokensMax ?? null,
    parallel_tool_calls: call.parallelToolCalls ?? true,
    reasoning: { effort: null, summary: null, ...call.reasoning },
    safety_identifier: call.user ?? null,
    temperature: sampling.temperature ?? 1,
    text: { format: formatOf(call.output) ?? { type: "text" }, verbosity: call.verbosity ?? "medium" },
    tool_choice: choiceOf(call) ?? "auto",
    tools: toolsOf(call.tools),
    top_p: sampling.topP ?? 1,
  };
}

/** What ids of one answer have in common. */
export function idTail({ id }: AnswerContext): string {
  return id.slice("rcpt_".length);
}

function usageObject({ input, output, cachedInput, cacheWritten, reasoning }: Usage): object {
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cachedInput ?? 0, cache_write_tokens: cacheWritten ?? 0 },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: reasoning ?? 0 },
    total_tokens: input + output,
  };
}

/** The closed words of `error.code` that fit; what really happened stands in the error event beside it. */
export function errorObject({ status, message }: ErrorSaid): ResponseState["error"] {
  if (status === 429) return { code: "rate_limit_exceeded", message };
  return { code: status >= 500 ? "server_error" : "invalid_prompt", message };
}
