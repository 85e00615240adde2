// Any caller's format on any server's dialect: the official clients of three formats, each on an upstream that speaks each of
// three. Text, calls, thinking, usage and endings arrive with their meaning; refusals and failures as each format says them.
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import Anthropic, { AnthropicError, APIError as AnthropicApiError } from "@anthropic-ai/sdk";
import type OpenAI from "openai";
import { APIError as OpenAIApiError, OpenAIError } from "openai";
import { z } from "zod";
import type { UpstreamSource } from "../../src/upstream/model-document.ts";
import { type CrossingMock, type ScriptName, startCrossingMock } from "../upstream-mock/crossing.ts";
import { type GatewayWorld, openGatewayWorld, secret } from "./gateway-world.ts";

/** What a client made of an answer, in one form for all of them. */
interface Read {
  readonly text: string;
  readonly thinking: string;
  readonly tools: readonly string[];
  readonly finish: string;
  readonly usage: readonly [input: number, cached: number, output: number];
}

interface Caller {
  readonly name: string;
  readonly ask: (world: GatewayWorld, words: string, stream: boolean) => Promise<Read>;
  /** A conversation with a tool's result in it. */
  readonly converse: (world: GatewayWorld) => Promise<unknown>;
  /** A picture, and the wish for an answer of a shape. */
  readonly show: (world: GatewayWorld) => Promise<unknown>;
}

const schema = { type: "object" as const, properties: { q: { type: "string" } } };
const openai = (world: GatewayWorld): OpenAI => world.client();
const anthropic = (world: GatewayWorld): Anthropic =>
  new Anthropic({ baseURL: world.url(), apiKey: secret, maxRetries: 0 });

const picture = "iVBORw0KGgo=";
const address = `data:image/png;base64,${picture}`;
const shape = { ...schema, required: ["q"], additionalProperties: false };

const chatTools = [{ type: "function" as const, function: { name: "look", parameters: schema } }];
const chat: Caller = {
  name: "chat",
  ask: async (world, words, stream) => {
    const body = { model: "small", messages: [{ role: "user" as const, content: words }], tools: chatTools };
    const { completions } = openai(world).chat;
    const whole = stream
      ? await completions.stream({ ...body, stream_options: { include_usage: true } }).finalChatCompletion()
      : await completions.create(body);
    const [choice] = whole.choices;
    assert.ok(choice !== undefined && whole.usage !== undefined);
    const { message } = choice;
    const thinking = "reasoning_content" in message ? String(message.reasoning_content) : "";
    return {
      text: message.content ?? "",
      thinking,
      tools: (message.tool_calls ?? []).map((call) => (call.type === "function" ? call.function.arguments : "")),
      finish: choice.finish_reason,
      usage: [
        whole.usage.prompt_tokens,
        whole.usage.prompt_tokens_details?.cached_tokens ?? -1,
        whole.usage.completion_tokens,
      ],
    };
  },
  converse: async (world) =>
    openai(world).chat.completions.create({
      model: "small",
      max_tokens: 50,
      messages: [
        { role: "system", content: "Be kind." },
        { role: "user", content: "Look there." },
        {
          role: "assistant",
          tool_calls: [{ id: "call_7", type: "function", function: { name: "look", arguments: '{"q":"there"}' } }],
        },
        { role: "tool", tool_call_id: "call_7", content: "a boat" },
        { role: "user", content: "Thanks." },
      ],
      tools: chatTools,
    }),
  show: async (world) =>
    openai(world).chat.completions.create({
      model: "small",
      messages: [
        {
          role: "user",
          content: [
            { type: "image_url", image_url: { url: address } },
            { type: "text", text: orderOf("TEXT") },
          ],
        },
      ],
      response_format: { type: "json_schema", json_schema: { name: "answer", schema: shape, strict: true } },
    }),
};

