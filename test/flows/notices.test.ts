// What callers are told of findings that stop nothing, over real sockets, with the official clients: in a header, and at the end of
// a stream in a comment that they read over.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import { openModel } from "../../src/acts/fixtures.ts";
import {
  type WorldOptions,
  openGatewayWorld,
  readEvents,
  readStream,
  said,
  secret,
  small,
  words,
} from "./gateway-world.ts";

const limits = { block: { benignRate: 0.005 }, review: { benignRate: 0.02 } };
const card = { name: "card", category: "privacy", known: "payment-card", band: "redact" };
const options: WorldOptions = {
  registry: words,
  chain: [
    { safeguard: "word@1", on: ["input", "output"], ...limits },
    { safeguard: "patterns@1", on: ["output"], patterns: [card] },
  ],
  stream: { holdBackChars: 60, windowChars: 120 },
  tell: "caller",
};
const world = await openGatewayWorld(options);
after(world.close);

// The mock says what it is told, so that both sides hold it.
const flagged = "I am curious, my card is 4111 1111 1111 1111.";
const notices = "cyber;side=input, privacy;side=output, cyber;side=output";
const noticesOf = (text: string): readonly string[] =>
  Array.from(text.matchAll(/^: x-headgate-notice (.*)$/gm), ([, told = ""]) => told);
const asSet = (told: string | null | undefined): Set<string> => new Set((told ?? "").split(", "));

const paths = {
  "/v1/chat/completions": said(flagged),
  "/v1/responses": { model: "small", input: flagged },
  "/v1/messages": { model: "small", max_tokens: 100, messages: [{ role: "user", content: flagged }] },
} as const;

async function post(path: string, body: object): Promise<Response> {
  const headers = { authorization: `Bearer ${secret}`, "content-type": "application/json" };
  return fetch(`${world.url()}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
}

for (const [path, body] of Object.entries(paths)) {
  test(`${path}: a whole answer has them in a header, a stream those of the request there and all before its end`, async () => {
    const whole = await post(path, body);
    assert.equal(whole.status, 200);
    assert.deepEqual(asSet(whole.headers.get("x-headgate-notice")), asSet(notices));
    assert.match(await whole.text(), /redacted: card/);
    const stream = await post(path, { ...body, stream: true });
    assert.equal(stream.headers.get("x-headgate-notice"), "cyber;side=input");
    const text = await stream.text();
    const [told = "", ...others] = noticesOf(text);
    assert.deepEqual(asSet(told), asSet(notices));
    assert.deepEqual(others, []);
    assert.ok(text.indexOf(": x-headgate-notice") < text.indexOf(": x-headgate-receipt"));
  });
}

test("the official clients read answers with notices as any other", async () => {
  const messages = [{ role: "user" as const, content: flagged }];
  const told = /I am curious, my card is \[redacted: card\]\./;
  const chat = world.client().chat.completions;
  const { data, response } = await chat.create({ model: "small", messages }).withResponse();
  assert.match(data.choices[0]?.message.content ?? "", told);
  assert.deepEqual(asSet(response.headers.get("x-headgate-notice")), asSet(notices));
  const completion = await chat.stream({ model: "small", messages }).finalChatCompletion();
  assert.match(completion.choices[0]?.message.content ?? "", told);
  const answered = await world.client().responses.stream({ model: "small", input: flagged }).finalResponse();
  assert.match(answered.output_text, told);
  const anthropic = new Anthropic({ baseURL: world.url(), apiKey: secret, authToken: null, maxRetries: 0 });
  const message = await anthropic.messages.stream({ model: "small", max_tokens: 100, messages }).finalMessage();
  assert.match(message.content.map((block) => (block.type === "text" ? block.text : "")).join(""), told);
});

test("where nothing is flagged nothing is told, and what is blocked is told as a refusal", async () => {
  for (const stream of [false, true]) {
    const clean = await world.ask(said("hello", { stream }));
    assert.equal(clean.headers.get("x-headgate-notice"), null);
    assert.deepEqual(noticesOf(await clean.text()), []);
    const blocked = await world.ask(said("curious poison", { stream }));
    assert.equal(blocked.status, 400);
    assert.equal(blocked.headers.get("x-headgate-notice"), null);
    await blocked.arrayBuffer();
  }
});

test("a policy that tells nobody keeps it to the record", async (t) => {
  const { tell: _none, ...silent } = options;
  const quiet = await openGatewayWorld(silent);
  t.after(quiet.close);
  const whole = await quiet.ask(said(flagged));
  assert.equal(whole.headers.get("x-headgate-notice"), null);
  await whole.arrayBuffer();
  const streamed = await quiet.ask(said(flagged, { stream: true }));
  const raw = await streamed.text();
  assert.deepEqual(noticesOf(raw), []);
  assert.notEqual(readEvents(raw).receipt, undefined);
});

test("in shadow and in observe mode nothing is told", async (t) => {
  const shadowed = await openGatewayWorld({
    ...options,
    chain: [
      { safeguard: "word@1", on: ["input", "output"], ...limits, mode: "shadow" },
      {
        safeguard: "patterns@1",
        on: ["input", "output"],
        patterns: [{ name: "falcon", category: "hate", words: ["falcon"] }],
      },
    ],
  });
  t.after(shadowed.close);
  const observing = await openGatewayWorld({ ...options, isWithheld: true });
  t.after(observing.close);
  const { configuration } = observing;
  await openModel(observing.world, { model: small, stage: "trusted", configuration, mode: "observe" });
  await observing.publish();
  for (const one of [shadowed, observing]) {
    const streamed = await one.ask(said("curious", { stream: true }));
    assert.equal(streamed.headers.get("x-headgate-notice"), null);
    assert.match((await readStream(streamed)).text, /curious/);
    const whole = await one.ask(said("curious"));
    assert.equal(whole.headers.get("x-headgate-notice"), null);
    await whole.arrayBuffer();
  }
});
