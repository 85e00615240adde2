// Streams through reader, guards and writer, in process and without time: however the bytes are cut, what leaves is the same,
// no forbidden character is in it, and it ends as it must: whole, as a refusal, or as a failure that does not look whole.
import { isOneText } from "../../src/gateway/answer.ts";
import { type Guarded, type GuardedAnswer, guardAnswer } from "../../src/gateway/guarded-answer.ts";
import { decide, redactedIn } from "../../src/policy/decide.ts";
import { UsagePolicy } from "../../src/policy/policy-document.ts";
import { compileChain } from "../../src/safeguards/chain.ts";
import type { Safeguard } from "../../src/safeguards/safeguard.ts";
import { Safeguards } from "../../src/safeguards/safeguards-document.ts";
import { Failure } from "../../src/terms/failure.ts";
import { Digest, Name, ReceiptId } from "../../src/terms/ids.ts";
import type { AnswerEvent } from "../../src/wire/answer.ts";
import type { Call } from "../../src/wire/call.ts";
import { chatDialect, chatFormat } from "../../src/wire/chat/chat.ts";
import type { AnswerWriter, Dialect, ErrorSaid, Format } from "../../src/wire/format.ts";
import { messagesDialect, messagesFormat } from "../../src/wire/messages/messages.ts";
import { responsesDialect, responsesFormat } from "../../src/wire/responses/responses.ts";
import { SseSplitter } from "../../src/wire/sse.ts";
import type { Finding } from "./fuzz-bodies.ts";
import { type Chance, chanceOf } from "./seeded.ts";
import {
  type DialectName,
  type Script,
  dialectNames,
  forbidden,
  forbiddenPattern,
  framesOf,
  scriptOf,
  spelled,
  textsOf,
} from "./stream-scripts.ts";

const replacement = "[taken out]";

/** A real safeguard, if a simple one: it finds the forbidden strings and nothing else. */
const patternSafeguard: Safeguard = {
  name: "pattern",
  version: 1,
  digest: Digest.parse(`sha256:${"7".repeat(64)}`),
  maxChars: 400_000,
  thresholds: () => ({ review: {}, block: {} }),
  scores: () => {
    throw new Error("not asked here");
  },
  inspect: (text) => {
    const found = forbidden.filter((one) => text.includes(one));
    return {
      kind: "inspected",
      findings: found.map((one) => ({
        category: "weapons",
        band: "block",
        score: 1,
        span: [text.indexOf(one), text.indexOf(one) + one.length],
        detector: "pattern@1",
      })),
    };
  },
};

const rates = { block: { benignRate: 0.005 }, review: { benignRate: 0.02 } };
const chain = compileChain(
  Safeguards.parse({
    kind: "Safeguards",
    name: "default",
    chain: [{ safeguard: "pattern@1", on: ["input", "output"], mode: "block", ...rates }],
    stream: { holdBackChars: 20, windowChars: 120 },
  }),
  { names: ["pattern@1"], get: () => patternSafeguard },
);
/** The same by patterns, which have what they find replaced. */
const redacting = compileChain(
  Safeguards.parse({
    kind: "Safeguards",
    name: "redacting",
    chain: [
      {
        safeguard: "patterns@1",
        on: ["output"],
        patterns: forbidden.map((expression, at) => {
          return { name: `p${at}`, category: "weapons", expression, charsMax: 16, band: "redact", replacement };
        }),
      },
    ],
    stream: { holdBackChars: 20, windowChars: 120 },
  }),
  { names: [], get: () => patternSafeguard },
);
const policy = UsagePolicy.parse({
  kind: "UsagePolicy",
  name: "default",
  categories: [{ category: "weapons", treat: "prohibited" }],
});

const dialects: Readonly<Record<DialectName, Dialect>> = {
  chat: chatDialect,
  messages: messagesDialect,
  responses: responsesDialect,
};
const formats: Readonly<Record<DialectName, Format>> = {
  chat: chatFormat,
  messages: messagesFormat,
  responses: responsesFormat,
};

