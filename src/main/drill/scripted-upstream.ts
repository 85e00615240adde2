// The drill's stand-in for a model: it answers from a script and counts how often it was asked. It is named so wherever
// the drill reports, because what it says shows nothing of any model; that it was asked at all is what counts.
import { setTimeout as sleep } from "node:timers/promises";
import type { ChatChunk, ChatCompletion } from "../../upstream/chat.ts";
import type { Upstream } from "../../upstream/upstream.ts";

export interface ScriptedUpstream {
  readonly open: () => Promise<Upstream>;
  /** Requests so far. */
  readonly asked: () => number;
}

const answer = "I cannot help with that. This is a scripted answer of the drill, not a model's.";
const words = ["The", "keeper", "opens", "the", "lock", "and", "the", "boats", "go", "through", "one", "by", "one."];
/** A stream goes on for longer than any attempt watches it. */
const streamWordsMax = 4_000;
const wordMs = 5;

export function scriptUpstream(): ScriptedUpstream {
  let asked = 0;
  const upstream: Upstream = {
    complete: async () => {
      asked += 1;
      return completion();
    },
    stream: (_body, signal) => {
      asked += 1;
      return chunks(signal);
    },
    measure: async () => ({}),
    health: async () => ({ kind: "up" }),
    close: async () => undefined,
  };
  return { open: async () => upstream, asked: () => asked };
}

function completion(): ChatCompletion {
  return {
    id: "scripted",
    created: 0,
    choices: [{ index: 0, message: { role: "assistant", content: answer }, finish_reason: "stop" }],
    usage: { prompt_tokens: 8, completion_tokens: 16, total_tokens: 24 },
  };
}

async function* chunks(signal: AbortSignal): AsyncGenerator<ChatChunk, void, void> {
  for (let at = 0; at < streamWordsMax; at++) {
    signal.throwIfAborted();
    yield chunk(`${words[at % words.length] ?? ""} `, null);
    await sleep(wordMs, undefined, { signal });
  }
  yield chunk("", "stop");
}

function chunk(content: string, finish: "stop" | null): ChatChunk {
  return { id: "scripted", created: 0, choices: [{ index: 0, delta: { content }, finish_reason: finish }] };
}
