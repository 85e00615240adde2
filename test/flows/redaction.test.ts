// Redaction through the gateway, over real sockets, with the official clients: what a pattern finds is taken out of texts and of
// the arguments of calls, streamed and whole alike, in every format, and the receipt says so.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import type OpenAI from "openai";
import { z } from "zod";
import { receiptInWords } from "../../src/acts/receipt-proof.ts";
import type { Answered } from "../../src/gateway/note.ts";
import { createMeters } from "../../src/main/telemetry/meters.ts";
import { openModel } from "../../src/acts/fixtures.ts";
import { contentDigest, openReceipt, type Receipt } from "../../src/acts/receipt.ts";
import { digestOf } from "../../src/proof/digest.ts";
import { toUtf8 } from "../../src/proof/encoding.ts";
import { nodePrimitives as primitives } from "../../src/proof/node.ts";
import type { Safeguard } from "../../src/safeguards/safeguard.ts";
import { type Script, startScripted } from "../upstream-mock/scripted.ts";
import {
  type GatewayWorld,
  type WorldOptions,
  openGatewayWorld,
  readEvents,
  readStream,
  said,
  secret,
  small,
  wordSafeguard,
  words,
} from "./gateway-world.ts";

const card = { name: "card", category: "privacy", known: "payment-card", band: "redact" };
const kase = {
  name: "case",
  category: "privacy",
  expression: "K-[0-9]{6}",
  charsMax: 8,
  band: "redact",
  replacement: "a case",
};
const limits = { block: { benignRate: 0.005 }, review: { benignRate: 0.02 } };
const options: WorldOptions = {
  registry: words,
  chain: [
    { safeguard: "word@1", on: ["input", "output"], ...limits },
    { safeguard: "patterns@1", on: ["output"], patterns: [card, kase] },
  ],
  stream: { holdBackChars: 60, windowChars: 120 },
  envelope: { reasoning: true },
};

const chatServer = await startScripted();
after(chatServer.close);
const noted: Answered[] = [];
const chat = await openGatewayWorld({
  ...options,
  upstreamPort: chatServer.port,
  answered: (answered) => void noted.push(answered),
});
after(chat.close);

const usage = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 };
const text = "The card is 4111 1111 1111 1111 and it is of case K-123456, as I said.";
const told = "The card is [redacted: card] and it is of case a case, as I said.";
const args = '{"to":"bank","note":"\\u0034111 1111 1111 1111\\n","number":5500000000000004,"case":["K-123456"]}';
const toldArguments = { to: "bank", note: "[redacted: card]\n", number: "[redacted: card]", case: ["a case"] };