const messageTools = [{ name: "look", input_schema: schema }];
const messages: Caller = {
  name: "messages",
  ask: async (world, words, stream) => {
    const body = {
      model: "small",
      max_tokens: 100,
      messages: [{ role: "user" as const, content: words }],
      tools: messageTools,
    };
    const client = anthropic(world);
    const whole = stream ? await client.messages.stream(body).finalMessage() : await client.messages.create(body);
    const { content, usage } = whole;
    return {
      text: content.map((block) => (block.type === "text" ? block.text : "")).join(""),
      thinking: content.map((block) => (block.type === "thinking" ? block.thinking : "")).join(""),
      tools: content.flatMap((block) => (block.type === "tool_use" ? [JSON.stringify(block.input)] : [])),
      finish: whole.stop_reason ?? "",
      usage: [
        usage.input_tokens + (usage.cache_read_input_tokens ?? 0),
        usage.cache_read_input_tokens ?? -1,
        usage.output_tokens,
      ],
    };
  },
  converse: async (world) =>
    anthropic(world).messages.create({
      model: "small",
      max_tokens: 50,
      system: "Be kind.",
      messages: [
        { role: "user", content: "Look there." },
        { role: "assistant", content: [{ type: "tool_use", id: "call_7", name: "look", input: { q: "there" } }] },
        {
          role: "user",
          content: [
            { type: "tool_result", tool_use_id: "call_7", content: "a boat" },
            { type: "text", text: "Thanks." },
          ],
        },
      ],
      tools: messageTools,
    }),
  show: async (world) =>
    anthropic(world).messages.create({
      model: "small",
      max_tokens: 50,
      messages: [
        {
          role: "user",
          content: [
            { type: "image", source: { type: "base64", media_type: "image/png", data: picture } },
            { type: "text", text: orderOf("TEXT") },
          ],
        },
      ],
      output_config: { format: { type: "json_schema", schema: shape } },
    }),
};

const responseTools = [{ type: "function" as const, name: "look", parameters: schema, strict: false }];
const responses: Caller = {
  name: "responses",
  ask: async (world, words, stream) => {
    const body = { model: "small", input: words, tools: responseTools, store: false };
    const api = openai(world).responses;
    let whole: OpenAI.Responses.Response | undefined;
    if (stream) {
      for await (const event of await api.create({ ...body, stream: true }))
        if ("response" in event) whole = event.response;
    } else whole = await api.create(body);
    assert.ok(whole?.usage !== undefined && whole.usage !== null);
    const { output, usage } = whole;
    return {
      text: output
        .flatMap((item) => (item.type === "message" ? item.content : []))
        .map((part) => (part.type === "output_text" ? part.text : ""))
        .join(""),
      thinking: output
        .flatMap((item) => (item.type === "reasoning" ? [...item.summary, ...(item.content ?? [])] : []))
        .map(({ text }) => text)
        .join(""),
      tools: output.flatMap((item) => (item.type === "function_call" ? [item.arguments] : [])),
      finish: whole.incomplete_details?.reason ?? whole.status ?? "",
      usage: [usage.input_tokens, usage.input_tokens_details.cached_tokens, usage.output_tokens],
    };
  },
  converse: async (world) =>
    openai(world).responses.create({
      model: "small",
      max_output_tokens: 50,
      instructions: "Be kind.",
      input: [
        { role: "user", content: "Look there." },
        { type: "function_call", call_id: "call_7", name: "look", arguments: '{"q":"there"}' },
        { type: "function_call_output", call_id: "call_7", output: "a boat" },
        { role: "user", content: "Thanks." },
      ],
      tools: responseTools,
    }),
  show: async (world) =>
    openai(world).responses.create({
      model: "small",
      input: [
        {
          role: "user",
          content: [
            { type: "input_image", image_url: address, detail: "auto" },
            { type: "input_text", text: orderOf("TEXT") },
          ],
        },
      ],
      text: { format: { type: "json_schema", name: "answer", schema: shape, strict: true } },
    }),
};

type Ending = "stop" | "tool" | "length" | "refusal";
const endings: Readonly<Record<string, Readonly<Record<Ending, string>>>> = {
  chat: { stop: "stop", tool: "tool_calls", length: "length", refusal: "content_filter" },
  messages: { stop: "end_turn", tool: "tool_use", length: "max_tokens", refusal: "refusal" },
  responses: { stop: "completed", tool: "completed", length: "max_output_tokens", refusal: "content_filter" },
};

const said = "The lock opens at dawn, 👋🏽 naïve friend.";
const nothing = { text: said, thinking: "", tools: [] };
const expected: readonly (readonly [ScriptName, Omit<Read, "finish" | "usage">, Ending])[] = [
  ["TEXT", nothing, "stop"],
  ["THINK", { ...nothing, thinking: "First, the gate." }, "stop"],
  ["TOOLS", { text: "Let me look.", thinking: "", tools: ['{"q":"one"}', '{"q":"two"}'] }, "tool"],
  ["LENGTH", nothing, "length"],
  ["REFUSED", nothing, "refusal"],
];

const dialects = [
  "openai-chat",
  "anthropic-messages",
  "openai-responses",
] as const satisfies readonly UpstreamSource["dialect"][];

async function worldOf(dialect: (typeof dialects)[number]): Promise<{ world: GatewayWorld; mock: CrossingMock }> {
  const mock = await startCrossingMock();
  const envelope = { reasoning: true, tools: true, images: true, choicesMax: 1 };
  const grant = { requestsPerMinute: 1_000_000 };
  const world = await openGatewayWorld({ upstreamPort: mock.port, dialect, envelope, grant });
  return { world, mock };
}

