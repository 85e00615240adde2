// Answers in a form in which a recorded one and the gateway's can be compared event by event. What is another by design is
// made equal here, and nothing else: ids and times, pings, where one text is cut into pieces, empty pieces, snapshots of
// what was streamed, parts of one summary (joined), no arguments of a tool (`{}`), a block that a server leaves open at the
// end (closed), the state of an item in a finished answer, counts (added up as clients do), and what echoes
// the request, a start that is said twice.
import { z } from "zod";
import type { Dialect } from "./fixture-files.ts";

type Frame = Readonly<Record<string, unknown>>;

/** One step of an answer: what it is and where, and its text, which grows with the next step of the same. */
export interface Step {
  readonly at: string;
  readonly text: string;
}

export function stepsOf(dialect: Dialect, isStream: boolean, frames: readonly Frame[]): readonly Step[] {
  const steps = numbered(frames).flatMap((frame) => (isStream ? readers[dialect](frame) : wholes[dialect](frame)));
  const tokens = usageStep(dialect, frames);
  return [...merged(steps), ...(tokens === undefined ? [] : [tokens])];
}

/** Items of Responses counted from 0 without gaps: recordings have gaps where something was cut out. */
function numbered(frames: readonly Frame[]): readonly Frame[] {
  const seen = new Map<unknown, number>();
  return frames.map((frame) => {
    const { output_index: index } = frame;
    if (index === undefined) return frame;
    seen.set(index, seen.get(index) ?? seen.size);
    return { ...frame, output_index: seen.get(index) };
  });
}

/** Neighbours of one place become one; what is empty goes. */
function merged(steps: readonly Step[]): readonly Step[] {
  const kept: Step[] = [];
  for (const next of steps) {
    const last = kept.at(-1);
    // A block that a server leaves open at the end is closed.
    if (next.at === "end" && last !== undefined && isInside(last))
      kept.push({ at: last.at.replace(/ .*/, " stop"), text: "stop" });
    if (last?.at === next.at && next.at === "message_start") continue;
    if (last?.at === next.at) kept.splice(-1, 1, { at: next.at, text: last.text + next.text });
    else if (next.text !== "") kept.push(next);
  }
  return kept.flatMap((one, at) => [one, ...(isCallWithout(one, kept[at + 1]) ? [argumentsOf(one)] : [])]);
}

/** Of Anthropic's format, which closes every block. */
function isInside({ at }: Step): boolean {
  return /^\d+ (?:text|arguments|thinking|signature)$/.test(at);
}

function isCallWithout(one: Step, next: Step | undefined): boolean {
  return one.at.endsWith(" name") && next?.at !== argumentsOf(one).at;
}

function argumentsOf({ at }: Step): Step {
  return { at: at.replace(/name$/, "arguments"), text: "{}" };
}

/** The counts as clients add them up: a later frame replaces, member by member, what an earlier one said. */
function usageStep(dialect: Dialect, frames: readonly Frame[]): Step | undefined {
  const said = frames.flatMap((frame) => [
    frame["usage"],
    object.parse(frame["message"])["usage"],
    object.parse(frame["response"])["usage"],
  ]);
  const known = said.filter((usage) => usage !== null && usage !== undefined).map((usage) => object.parse(usage));
  return known.length === 0
    ? undefined
    : step(["usage"], usages[dialect](Object.fromEntries(known.flatMap((usage) => Object.entries(usage)))));
}

const object = z.record(z.string(), z.unknown()).catch({});
const list = z.array(object).catch([]);
const text = z.string().catch("");

function step(at: readonly unknown[], said: unknown): Step {
  return { at: at.map(String).join(" "), text: typeof said === "string" ? said : JSON.stringify(said ?? null) };
}

const readers: Readonly<Record<Dialect, (frame: Frame) => readonly Step[]>> = {
  "anthropic-messages": messagesSteps,
  "openai-chat": chatSteps,
  "openai-responses": responsesSteps,
};

const wholes: Readonly<Record<Dialect, (frame: Frame) => readonly Step[]>> = {
  "anthropic-messages": (frame) => [
    ...list
      .parse(frame["content"])
      .flatMap((block, index) => [...blockSteps(index, block), step([index, "stop"], "stop")]),
    step(["end"], [frame["stop_reason"], frame["stop_sequence"] ?? null]),
  ],
  "openai-chat": (frame) =>
    list
      .parse(frame["choices"])
      .flatMap((choice) => [
        ...deltaSteps(choice["index"], object.parse(choice["message"])),
        step([choice["index"], "finish"], choice["finish_reason"]),
      ]),
  "openai-responses": (frame) => endSteps(frame, (item) => item["encrypted_content"]),
};