const call: Call = chatFormat.parseCall({
  model: "small",
  messages: [{ role: "user", content: "x" }],
  stream: true,
  stream_options: { include_usage: true },
  tools: [{ type: "function", function: { name: "look" } }],
});
const context = {
  id: ReceiptId.parse(`rcpt_${"0".repeat(24)}`),
  model: Name.parse("small"),
  created: 1,
  call,
  promptChars: 0,
};
const bounds = { lineBytesMax: 1_048_576, eventBytesMax: 1_048_576 };

export type Ended = "served" | "blocked" | "failed";

interface Ran {
  readonly text: string;
  readonly ended: Ended;
}

export type Judge = Guarded["judge"];

const judgeByPolicy: Judge = (inspection, surface) => decide(inspection, policy, { scopes: [], surface });

interface Way {
  readonly dialect: Dialect;
  readonly format: Format;
  readonly judge: Judge;
  /** What is forbidden is replaced, and stops nothing. */
  readonly isRedacting: boolean;
}

/** What the gateway does with a stream, but for time and the network (upstream/server.ts, gateway/answer-stream.ts). */
function run(chunks: readonly Uint8Array[], { dialect, format, judge, isRedacting }: Way): Ran {
  let ids = 0;
  const writer = format.stream(context);
  const guard = guardAnswer(
    {
      call,
      configuration: { chain: isRedacting ? redacting : chain, document: { envelope: { reasoning: true } } },
      judge,
      redacts: (inspection) => redactedIn(inspection, policy, { scopes: [], surface: "output" }),
      isHeldBack: true,
    },
    () => `call_ours_${ids++}`,
    isOneText(format),
  );
  const out: string[] = [];
  try {
    const isBlocked = relay({ chunks, dialect, guard, writer }, out);
    if (isBlocked) out.push(writer.refuse("weapons"));
    const usage = guard.usage() ?? { input: 1, output: 1 };
    out.push(writer.end(usage, "receipt"));
    return { text: out.join(""), ended: isBlocked ? "blocked" : "served" };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    out.push(writer.fail(told(error)));
    return { text: out.join(""), ended: "failed" };
  }
}

interface Flow {
  readonly chunks: readonly Uint8Array[];
  readonly dialect: Dialect;
  readonly guard: GuardedAnswer;
  readonly writer: AnswerWriter;
}

/** Whether the answer was stopped. */
function relay({ chunks, dialect, guard, writer }: Flow, out: string[]): boolean {
  const reader = dialect.reader(call);
  const splitter = new SseSplitter(bounds);
  for (const chunk of [...chunks, undefined]) {
    if (reader.isDone()) break;
    for (const event of chunk === undefined ? splitter.end() : splitter.push(chunk)) {
      if (isStopped(reader.take(event), { guard, writer }, out)) return true;
    }
  }
  return !reader.isDone() && isStopped(reader.end(), { guard, writer }, out);
}

function isStopped(
  events: readonly AnswerEvent[],
  { guard, writer }: Pick<Flow, "guard" | "writer">,
  out: string[],
): boolean {
  for (const event of events) {
    for (const cleared of guard.push(event)) out.push(writer.write(cleared));
    if (guard.stoppedBy() !== undefined) return true;
  }
  return false;
}

function told({ code }: Failure): ErrorSaid {
  return {
    message: "It broke.",
    type: "api_error",
    code,
    reason: null,
    field: null,
    status: 502,
    id: context.id,
    contact: "us",
  };
}

export interface StreamsDone {
  readonly streams: number;
  readonly rechunkings: number;
  readonly ended: Readonly<Record<Ended, number>>;
  readonly findings: readonly Finding[];
}

/** Ways to cut each stream. */
export const cutsOfStream = 8;

/**
 * Streams of the seeds from `from` on, each cut in several ways, in the format of some caller. `judge` is the policy's; a
 * test puts something worse in its place, to see that it is found out.
 */
