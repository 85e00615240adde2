// One recorded answer through a gateway, and whether what comes out is what went in.
import { z } from "zod";
import { Failure } from "../../src/terms/failure.ts";
import { Name } from "../../src/terms/ids.ts";
import type { AnswerEvent } from "../../src/wire/answer.ts";
import { chatDialect, chatFormat } from "../../src/wire/chat/chat.ts";
import { messagesDialect, messagesFormat } from "../../src/wire/messages/messages.ts";
import { responsesDialect, responsesFormat } from "../../src/wire/responses/responses.ts";
import { SseSplitter } from "../../src/wire/sse.ts";
import { type GatewayWorld, openGatewayWorld, secret } from "../../test/flows/gateway-world.ts";
import { type Dialect, type Recording, framesIn } from "./fixture-files.ts";
import { pathsIn, stepsOf } from "./plain-forms.ts";
import { differs } from "./refused.ts";

const lineBytesMax = 16 * 1024 * 1024;

const dialects = {
  "openai-chat": { format: chatFormat, dialect: chatDialect, path: "/v1/chat/completions" },
  "openai-responses": { format: responsesFormat, dialect: responsesDialect, path: "/v1/responses" },
  "anthropic-messages": { format: messagesFormat, dialect: messagesDialect, path: "/v1/messages" },
} as const;

/** A gateway that admits all that can be admitted, at a server of this dialect. */
export async function openWorld(dialect: Dialect, upstreamPort: number): Promise<GatewayWorld> {
  const envelope = { reasoning: true, tools: true, images: true, systemMessages: true, choicesMax: 4 };
  const grant = { requestsPerMinute: 1_000_000, tokensPerDay: 1_000_000_000 };
  return openGatewayWorld({ name: Name.parse("small"), dialect, upstreamPort, envelope, grant });
}

export interface Replayed {
  readonly outcome: string;
  /** Paths of values that the recording has and the gateway's answer has not, where they are equal. */
  readonly lost: readonly string[];
}

/** Recordings that contradict themselves, so that nothing can be equal to them. */
const contradictions: Readonly<Record<string, string>> = {
  "packages/openai/src/responses/__fixtures__/openai-phase.1.chunks.txt":
    "its pieces were cut short by hand and its snapshots were not; what was streamed is what counts",
};

/** Plays a recording; whoever calls has the server play it meanwhile. */
export async function replay(world: GatewayWorld, recording: Recording): Promise<Replayed> {
  const { dialect, isStream, frames } = recording;
  const body = bodyFor(recording);
  const answered = await fetch(world.url() + dialects[dialect].path, {
    method: "POST",
    headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await answered.text();
  const given = answered.ok && isStream ? framesIn(text) : [z.record(z.string(), z.unknown()).parse(JSON.parse(text))];
  if (!answered.ok || given.some(isError)) return { outcome: `upstream_failed: ${whyOf(recording, body)}`, lost: [] };
  const expected = stepsOf(dialect, isStream, frames);
  const found = stepsOf(dialect, isStream, given);
  const at = expected.findIndex((step, index) => JSON.stringify(step) !== JSON.stringify(found[index]));
  const isEqual = at === -1 && expected.length === found.length;
  const known = contradictions[recording.name];
  if (!isEqual && known !== undefined) return { outcome: `another: ${known}`, lost: [] };
  if (!isEqual) {
    console.log(recording.name, "\n  recorded", expected.slice(at, at + 2), "\n  came", found.slice(at, at + 2));
    return { outcome: differs, lost: [] };
  }
  const kept = pathsIn(given);
  return { outcome: "equal", lost: [...pathsIn(frames)].filter((path) => !kept.has(path)) };
}

function isError(frame: Readonly<Record<string, unknown>>): boolean {
  return frame["type"] === "error" || (frame["error"] !== undefined && frame["error"] !== null);
}

const schema = { type: "object" };

/** Declares every function that the recording calls: a call of one that was not declared is not passed on. */
function bodyFor({ dialect, isStream, frames }: Recording): Readonly<Record<string, unknown>> {
  const calls = callsIn(frames);
  const flat = calls.filter(({ group }) => group === undefined).map(({ name }) => name);
  const base = { model: "small", stream: isStream };
  const turn = [{ role: "user", content: "Hello" }];
  switch (dialect) {
    case "openai-chat": {
      const tools = flat.map((name) => ({ type: "function", function: { name, parameters: schema } }));
      return { ...base, messages: turn, ...(isStream ? { stream_options: { include_usage: true } } : {}), tools };
    }
    case "openai-responses": {
      const groups = Map.groupBy(
        calls.filter(({ group }) => group !== undefined),
        ({ group }) => group ?? "",
      );
      const spaces = [...groups].map(([name, members]) => ({
        type: "namespace",
        name,
        description: "",
        tools: members.map((member) => ({ type: "function", name: member.name, parameters: schema })),
      }));
      const tools = [...flat.map((name) => ({ type: "function", name, parameters: schema })), ...spaces];
      return { ...base, input: turn, include: ["reasoning.encrypted_content"], tools };
    }
    case "anthropic-messages":
      return {
        ...base,
        messages: turn,
        max_tokens: 4_000,
        tools: flat.map((name) => ({ name, input_schema: schema })),
      };
  }
}

const CallShape = z.object({
  type: z.enum(["function_call", "tool_use"]),
  name: z.string(),
  namespace: z.string().nullish(),
});
const ChatCallShape = z.object({ function: z.object({ name: z.string() }) });

interface Called {
  readonly name: string;
  readonly group: string | undefined;
}

/** The functions that are called anywhere in an answer, each once. */
function callsIn(frames: readonly unknown[]): readonly Called[] {
  const found = new Map<string, Called>();
  const walk = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    const call = CallShape.safeParse(value);
    const chat = ChatCallShape.safeParse(value);
    if (call.success)
      found.set(JSON.stringify(value), { name: call.data.name, group: call.data.namespace ?? undefined });
    if (chat.success) found.set(JSON.stringify(value), { name: chat.data.function.name, group: undefined });
    for (const one of Object.values(value)) walk(one);
  };
  walk(frames);
  return [...new Map([...found.values()].map((call) => [`${call.group ?? ""} ${call.name}`, call])).values()];
}

/** What the reader of this dialect has against the answer; callers are not told a server's faults. */
function whyOf({ dialect: name, isStream, body }: Recording, raw: Readonly<Record<string, unknown>>): string {
  const { format, dialect } = dialects[name];
  const call = format.parseCall(raw);
  try {
    if (!isStream) dialect.readWhole(body, call);
    else readAll(dialect.reader(call), body);
  } catch (error) {
    if (error instanceof Failure) return error.message;
    throw error;
  }
  return "the guard stopped it";
}

function readAll(reader: ReturnType<typeof chatDialect.reader>, body: string): readonly AnswerEvent[] {
  const splitter = new SseSplitter({ lineBytesMax, eventBytesMax: lineBytesMax });
  const events = [...splitter.push(Buffer.from(body)), ...splitter.end()];
  return [...events.flatMap((event) => reader.take(event)), ...reader.end()];
}