/** Where a server of each dialect reads a picture, and the shape of its answer. */
const shownAs: Readonly<Record<(typeof dialects)[number], (body: Readonly<Record<string, unknown>>) => unknown>> = {
  "openai-chat": (body) => [body["messages"], body["response_format"]],
  "anthropic-messages": (body) => [body["messages"], body["output_config"]],
  "openai-responses": (body) => [body["input"], body["text"]],
};
const strictly = { name: "answer", schema: shape, strict: true };
const asShown: Readonly<Record<(typeof dialects)[number], readonly [picture: RegExp, output: object]>> = {
  "openai-chat": [
    /"type":"image_url","image_url":\{"url":"data:image\/png;base64,iVBORw0KGgo="/,
    { type: "json_schema", json_schema: strictly },
  ],
  "anthropic-messages": [
    /"type":"image","source":\{"type":"base64","media_type":"image\/png","data":"iVBORw0KGgo="\}/,
    { format: { type: "json_schema", schema: shape } },
  ],
  "openai-responses": [
    /"type":"input_image","image_url":"data:image\/png;base64,iVBORw0KGgo="/,
    { format: { type: "json_schema", ...strictly } },
  ],
};

/** A caller's request whose last word orders the mock's answer. */
function orderOf(name: ScriptName): string {
  return `Please: ${name}`;
}

for (const dialect of dialects) {
  const { world, mock } = await worldOf(dialect);
  after(async () => {
    await world.close();
    await mock.close();
  });
  for (const caller of [chat, messages, responses]) {
    describe(`${caller.name} on ${dialect}`, () => {
      for (const stream of [false, true]) {
        const how = stream ? "streamed" : "whole";
        for (const [name, read, ending] of expected) {
          test(`${name}, ${how}, arrives with its text, calls, usage and ending`, async () => {
            const wanted = { ...read, finish: endings[caller.name]?.[ending], usage: [11, 3, 7] };
            assert.deepEqual(await caller.ask(world, orderOf(name), stream), wanted);
          });
        }
        test(`what policy stops, ${how}, ends as a refusal ends, and nothing uncleared has left`, async () => {
          const read = await caller.ask(world, orderOf("BAD"), stream);
          assert.equal(read.finish, endings[caller.name]?.refusal);
          assert.doesNotMatch(read.text, /poi/);
          assert.match(read.text, stream ? /^The boats go through/ : /^$/);
        });
        test(`a server's error, ${how}, is an error of the caller's client, without its words`, async () => {
          const reading = caller.ask(world, orderOf("STATUS"), stream);
          await assert.rejects(reading, (error: unknown) => {
            assert.ok(error instanceof OpenAIApiError || error instanceof AnthropicApiError);
            assert.equal(error.status, 502);
            assert.match(JSON.stringify(error.error), /upstream_failed/);
            assert.doesNotMatch(JSON.stringify(error.error), /SECRET/);
            return true;
          });
        });
      }
      for (const name of ["CUT", "ERROR"] as const) {
        test(`a stream with ${name} ends in an error of the caller's client, and never looks whole`, async () => {
          await assert.rejects(caller.ask(world, orderOf(name), true), (error: unknown) => {
            assert.ok(error instanceof OpenAIError || error instanceof AnthropicError);
            assert.match(error.message, /The model server did not answer properly/);
            return true;
          });
        });
      }
      test("a picture and the shape of the answer reach the server in its own words", async () => {
        const from = mock.bodies.length;
        await caller.show(world);
        const [turns, output] = z.tuple([z.unknown(), z.unknown()]).parse(shownAs[dialect](mock.bodies[from] ?? {}));
        const [image, wanted] = asShown[dialect];
        assert.match(JSON.stringify(turns), image);
        assert.deepEqual(output, wanted);
      });
      test("a conversation with a tool's result reaches the server with its parts in their places", async () => {
        const from = mock.bodies.length;
        await caller.converse(world);
        const body = mock.bodies[from] ?? {};
        const text = JSON.stringify(body);
        // The system's words have a field of their own in two dialects; the turns stand in their order.
        assert.ok(text.includes("Be kind."));
        const order = ["Look there.", "there", "a boat", "Thanks."].map((part) => text.indexOf(part));
        assert.deepEqual(
          order,
          order.toSorted((one, other) => one - other),
        );
        assert.ok(!order.includes(-1));
        assert.equal([...text.matchAll(/"(?:tool_)?(?:call_id|use_id|id)":"call_7"/g)].length, 2, text);
        assert.equal(body["max_tokens"] ?? body["max_output_tokens"] ?? body["max_completion_tokens"], 50);
        assert.match(text, /"model":"mock"/);
        assert.match(text, /"properties":\{"q":\{"type":"string"\}\}/);
      });
    });
  }
}