const usages: Readonly<Record<Dialect, (usage: Frame) => object>> = {
  "anthropic-messages": ({ input_tokens, output_tokens, cache_read_input_tokens, cache_creation_input_tokens }) => ({
    input_tokens,
    output_tokens,
    cache_read: cache_read_input_tokens ?? 0,
    cache_write: cache_creation_input_tokens ?? 0,
  }),
  "openai-chat": ({
    prompt_tokens,
    completion_tokens,
    total_tokens,
    prompt_tokens_details,
    completion_tokens_details,
  }) => ({
    prompt_tokens,
    completion_tokens,
    total_tokens,
    cached: object.parse(prompt_tokens_details)["cached_tokens"] ?? 0,
    reasoning: object.parse(completion_tokens_details)["reasoning_tokens"] ?? 0,
  }),
  "openai-responses": ({ input_tokens, output_tokens, total_tokens, input_tokens_details, output_tokens_details }) => ({
    input_tokens,
    output_tokens,
    total_tokens,
    cached: object.parse(input_tokens_details)["cached_tokens"] ?? 0,
    reasoning: object.parse(output_tokens_details)["reasoning_tokens"] ?? 0,
  }),
};

function messagesSteps(frame: Frame): readonly Step[] {
  const { type, index } = frame;
  switch (type) {
    case "ping":
      return [];
    case "message_start": {
      const message = object.parse(frame["message"]);
      return [step([type], [message["role"], message["content"]])];
    }
    case "content_block_start":
      return [
        step([index, "start"], object.parse(frame["content_block"])["type"]),
        ...blockSteps(index, object.parse(frame["content_block"])),
      ];
    case "content_block_delta":
      return blockSteps(index, object.parse(frame["delta"]));
    case "content_block_stop":
      return [step([index, "stop"], "stop")];
    case "message_delta": {
      const delta = object.parse(frame["delta"]);
      return [step(["end"], [delta["stop_reason"], delta["stop_sequence"] ?? null])];
    }
    default:
      return [step([type], "unknown")];
  }
}

function blockSteps(index: unknown, block: Frame): readonly Step[] {
  const { input } = block;
  const whole = Object.keys(object.parse(input)).length === 0 ? "" : JSON.stringify(input);
  return [
    ...(block["type"] === "tool_use" ? [step([index, "name"], block["name"])] : []),
    ...(block["type"] === "tool_use" ? [step([index, "arguments"], whole)] : []),
    ...(["text", "thinking", "data", "signature"] as const).map((field) =>
      step([index, field], text.parse(block[field])),
    ),
    ...(block["partial_json"] === undefined ? [] : [step([index, "arguments"], block["partial_json"])]),
  ];
}

function chatSteps(frame: Frame): readonly Step[] {
  return list
    .parse(frame["choices"])
    .flatMap((choice) => [
      ...deltaSteps(choice["index"], object.parse(choice["delta"])),
      ...(typeof choice["finish_reason"] === "string"
        ? [step([choice["index"], "finish"], choice["finish_reason"])]
        : []),
    ]);
}

function deltaSteps(index: unknown, delta: Frame): readonly Step[] {
  const calls = list.parse(delta["tool_calls"]).flatMap((call, at) => {
    const { name, arguments: said } = object.parse(call["function"]);
    const place = [index, "tool", call["index"] ?? at];
    return [step([...place, "name"], text.parse(name)), step([...place, "arguments"], text.parse(said))];
  });
  const texts = ["reasoning_content", "content", "refusal"].map((field) =>
    step([index, field], text.parse(delta[field])),
  );
  return [...texts, ...calls];
}

