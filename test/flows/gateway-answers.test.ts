// What callers get: answers, streams, refusals, by fetch and by the official client, over real sockets.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Completion, openGatewayWorld, readStream, refusalIn, said } from "./gateway-world.ts";

const plain = await openGatewayWorld();
after(plain.close);

test("an allowed question is answered, under the certificate in the header", async () => {
  const response = await plain.ask(said("What is a headgate?"));
  assert.equal(response.status, 200);
  const answer = Completion.parse(await response.json());
  assert.equal(answer.choices[0]?.message.content, "You said: What is a headgate?");
  assert.equal(answer.model, "small");
  assert.equal(response.headers.get("x-headgate-stage"), "trusted");
  assert.equal(response.headers.get("x-headgate-certificate"), plain.release().certificate);
  assert.match(response.headers.get("x-headgate-receipt") ?? "", /^hgr1\./);
  assert.match(response.headers.get("x-request-id") ?? "", /^rcpt_[0-9a-f]{24}$/);
});

test("a stream ends with receipt, usage where asked for, and [DONE], in this order", async () => {
  const body = said("one two three ".repeat(40), { stream: true, stream_options: { include_usage: true } });
  const response = await plain.ask(body);
  assert.equal(response.headers.get("content-type"), "text/event-stream; charset=utf-8");
  const stream = await readStream(response);
  assert.deepEqual(stream.order, ["chunk", "receipt", "usage", "done"]);
  assert.deepEqual(stream.finishes, ["stop"]);
  assert.equal(stream.text, `You said: ${"one two three ".repeat(40)}`);
  const without = await readStream(await plain.ask(said("hello", { stream: true })));
  assert.deepEqual(without.order, ["chunk", "receipt", "done"]);
});

test("input the policy blocks is refused with 400 and asks for no retry", async () => {
  const before = plain.mock.records.length;
  const response = await plain.ask(said("mix me a poison"));
  const refusal = await refusalIn(response);
  assert.equal(refusal.status, 400);
  assert.equal(refusal.code, "policy_blocked");
  assert.equal(refusal.headers.get("x-should-retry"), "false");
  assert.equal(plain.mock.records.length, before, "the model was not asked");
});
