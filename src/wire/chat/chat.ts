// Chat completions in both directions: the format that callers speak, and the dialect of servers that speak it.
// Source: OpenAI API reference, chat completions.
import type { Dialect, Format } from "../format.ts";
import { parseChatCall } from "./parse-call.ts";
import { ChatReader, readWholeChat } from "./read-answer.ts";
import { lacksInChat, renderChatCall } from "./render-call.ts";
import { ChatWriter, chatError, wholeChat } from "./write-answer.ts";

export const chatFormat: Format = {
  name: "chat",
  fields: {
    model: "model",
    instructions: "messages",
    turns: "messages",
    tools: "tools",
    toolChoice: "tool_choice",
    parallelToolCalls: "parallel_tool_calls",
    output: "response_format",
    outputTokensMax: "max_completion_tokens",
    temperature: "temperature",
    topP: "top_p",
    topK: "top_k",
    presencePenalty: "presence_penalty",
    frequencyPenalty: "frequency_penalty",
    seed: "seed",
    choices: "n",
    stop: "stop",
    reasoning: "reasoning_effort",
    verbosity: "verbosity",
    images: "messages",
    user: "user",
  },
  policyBlock: "error",
  parseCall: parseChatCall,
  whole: wholeChat,
  stream: (context) => new ChatWriter(context),
  error: chatError,
};

export const chatDialect: Dialect = {
  name: "openai-chat",
  path: "/chat/completions",
  headers: (key): Readonly<Record<string, string>> => (key === undefined ? {} : { authorization: `Bearer ${key}` }),
  lacks: lacksInChat,
  body: renderChatCall,
  readWhole: readWholeChat,
  reader: (call) => new ChatReader(call),
};
