// The official client on /v1/embeddings: vectors as it asks for them, texts read by the safeguards, quota and receipts as
// for an answer, and no way from one kind of model to the other.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { APIError } from "openai";
import { startResponsesMock } from "../upstream-mock/responses.ts";
import { openGatewayWorld, said, until } from "./gateway-world.ts";

const mock = await startResponsesMock();
const one = await openGatewayWorld({
  dialect: "openai-embeddings",
  upstreamPort: mock.port,
  envelope: { tools: false },
});
after(async () => {
  await one.close();
  await mock.close();
});

async function errorOf(asking: Promise<unknown>): Promise<APIError> {
  try {
    await asking;
  } catch (error) {
    assert.ok(error instanceof APIError, String(error));
    return error;
  }
  return assert.fail("it was answered");
}

test("the client gets its vectors, in its default encoding and in numbers, from a server of either habit", async () => {
  const expected = [5, 6, 7, 8].map((number) => number / 64);
  for (const input of ["hello", "STUBBORN"]) {
    const vector = expected.map((_, at) => (input.length + at) / 64);
    const packed = await one.client().embeddings.create({ model: "small", input });
    assert.deepEqual(packed.data[0]?.embedding, vector);
    const plain = await one.client().embeddings.create({ model: "small", input, encoding_format: "float" });
    assert.deepEqual(plain.data[0]?.embedding, vector);
    assert.deepEqual([plain.model, plain.object, plain.usage.total_tokens], ["small", "list", 5]);
  }
});

test("several texts have their vectors in order, of the length that was asked for", async () => {
  const answer = await one.client().embeddings.create({ model: "small", input: ["a", "bbb"], dimensions: 2 });
  assert.deepEqual(
    answer.data.map(({ index, embedding }) => [index, embedding]),
    [
      [0, [1 / 64, 2 / 64]],
      [1, [3 / 64, 4 / 64]],
    ],
  );
  assert.deepEqual(mock.records.at(-1)?.body["model"], "mock");
});

test("more vectors than can be taken at once are a 400 that says what to do, and are asked for once", async (t) => {
  const tight = await openGatewayWorld({
    dialect: "openai-embeddings",
    upstreamPort: mock.port,
    envelope: { tools: false },
    bounds: { responseBytesMax: 2_000 },
  });
  t.after(tight.close);
  const before = mock.records.length;
  const input = Array.from({ length: 50 }, (_, at) => `text ${at}`);
  const error = await errorOf(tight.client().embeddings.create({ model: "small", input }));
  assert.deepEqual([error.status, error.code], [400, "request_invalid"]);
  assert.match(error.message, /more than is taken at once.*fewer texts/);
  assert.equal(mock.records.length, before + 1);
  await tight.client().embeddings.create({ model: "small", input: input.slice(0, 2) });
});

test("a text that the policy blocks is a 400 wherever it stands, and the server is not asked", async () => {
  const before = mock.records.length;
  for (const input of ["poison", ["fine", "and poison"], "BREAK"]) {
    const error = await errorOf(one.client().embeddings.create({ model: "small", input }));
    assert.equal(error.code, input === "BREAK" ? "safeguard_unavailable" : "policy_blocked");
  }
  assert.equal(mock.records.length, before);
});

async function refused(body: object): Promise<APIError> {
  return errorOf(one.client().post("/embeddings", { body: { model: "small", ...body } }));
}

test("tokens, unknown fields and more texts than the envelope admits are refused by name", async () => {
  assert.match((await refused({ input: [1, 2, 3] })).message, /input/);
  assert.match((await refused({ input: "x", truncate: "END" })).message, /truncate/);
  const many = await refused({ input: Array.from({ length: 513 }, () => "x") });
  assert.deepEqual([many.status, many.code], [400, "request_invalid"]);
});

test("vectors that are not as asked for are a failure of the server", async () => {
  const error = await errorOf(one.client().embeddings.create({ model: "small", input: ["a", "SHORT"] }));
  assert.deepEqual([error.status, error.code], [502, "upstream_failed"]);
});

test("an embedding has a receipt that is drained, and its output is recorded as not read", async () => {
  const before = one.drained.length;
  const response = await fetch(`${one.url()}/v1/embeddings`, {
    method: "POST",
    headers: { authorization: "Bearer hg_0123456789abcdef0123456789abcdef" },
    body: JSON.stringify({ model: "small", input: "hello" }),
  });
  assert.equal(response.status, 200);
  assert.ok((response.headers.get("x-headgate-receipt") ?? "").length > 100);
  await until(() => one.drained.length > before);
  assert.equal(response.headers.get("x-headgate-stage"), "trusted");
});

test("a model that embeds answers no conversation, and a model that answers embeds nothing", async (t) => {
  const answering = await openGatewayWorld();
  t.after(answering.close);
  const chat = await errorOf(
    one.client().chat.completions.create({ model: "small", messages: [{ role: "user", content: "x" }] }),
  );
  assert.deepEqual([chat.status, chat.code], [400, "feature_unsupported"]);
  const responses = await errorOf(one.client().responses.create({ model: "small", input: "x" }));
  assert.equal(responses.code, "feature_unsupported");
  const embedding = await errorOf(answering.client().embeddings.create({ model: "small", input: "x" }));
  assert.equal(embedding.code, "feature_unsupported");
  assert.equal((await answering.ask(said("x"))).status, 200);
});

test("requests and tokens of embeddings count against the quota", async (t) => {
  const poor = await openGatewayWorld({
    dialect: "openai-embeddings",
    upstreamPort: mock.port,
    grant: { requestsPerMinute: 2, tokensPerDay: 100 },
  });
  t.after(poor.close);
  await poor.client().embeddings.create({ model: "small", input: "x" });
  const long = await errorOf(poor.client().embeddings.create({ model: "small", input: "x".repeat(400) }));
  assert.deepEqual([long.status, long.code], [429, "quota_exhausted"]);
});