const chunk = (delta: object, finish_reason: string | null = null): string =>
  `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
const cut = (whole: string, size: number): readonly string[] =>
  Array.from({ length: Math.ceil(whole.length / size) }, (_, at) => whole.slice(at * size, (at + 1) * size));
const call = (more: object): object => ({ tool_calls: [{ index: 0, ...more }] });

function streamed(size: number): Script {
  const pieces = [
    ...cut("I recall 4111 1111 1111 1111.", size).map((reasoning_content) => chunk({ reasoning_content })),
    ...cut(text, size).map((content) => chunk({ content })),
    chunk(call({ id: "x", type: "function", function: { name: "pay", arguments: "" } })),
    ...cut(args, size).map((piece) => chunk(call({ function: { arguments: piece } }))),
    chunk({}, "tool_calls"),
    `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices: [], usage })}\n\n`,
    "data: [DONE]\n\n",
  ];
  return { type: "text/event-stream", pieces: [pieces.join("")] };
}

const whole: Script = {
  type: "application/json",
  pieces: [
    JSON.stringify({
      id: "c",
      object: "chat.completion",
      created: 1,
      model: "m",
      choices: [
        {
          index: 0,
          finish_reason: "tool_calls",
          message: {
            role: "assistant",
            content: text,
            reasoning_content: "I recall 4111 1111 1111 1111.",
            tool_calls: [{ id: "x", type: "function", function: { name: "pay", arguments: args } }],
          },
        },
      ],
      usage,
    }),
  ],
};

const path = "/v1/chat/completions";
const tools: OpenAI.ChatCompletionTool[] = [
  { type: "function", function: { name: "pay", parameters: { type: "object" } } },
];
const asked = { model: "small", messages: [{ role: "user" as const, content: "pay it" }], tools };

async function receiptIn(response: Response): Promise<Receipt> {
  await response.arrayBuffer();
  return (await openReceipt(response.headers.get("x-headgate-receipt") ?? "", primitives)).receipt;
}

test("OpenAI's client: texts and arguments are redacted, streamed in any pieces and whole; usage is the server's", async () => {
  for (const size of [1, 5, 500]) {
    chatServer.play(path, streamed(size));
    const stream = chat.client().chat.completions.stream({ ...asked, stream_options: { include_usage: true } });
    const { choices, usage: counted } = await stream.finalChatCompletion();
    const [choice] = choices;
    assert.equal(choice?.message.content, told);
    assert.equal(choice.finish_reason, "tool_calls");
    const [pay] = choice.message.tool_calls ?? [];
    assert.ok(pay?.type === "function");
    assert.deepEqual(JSON.parse(pay.function.arguments), toldArguments);
    assert.deepEqual([counted?.prompt_tokens, counted?.completion_tokens], [11, 7]);
  }
  chatServer.play(path, whole);
  const answer = await chat.client().chat.completions.create(asked);
  const [choice] = answer.choices;
  assert.equal(choice?.message.content, told);
  const [pay] = choice.message.tool_calls ?? [];
  assert.ok(pay?.type === "function");
  assert.deepEqual(JSON.parse(pay.function.arguments), toldArguments);
  assert.equal(answer.usage?.completion_tokens, 7);
});

test("Anthropic's client and the Responses client read the same, in texts, thinking and arguments", async () => {
  const anthropic = new Anthropic({ baseURL: chat.url(), apiKey: secret, authToken: null, maxRetries: 0 });
  const pay: Anthropic.Tool = { name: "pay", input_schema: { type: "object" } };
  const messages = [{ role: "user" as const, content: "pay it" }];
  chatServer.play(path, streamed(3));
  const message = await anthropic.messages
    .stream({ model: "small", max_tokens: 500, messages, tools: [pay] })
    .finalMessage();
  const blocks = message.content.map((block) =>
    block.type === "text"
      ? block.text
      : block.type === "tool_use"
        ? block.input
        : block.type === "thinking"
          ? block.thinking
          : block.type,
  );
  assert.deepEqual(blocks, ["I recall [redacted: card].", told, toldArguments]);
  chatServer.play(path, streamed(3));
  const stream = chat.client().responses.stream({
    model: "small",
    input: "pay it",
    tools: [{ type: "function", name: "pay", parameters: {}, strict: false }],
  });
  const response = await stream.finalResponse();
  assert.equal(response.output_text, told);
  const called = response.output.find((item) => item.type === "function_call");
  assert.deepEqual(JSON.parse(called?.arguments ?? ""), toldArguments);
  assert.doesNotMatch(JSON.stringify(response.output), /1111|K-123456/);
});

test("chat clients put texts together: a number that reasoning or a call stands in the middle of is found whole", async () => {
  const inTheMiddle = [
    [chunk({ reasoning_content: "Hm." })],
    [chunk(call({ id: "x", type: "function", function: { name: "pay", arguments: "{}" } }))],
  ];
  for (const between of inTheMiddle) {
    const pieces = [chunk({ content: "It is 4111 1111 " }), ...between, chunk({ content: "1111 1111, he said." })];
    const script = [...pieces, chunk({}, "stop"), "data: [DONE]\n\n"];
    chatServer.play(path, { type: "text/event-stream", pieces: script });
    const stream = chat.client().chat.completions.stream(asked);
    let content = "";
    stream.on("content", (piece) => void (content += piece));
    await stream.finalChatCompletion();
    assert.equal(content, "It is [redacted: card], he said.");
  }
});

test("the receipt says how many stretches were redacted and how much was checked, and commits to what was sent", async () => {
  chatServer.play(path, streamed(9));
  const body = said("pay it", { stream: true, tools });
  const raw = await (await chat.ask(body)).text();
  const stream = readEvents(raw);
  const { receipt } = await openReceipt(stream.receipt ?? "", primitives);
  assert.deepEqual([receipt.outcome, receipt.output], ["served", "flag:privacy"]);
  const reasoning = "I recall 4111 1111 1111 1111.";
  assert.deepEqual([receipt.redacted, receipt.checked], [6, reasoning.length + text.length + args.length]);
  assert.doesNotMatch(stream.text, /1111|K-123456/);
  const request = digestOf(toUtf8(JSON.stringify(body)), primitives);
  // All text as it came, whatever it is a text of.
  const texts = raw.matchAll(/"(?:content|reasoning_content|arguments)":("(?:[^"\\]|\\.)*")/g);
  const answer = Array.from(texts, ([, written = ""]) => z.string().parse(JSON.parse(written))).join("");
  assert.equal(receipt.content, contentDigest(receipt.id, { request, answer }, primitives));
  chatServer.play(path, whole);
  const { redacted, checked, output } = await receiptIn(await chat.ask(said("pay it", { tools })));
  assert.deepEqual([redacted, checked, output], [6, receipt.checked, "flag:privacy"]);
  assert.match(receiptInWords(receipt), /6 stretches of the answer redacted/);
  const meters = createMeters();
  noted.slice(-2).forEach(meters.take);
  const read = await meters.read({ gateway: undefined, version: "0", folder: ".", store: undefined });
  meters.close();
  const counted = read.find(({ name }) => name === "headgate_redactions_total")?.points ?? [];
  assert.deepEqual(
    counted.map((point) => point.labels),
    [{ model: "small" }],
  );
});

test("an answer in which nothing is found says nothing of it, and one that is stopped says how far it was checked", async () => {
  const world = await openGatewayWorld({ ...options, onInput: "flag" });
  after(world.close);
  const clean = await receiptIn(await world.ask(said("hello")));
  assert.deepEqual([clean.redacted, clean.checked, clean.output], [undefined, undefined, "pass"]);
  const stopped = await receiptIn(await world.ask(said(`my card 4111 1111 1111 1111 and ${"x ".repeat(100)} poison`)));
  assert.deepEqual([stopped.outcome, stopped.output, stopped.redacted], ["blocked", "block:weapons", 0]);
  assert.ok((stopped.checked ?? 0) > 200);
});

test("in observe mode nothing is taken out, and the receipt says what was found", async (t) => {
  const world: GatewayWorld = await openGatewayWorld({ ...options, isWithheld: true });
  t.after(world.close);
  await openModel(world.world, { model: small, stage: "trusted", configuration: world.configuration, mode: "observe" });
  await world.publish();
  const response = await world.ask(said("my card is 4111 1111 1111 1111"));
  const body = await response.clone().text();
  assert.match(body, /You said: my card is 4111 1111 1111 1111/);
  const { redacted, output, would } = await receiptIn(response);
  assert.deepEqual([redacted, output, would], [undefined, "flag:privacy", "served"]);
});

test("where safeguards are slow others have their turns while an answer is judged, and it comes to the same", async (t) => {
  const server = await startScripted();
  t.after(server.close);
  // Long by its steps, so that it counts as slow, and quick on texts that do not begin like it.
  const long = { name: "long", category: "privacy", expression: "CASE[a-z]{100}", charsMax: 104 };
  let turn = 0;
  const judgedIn = new Set<number>();
  const noting: Safeguard = {
    ...wordSafeguard,
    inspect: (read, surface, thresholds) => {
      if (surface === "output") judgedIn.add(turn);
      return wordSafeguard.inspect(read, surface, thresholds);
    },
  };
  const world = await openGatewayWorld({
    ...options,
    registry: { names: ["word@1"], get: () => noting },
    chain: [
      { safeguard: "word@1", on: ["input", "output"], ...limits },
      { safeguard: "patterns@1", on: ["output"], patterns: [card, kase, long] },
    ],
    stream: { holdBackChars: 120, windowChars: 120 },
    upstreamPort: server.port,
  });
  t.after(world.close);
  const much = `${text} `.repeat(100);
  const ask = async (script: Script, body: object): Promise<Response> => {
    server.play(path, script);
    judgedIn.clear();
    return world.ask(body);
  };
  let isOver = false;
  const count = (): void => {
    turn += 1;
    if (!isOver) setImmediate(count);
  };
  count();
  const pieces = [chunk({ content: much }), chunk({}, "stop"), "data: [DONE]\n\n"].join("");
  const streamedMuch = await ask({ type: "text/event-stream", pieces: [pieces] }, said("x", { stream: true }));
  assert.equal((await readStream(streamedMuch)).text, `${told} `.repeat(100));
  assert.ok(judgedIn.size > much.length / 1_024, `${judgedIn.size}`);
  const choices = [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: much } }];
  const json = JSON.stringify({ id: "c", object: "chat.completion", created: 1, model: "m", choices, usage });
  const wholeMuch = await ask({ type: "application/json", pieces: [json] }, said("x"));
  assert.ok((await wholeMuch.text()).includes(`${told} `.repeat(100)));
  isOver = true;
  assert.ok(judgedIn.size > much.length / 1_024, `${judgedIn.size}`);
});
