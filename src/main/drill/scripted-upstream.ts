// The drill's stand-in for a model: it answers from a script and counts how often it was asked. It is named so wherever
// the drill reports, because what it says shows nothing of any model; that it was asked at all is what counts.
import { setTimeout as sleep } from "node:timers/promises";
import { abandoned } from "../../upstream/exchange-request.ts";
import type { StopSignal } from "../../upstream/stop.ts";
import type { AnswerStream, Upstream } from "../../upstream/upstream.ts";
import type { AnswerEvent, WholeAnswer } from "../../wire/answer.ts";

export interface ScriptedUpstream {
  readonly open: () => Promise<Upstream>;
  /** Requests so far. */
  readonly asked: () => number;
}

const answer = "I cannot help with that. This is a scripted answer of the drill, not a model's.";
const words = ["The", "keeper", "opens", "the", "lock", "and", "the", "boats", "go", "through", "one", "by", "one."];
const wordMs = 5;

/** A stream goes on for longer than any attempt watches it. */
export function scriptUpstream(streamWordsMax = 4_000): ScriptedUpstream {
  let asked = 0;
  const upstream: Upstream = {
    lacks: () => undefined,
    complete: async () => {
      asked += 1;
      return wholeAnswer();
    },
    stream: (_call, signal) => {
      asked += 1;
      return streamOf(events(signal, streamWordsMax));
    },
    measure: async () => ({}),
    health: async () => ({ kind: "up" }),
    close: async () => undefined,
  };
  return { open: async () => upstream, asked: () => asked };
}

function wholeAnswer(): WholeAnswer {
  return {
    choices: [{ index: 0, blocks: [{ kind: "text", text: answer }], ending: { finish: "stop" } }],
    usage: { input: 8, output: 16 },
  };
}

function streamOf(source: AsyncGenerator<AnswerEvent, void, void>): AnswerStream {
  let step: IteratorResult<AnswerEvent, void> | { readonly error: unknown } | undefined;
  return {
    take: () => {
      const taken = step;
      step = undefined;
      if (taken === undefined) return undefined;
      if ("error" in taken) throw taken.error;
      return taken.done === true ? "end" : [taken.value];
    },
    wait: async () => {
      step = await source.next().catch((error: unknown) => ({ error }));
    },
    close: () => void source.return(),
  };
}

async function* events(signal: StopSignal, wordsMax: number): AsyncGenerator<AnswerEvent, void, void> {
  const place = { choice: 0, block: 0 };
  yield { ...place, kind: "open", as: "text" };
  for (let at = 0; at < wordsMax; at++) {
    if (signal.aborted) throw abandoned(signal);
    yield { ...place, kind: "text", text: `${words[at % words.length] ?? ""} ` };
    await sleep(wordMs);
  }
  yield { ...place, kind: "close" };
  yield { kind: "finish", choice: 0, ending: { finish: "stop" } };
}
