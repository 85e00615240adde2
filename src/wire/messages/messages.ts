// Anthropic's Messages API, 2023-06-01: as a format for callers and as a dialect of model servers.
import type { Dialect, Format } from "../format.ts";
import { parseCall, parseCount } from "./parse-call.ts";
import { MessagesReader, readCount, readWhole } from "./read-answer.ts";
import { lacks, renderCall, renderCount } from "./render-call.ts";
import { writeError, writeWhole } from "./write-answer.ts";
import { MessagesWriter } from "./write-stream.ts";

export const messagesFormat: Format = {
  name: "messages",
  fields: {
    model: "model",
    instructions: "system",
    turns: "messages",
    tools: "tools",
    toolChoice: "tool_choice",
    parallelToolCalls: "tool_choice.disable_parallel_tool_use",
    output: "output_config.format",
    outputTokensMax: "max_tokens",
    temperature: "temperature",
    topP: "top_p",
    topK: "top_k",
    presencePenalty: "presence_penalty",
    frequencyPenalty: "frequency_penalty",
    seed: "seed",
    choices: "n",
    stop: "stop_sequences",
    reasoning: "thinking",
    verbosity: "verbosity",
    images: "messages",
    user: "metadata.user_id",
  },
  policyBlock: "refusal",
  parseCall,
  whole: writeWhole,
  stream: (context) => new MessagesWriter(context),
  error: writeError,
};

/** POST /v1/messages/count_tokens: errors and fields as in a call; its answer is not one of a call. */
export const countFormat: Format = { ...messagesFormat, policyBlock: "error", parseCall: parseCount };

export const messagesDialect: Dialect = {
  name: "anthropic-messages",
  path: "/messages",
  headers: (key) => ({ "anthropic-version": "2023-06-01", ...(key === undefined ? {} : { "x-api-key": key }) }),
  lacks,
  body: renderCall,
  readWhole,
  reader: (call) => new MessagesReader(call),
  count: { path: "/messages/count_tokens", body: renderCount, read: readCount },
};