export function fuzzStreams(from: number, streams: number, judge: Judge = judgeByPolicy): StreamsDone {
  const findings: Finding[] = [];
  const ended = { served: 0, blocked: 0, failed: 0 };
  for (let seed = from; seed < from + streams; seed += 1) {
    try {
      ended[tryStream(seed, judge, findings)] += 1;
    } catch (error) {
      findings.push({ seed, what: `threw ${error instanceof Error ? (error.stack ?? error.message) : String(error)}` });
    }
  }
  return { streams, rechunkings: streams * cutsOfStream, ended, findings };
}

function tryStream(seed: number, judge: Judge, findings: Finding[]): Ended {
  const chance = chanceOf(seed);
  const drawn = scriptOf(chance);
  const isRedacting = seed % 3 === 0;
  const script = isRedacting ? { ...drawn, isForbidden: false } : drawn;
  const spoken = chance.pick(dialectNames);
  const bytes = spelled(framesOf(script), chance);
  const way: Way = { dialect: dialects[script.dialect], format: formats[spoken], judge, isRedacting };
  const whole = run([bytes], way);
  const what = wrongIn(whole, script, spoken);
  if (what !== undefined) findings.push({ seed, what: `${script.dialect} to ${spoken}: ${what}` });
  for (let cut = 0; cut < cutsOfStream; cut += 1) {
    const again = run(chunked(bytes, chance), way);
    if (again.text === whole.text && again.ended === whole.ended) continue;
    findings.push({
      seed,
      what: `${script.dialect} to ${spoken}: another answer when cut otherwise (${again.ended}, not ${whole.ended})`,
    });
    break;
  }
  return whole.ended;
}

/** Cut anywhere: at every byte, at most bytes, or seldom. */
function chunked(bytes: Buffer, chance: Chance): readonly Uint8Array[] {
  const most = chance.pick(bytes.length < 4_000 ? [1, 2, 7, 60, 1_000] : [30, 200, 1_000, 10_000]);
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = 1 + chance.below(most);
    chunks.push(bytes.subarray(at, at + length));
    at += length;
  }
  return chunks;
}

function wrongIn(ran: Ran, script: Script, format: DialectName): string | undefined {
  if (forbiddenPattern.test(ran.text)) return `forbidden characters left: ${JSON.stringify(ran.text).slice(0, 300)}`;
  if (ran.text.includes("SECRET")) return "the server's own words left";
  const due: Ended = script.isForbidden ? "blocked" : script.fault === "none" ? "served" : "failed";
  // What was still held back when it broke was never judged, and never sent.
  const isCutShort = script.fault !== "none" && ran.ended === "failed";
  if (ran.ended !== due && !isCutShort) return `it ended ${ran.ended}, and ${due} was due (fault ${script.fault})`;
  const wrong = wrongEnding(ran, script, format);
  if (wrong !== undefined) return `${wrong}: …${ran.text.slice(-300)}`;
  return ran.ended === "served" ? wrongText(ran, script, format) : undefined;
}

/** How an answer of each format looks that is whole, that is refused, and that failed. */
const endings: Readonly<Record<DialectName, Readonly<Record<Ended, RegExp>>>> = {
  chat: {
    served: /"finish_reason":"(?:stop|length|tool_calls)"[\s\S]*data: \[DONE\]\n\n$/,
    blocked: /"finish_reason":"content_filter"[\s\S]*data: \[DONE\]\n\n$/,
    failed: /data: \{"error":\{[^\n]*\}\n\n$/,
  },
  messages: {
    served: /"stop_reason":"(?:end_turn|max_tokens|tool_use)"[\s\S]*"type":"message_stop"\}\n\n$/,
    blocked: /"stop_reason":"refusal"[\s\S]*"type":"message_stop"\}\n\n$/,
    failed: /event: error\ndata: \{"type":"error"[^\n]*\}\n\n$/,
  },
  responses: {
    served: /event: response\.(?:completed|incomplete)\n[^\n]*\n\n$/,
    blocked: /event: response\.incomplete\n[^\n]*"content_filter"[^\n]*\n\n$/,
    failed: /event: response\.failed\n[^\n]*\n\nevent: error\n[^\n]*\n\n$/,
  },
};

