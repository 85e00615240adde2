// Vercel's `ai` with its providers for OpenAI and Anthropic, unmodified, through the gateway: three formats, each at a server
// of its own dialect, and every way in which an answer can end.
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import {
  APICallError,
  type LanguageModel,
  Output,
  type TextStreamPart,
  type ToolSet,
  embedMany,
  generateText,
  isStepCount,
  jsonSchema,
  streamText,
  tool,
} from "ai";
import { bo, digestOfLabel, idOf } from "../../src/acts/fixtures.ts";
import { type ScriptName, startCrossingMock } from "../upstream-mock/crossing.ts";
import { startResponsesMock } from "../upstream-mock/responses.ts";
import { type GatewayWorld, type WorldOptions, openGatewayWorld, secret, small, until } from "./gateway-world.ts";

const grant = { requestsPerMinute: 1_000_000 };
const mock = await startCrossingMock();
after(mock.close);
const envelope = { reasoning: true, tools: true, choicesMax: 1, images: true };
const open = async (options: WorldOptions): Promise<GatewayWorld> => {
  const world = await openGatewayWorld(options);
  after(world.close);
  return world;
};
/** A server of chat completions that says back what it is asked, or goes on for ever. */
const chatty = await open({ grant });

const openai = (world: GatewayWorld, key = secret): ReturnType<typeof createOpenAI> =>
  createOpenAI({ baseURL: `${world.url()}/v1`, apiKey: key });

interface Caller {
  readonly name: string;
  readonly dialect: ModelDialect;
  readonly modelOf: (world: GatewayWorld, key?: string) => LanguageModel;
  /** What a block before the first byte is. */
  readonly block: "error" | "refusal";
}
type ModelDialect = NonNullable<WorldOptions["dialect"]>;

const callers: readonly Caller[] = [
  {
    name: "openai.chat",
    dialect: "openai-chat",
    modelOf: (world, key) => openai(world, key).chat("small"),
    block: "error",
  },
  {
    name: "openai.responses",
    dialect: "openai-responses",
    modelOf: (world, key) => openai(world, key).responses("small"),
    block: "error",
  },
  {
    name: "anthropic",
    dialect: "anthropic-messages",
    modelOf: (world, key = secret) => createAnthropic({ baseURL: `${world.url()}/v1`, apiKey: key })("small"),
    block: "refusal",
  },
];

const schema = jsonSchema<{ q: string }>({
  type: "object",
  properties: { q: { type: "string" } },
  required: ["q"],
  additionalProperties: false,
});
const seen: string[] = [];
/** Says a word that makes the mock answer with text from then on. */
const look = tool({
  description: "Looks.",
  inputSchema: schema,
  execute: ({ q }) => {
    seen.push(q);
    return "TEXT: a boat";
  },
});

const words = (name: ScriptName): string => `Please: ${name}`;
const said = "The lock opens at dawn, 👋🏽 naïve friend.";
const quiet = { maxRetries: 0, maxOutputTokens: 1_000, providerOptions: { openai: { store: false } } } as const;

/** All parts of a stream; an error is one of them. */
async function partsOf(model: LanguageModel, prompt: string, tools: ToolSet = {}): Promise<TextStreamPart<ToolSet>[]> {
  const { stream } = streamText({ model, prompt, tools, ...quiet, onError: () => undefined });
  const parts: TextStreamPart<ToolSet>[] = [];
  for await (const part of stream) parts.push(part);
  return parts;
}

const textIn = (parts: readonly TextStreamPart<ToolSet>[]): string =>
  parts.map((part) => (part.type === "text-delta" ? part.text : "")).join("");

function finishIn(parts: readonly TextStreamPart<ToolSet>[]): string {
  const finish = parts.findLast((part) => part.type === "finish");
  return finish?.finishReason ?? "none";
}

async function errorOf(asking: PromiseLike<unknown>): Promise<APICallError> {
  try {
    await asking;
  } catch (error) {
    assert.ok(APICallError.isInstance(error), String(error));
    return error;
  }
  return assert.fail("it was answered");
}