type ResponsesReader = (frame: Frame, index: unknown, type: string) => readonly Step[];
const snapshot: ResponsesReader = () => [];
const partStep: ResponsesReader = (frame, index, type) => [
  step([index, frame["content_index"], type], object.parse(frame["part"])["type"]),
];
const deltaStep: ResponsesReader = (frame, index, type) => [
  step([index, frame["content_index"], type], frame["delta"]),
];
const thoughtStep: ResponsesReader = (frame, index) => [step([index, "thought"], frame["delta"])];
/** Some servers seal a thought anew in the last snapshot, so there it only has to be sealed. */
const endStep: ResponsesReader = (frame) =>
  endSteps(object.parse(frame["response"]), (item) =>
    typeof item["encrypted_content"] === "string" ? "sealed" : undefined,
  );

/** Snapshots are left out here: the last one, of all that was said, is compared as a whole answer is. */
const responsesReaders: Readonly<Record<string, ResponsesReader>> = {
  created: (frame, _, type) => [step([type], object.parse(frame["response"])["status"])],
  in_progress: snapshot,
  queued: snapshot,
  "output_item.added": (frame, index) => itemHead(index, object.parse(frame["item"])),
  "output_item.done": (frame, index) => itemTail(index, object.parse(frame["item"])),
  "content_part.added": partStep,
  "content_part.done": partStep,
  "output_text.delta": deltaStep,
  "output_text.done": snapshot,
  "output_text.annotation.added": snapshot,
  "refusal.delta": deltaStep,
  "refusal.done": snapshot,
  "function_call_arguments.delta": (frame, index) => [step([index, "arguments"], frame["delta"])],
  "function_call_arguments.done": snapshot,
  "reasoning_summary_part.added": (frame, index) =>
    frame["summary_index"] === 0 ? [] : [step([index, "thought"], "\n\n")],
  "reasoning_summary_part.done": snapshot,
  "reasoning_summary_text.delta": thoughtStep,
  "reasoning_summary_text.done": snapshot,
  "reasoning_text.delta": thoughtStep,
  "reasoning_text.done": snapshot,
  completed: endStep,
  incomplete: endStep,
  failed: endStep,
};

function responsesSteps(frame: Frame): readonly Step[] {
  const type = text.parse(frame["type"]).replace(/^response\./, "");
  return responsesReaders[type]?.(frame, frame["output_index"], type) ?? [step([type], "unknown")];
}

function itemHead(index: unknown, item: Frame): readonly Step[] {
  return [
    step([index, "item"], [item["type"], item["name"] ?? null, item["namespace"] ?? null, item["phase"] ?? null]),
  ];
}

type SealOf = (item: Frame) => unknown;

function itemTail(index: unknown, item: Frame, sealOf: SealOf = (its) => its["encrypted_content"]): readonly Step[] {
  return [step([index, "done"], [item["type"], sealOf(item) ?? null])];
}

function endSteps(response: Frame, sealOf: SealOf): readonly Step[] {
  const output = list.parse(response["output"]).flatMap((item, index) => [
    ...itemHead(`end ${index}`, item),
    ...itemTail(`end ${index}`, item, sealOf),
    ...list
      .parse(item["content"])
      .map((part, at) => step(["end", index, at, part["type"]], part["text"] ?? part["refusal"])),
    ...(item["type"] === "reasoning"
      ? [
          step(
            ["end", index, "thought"],
            list
              .parse(item["summary"])
              .map((part) => part["text"])
              .join("\n\n"),
          ),
        ]
      : []),
    ...(item["arguments"] === undefined ? [] : [step(["end", index, "arguments"], item["arguments"])]),
  ]);
  return [
    ...output,
    step(["end"], [response["status"], object.parse(response["incomplete_details"])["reason"] ?? null]),
  ];
}

/** In a Response these echo what was asked, and we asked something else. */
const echoes: ReadonlySet<string> = new Set(["tools", "reasoning", "billing", "frequency_penalty", "presence_penalty"]);

/** Every path in these objects at which a value stands, places in lists left out, and pings. */
export function pathsIn(frames: readonly Frame[]): ReadonlySet<string> {
  const paths = new Set<string>();
  const walk = (value: unknown, at: string): void => {
    if (Array.isArray(value)) for (const one of value) walk(one, `${at}[]`);
    else if (typeof value === "object" && value !== null)
      for (const [name, one] of Object.entries(value)) {
        if (!echoes.has(name)) walk(one, `${at}.${name}`);
      }
    else if (value !== null) paths.add(at);
  };
  for (const frame of frames) if (frame["type"] !== "ping") walk(frame, text.parse(frame["type"]));
  return paths;
}