/** What only an answer has that is whole. */
const wholes: Readonly<Record<DialectName, RegExp>> = {
  chat: /^data: \[DONE\]$/m,
  messages: /^event: message_stop$/m,
  responses: /^event: response\.(?:completed|incomplete)$/m,
};

function wrongEnding({ text, ended }: Ran, { finish }: Script, format: DialectName): string | undefined {
  if (!endings[format][ended].test(text)) return `${ended} in another way than the format ends`;
  if (ended === "failed" && wholes[format].test(text)) return "it failed and looks whole";
  const isLength =
    format === "chat" ? /"finish_reason":"length"/ : format === "messages" ? /"max_tokens"/ : /"max_output_tokens"\}/;
  if (ended === "served" && finish === "length" && !isLength.test(text)) return "cut for length without saying so";
  return undefined;
}

/** A served answer says all that the server said, in its order; tool calls may grow side by side. */
function wrongText({ text }: Ran, script: Script, format: DialectName): string | undefined {
  const said = spokenIn(text, format);
  const isSame = said.text === sentOf(script, "text") && said.tool === sentOf(script, "tool");
  return isSame ? undefined : `other text than the server's: ${JSON.stringify(said)}`;
}

/** What is said but for what is forbidden, which is in no answer that was served as it was. */
function sentOf(script: Script, kind: keyof Said): string {
  return forbidden.reduce((text, one) => text.replaceAll(one, replacement), textsOf(script, kind));
}

interface Said {
  readonly text: string;
  readonly tool: string;
}

function spokenIn(text: string, format: DialectName): Said {
  const lines = text.split("\n").filter((line) => line.startsWith("data: {"));
  const byPlace = { text: new Map<unknown, string>(), tool: new Map<unknown, string>() };
  for (const line of lines) {
    const value: unknown = JSON.parse(line.slice("data: ".length));
    for (const kind of ["text", "tool"] as const) {
      const { said, place, type } = members[format][kind];
      const piece = memberAt(value, said);
      const isOther = type !== undefined && memberAt(value, ["type"]) !== type;
      if (typeof piece !== "string" || isOther) continue;
      const at = memberAt(value, place);
      byPlace[kind].set(at, (byPlace[kind].get(at) ?? "") + piece);
    }
  }
  return { text: [...byPlace.text.values()].join(""), tool: [...byPlace.tool.values()].join("") };
}

interface Member {
  readonly said: readonly string[];
  readonly place: readonly string[];
  readonly type?: string;
}

const callOfChat = ["choices", "0", "delta", "tool_calls", "0"];

const members: Readonly<Record<DialectName, Readonly<Record<keyof Said, Member>>>> = {
  chat: {
    text: { said: ["choices", "0", "delta", "content"], place: [] },
    tool: { said: [...callOfChat, "function", "arguments"], place: [...callOfChat, "index"] },
  },
  messages: {
    text: { said: ["delta", "text"], place: ["index"] },
    tool: { said: ["delta", "partial_json"], place: ["index"] },
  },
  responses: {
    text: { said: ["delta"], place: ["output_index"], type: "response.output_text.delta" },
    tool: { said: ["delta"], place: ["output_index"], type: "response.function_call_arguments.delta" },
  },
};

function memberAt(value: unknown, path: readonly string[]): unknown {
  let found: unknown = value;
  for (const name of path) {
    if (typeof found !== "object" || found === null) return undefined;
    found = Object.entries(found).find(([member]) => member === name)?.[1];
  }
  return path.length === 0 ? undefined : found;
}