for (const { name, dialect, modelOf, block } of callers) {
  describe(name, async () => {
    const world = await open({ upstreamPort: mock.port, dialect, envelope, grant, onInput: "flag" });
    const model = modelOf(world);

    test("an answer has its text, its usage and its end, whole as streamed", async () => {
      const whole = await generateText({ model, prompt: words("TEXT"), system: "Be kind.", ...quiet });
      assert.deepEqual([whole.text, whole.finishReason], [said, "stop"]);
      assert.deepEqual([whole.usage.inputTokens, whole.usage.outputTokens], [11, 7]);
      assert.match(whole.response.headers?.["x-headgate-receipt"] ?? "", /^hgr1\./);
      const parts = await partsOf(model, words("TEXT"));
      assert.deepEqual([textIn(parts), finishIn(parts)], [said, "stop"]);
      const finish = parts.findLast((part) => part.type === "finish");
      assert.equal(finish?.totalUsage.outputTokens, 7);
      assert.deepEqual(
        parts.filter(({ type }) => type === "error"),
        [],
      );
    });

    test("an answer that met its limit, and one that its server refused, say so", async () => {
      for (const [order, end] of [
        ["LENGTH", "length"],
        ["REFUSED", "content-filter"],
      ] as const) {
        assert.equal((await generateText({ model, prompt: words(order), ...quiet })).finishReason, end);
        assert.equal(finishIn(await partsOf(model, words(order))), end);
      }
    });

    test("two tools are called at once, run, and their results find their way back, whole as streamed", async () => {
      const asking = { model, prompt: words("TOOLS"), tools: { look }, stopWhen: isStepCount(3), ...quiet };
      seen.length = 0;
      const whole = await generateText(asking);
      assert.deepEqual([whole.text, whole.steps.length, whole.finishReason], [said, 2, "stop"]);
      const streamed = streamText(asking);
      assert.equal(await streamed.text, said);
      assert.equal((await streamed.steps).length, 2);
      assert.deepEqual(seen, ["one", "two", "one", "two"]);
      assert.match(JSON.stringify(mock.bodies.at(-1)), /TEXT: a boat.*TEXT: a boat/);
    });

    test("an answer in the shape that was asked for is read as one, and the schema reaches the server", async () => {
      const output = Output.object({ schema, name: "shape" });
      const { output: made } = await generateText({ model, prompt: words("SHAPE"), output, ...quiet });
      assert.deepEqual(made, { q: "open" });
      assert.match(JSON.stringify(mock.bodies.at(-1)), /"properties":\{"q":\{"type":"string"/);
    });

    test("a picture reaches the server as it was sent", async () => {
      const data = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
      const content = [
        { type: "file" as const, data, mediaType: "image/png" },
        { type: "text" as const, text: words("TEXT") },
      ];
      assert.equal((await generateText({ model, messages: [{ role: "user", content }], ...quiet })).text, said);
      assert.ok(JSON.stringify(mock.bodies.at(-1)).includes(data));
    });

    test("what the policy blocks before the model is asked reaches no model", async () => {
      const strict = await open({ upstreamPort: mock.port, dialect, grant });
      const before = mock.bodies.length;
      const prompt = "mix a poison TEXT";
      if (block === "error") {
        const error = await errorOf(generateText({ model: modelOf(strict), prompt, ...quiet }));
        assert.equal(error.statusCode, 400);
        assert.match(error.responseBody ?? "", /"code":"policy_blocked"/);
        assert.equal(error.isRetryable, false);
      } else {
        const whole = await generateText({ model: modelOf(strict), prompt, ...quiet });
        assert.deepEqual([whole.text, whole.finishReason], ["", "content-filter"]);
      }
      const parts = await partsOf(modelOf(strict), prompt);
      assert.equal(textIn(parts), "");
      assert.equal(finishIn(parts), block === "error" ? "none" : "content-filter");
      assert.equal(mock.bodies.length, before, "the model was not asked");
    });

    test("output the policy blocks mid-way ends as filtered, with what was cleared before it and nothing after", async () => {
      const parts = await partsOf(model, words("BAD"));
      assert.match(textIn(parts), /^The boats go through/);
      assert.doesNotMatch(JSON.stringify(parts), /poison/);
      assert.equal(finishIn(parts), "content-filter");
      const whole = await generateText({ model, prompt: words("BAD"), ...quiet });
      assert.deepEqual([whole.text, whole.finishReason], ["", "content-filter"]);
    });

    test("a server that fails is an error that may be tried again; one that is cut or fails mid-way never looks whole", async () => {
      const error = await errorOf(generateText({ model, prompt: words("STATUS"), ...quiet }));
      assert.deepEqual([error.statusCode, error.isRetryable], [502, true]);
      assert.doesNotMatch(error.responseBody ?? "", /SECRET/);
      for (const order of ["CUT", "ERROR"] as const) {
        const parts = await partsOf(model, words(order));
        assert.ok(
          parts.some(({ type }) => type === "error"),
          order,
        );
        assert.ok(["none", "error"].includes(finishIn(parts)), `${order}: ${finishIn(parts)}`);
        assert.doesNotMatch(JSON.stringify(parts), /SECRET/);
      }
    });

    test("an unknown key is an error by status and is not tried again", async () => {
      const stranger = await errorOf(
        generateText({ model: modelOf(world, "hg_ffffffffffffffffffffffffffffffff"), prompt: "x", maxRetries: 1 }),
      );
      assert.deepEqual([stranger.statusCode, stranger.isRetryable], [401, false]);
    });

    test("past the quota there is a 429 with a time to wait, that may be tried again", async () => {
      const poor = await open({ grant: { requestsPerMinute: 1 } });
      await generateText({ model: modelOf(poor), prompt: "x", ...quiet });
      const error = await errorOf(generateText({ model: modelOf(poor), prompt: "x", ...quiet }));
      assert.deepEqual([error.statusCode, error.isRetryable], [429, true]);
      assert.ok(Number(error.responseHeaders?.["retry-after"]) > 0);
    });

    test("a hold in the middle of a stream ends it as filtered, and then the stage is closed", async () => {
      const held = await open({ grant });
      held.mock.set({ fault: "never-ends" });
      const { stream } = streamText({ model: modelOf(held), prompt: "on and on and on", ...quiet });
      const hold = {
        hold: idOf.hold(name),
        scope: { kind: "model", model: small },
        reason: digestOfLabel("r"),
      } as const;
      let finish = "none";
      let isHeld = false;
      for await (const part of stream) {
        if (part.type === "finish") finish = part.finishReason;
        if (isHeld || part.type !== "text-delta") continue;
        isHeld = true;
        await held.world.say({ verb: "hold", body: hold, by: [bo] });
        await held.publish();
      }
      assert.equal(finish, "content-filter");
      const error = await errorOf(generateText({ model: modelOf(held), prompt: "x", ...quiet }));
      assert.equal(error.statusCode, 403);
      assert.match(error.message, /hold stops this model/);
    });

    test("a caller that leaves a stream is left by the server too", async () => {
      chatty.mock.set({ fault: "never-ends" });
      const before = chatty.mock.records.length;
      const leaving = new AbortController();
      const { stream } = streamText({ model: modelOf(chatty), prompt: "x", ...quiet, abortSignal: leaving.signal });
      for await (const part of stream) if (part.type === "text-delta") leaving.abort();
      chatty.mock.set({ fault: undefined });
      await until(() => chatty.mock.records[before]?.ended === "aborted");
    });
  });
}

test("openai.responses without `store: false` names items of its server's, and is told what to say", async () => {
  const world = await open({ upstreamPort: mock.port, dialect: "openai-responses", envelope, grant });
  const asking = { model: openai(world).responses("small"), prompt: words("TOOLS"), tools: { look } };
  const error = await errorOf(generateText({ ...asking, stopWhen: isStepCount(3), maxRetries: 0 }));
  assert.equal(error.statusCode, 400);
  assert.match(error.responseBody ?? "", /"code":"feature_unsupported"/);
  assert.match(error.message, /`store: false`/);
});

test("many texts are embedded, each with its own vector", async (t) => {
  const server = await startResponsesMock();
  t.after(server.close);
  const dialect = "openai-embeddings";
  const world = await open({ upstreamPort: server.port, dialect, grant });
  const model = openai(world).embeddingModel("small");
  const { embeddings, usage } = await embedMany({ model, values: ["one", "three"], maxRetries: 0 });
  assert.deepEqual(
    embeddings.map(([first]) => first),
    [3 / 64, 5 / 64],
  );
  assert.equal(usage.tokens, 5);
});
