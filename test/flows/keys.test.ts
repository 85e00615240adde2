// Keys and limits at the gateway: rotation, networks, what ends a running stream, limits of every circle, rate headers, and
// streams that end when what was set aside for them is used up.
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { z } from "zod";
import type { BodyOf } from "../../src/acts/bodies.ts";
import { callerKeyOf, digestOfLabel, idOf, organisationOf } from "../../src/acts/fixtures.ts";
import { digestOf } from "../../src/proof/digest.ts";
import { toUtf8 } from "../../src/proof/encoding.ts";
import { nodePrimitives as primitives } from "../../src/proof/node.ts";
import { Instant, timestampOf } from "../../src/terms/ids.ts";
import { Network } from "../../src/terms/network.ts";
import {
  Completion,
  type GatewayWorld,
  type WorldOptions,
  ada,
  codeOf,
  openGatewayWorld,
  readStream,
  refusalIn,
  said,
  secret,
  small,
} from "./gateway-world.ts";

const reason = digestOfLabel("a reason");
const hash = digestOf(toUtf8(secret), primitives);
const fresh = "hg_a_secret_that_came_later";
const freshHash = digestOf(toUtf8(fresh), primitives);
const loopback = Network.parse("127.0.0.0/8");
const elsewhere = Network.parse("192.0.2.0/24");

type KeyBody = BodyOf<"key">;

async function opened(t: TestContext, options: WorldOptions = {}): Promise<GatewayWorld> {
  const one = await openGatewayWorld({ leaseMs: 60_000, ...options });
  t.after(one.close);
  return one;
}

async function change(one: GatewayWorld, changes: Partial<KeyBody>): Promise<void> {
  const body: KeyBody = { ...callerKeyOf(hash), anew: { kind: "change" }, ...changes };
  await one.world.say({ verb: "key", body, by: [ada] });
  await one.publish();
}

const withKey = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });
const endless = said("words ".repeat(50), { stream: true });

test("after a rotation both secrets work, and after the overlap the new one alone", async (t) => {
  const one = await opened(t);
  const until = timestampOf(Instant.parse(one.now() + 20_000));
  const body: KeyBody = { ...callerKeyOf(hash), hash: freshHash, anew: { kind: "rotation", until } };
  await one.world.say({ verb: "key", body, by: [ada] });
  await one.publish();
  assert.equal((await one.ask(said("x"))).status, 200);
  assert.equal((await one.ask(said("x"), withKey(fresh))).status, 200);
  one.switches.clockShiftMs = 21_000;
  assert.equal(await codeOf(await one.ask(said("x"))), "key_suspended");
  assert.equal((await one.ask(said("x"), withKey(fresh))).status, 200);
});

test("both secrets of a key count against the same limits", async (t) => {
  const one = await opened(t);
  const until = timestampOf(Instant.parse(one.now() + 20_000));
  const limits = { requestsPerMinute: 1 };
  const body: KeyBody = { ...callerKeyOf(hash), hash: freshHash, limits, anew: { kind: "rotation", until } };
  await one.world.say({ verb: "key", body, by: [ada] });
  await one.publish();
  assert.equal((await one.ask(said("x"))).status, 200);
  assert.equal(await codeOf(await one.ask(said("x"), withKey(fresh))), "quota_exhausted:requests");
});

test("whoever is suspended keeps the receipts of their key; a secret that was revoked or rotated out reads none", async (t) => {
  const one = await opened(t);
  const id = (await one.ask(said("x"))).headers.get("x-request-id") ?? "";
  const read = async (key: string): Promise<string> => {
    const answer = await fetch(`${one.url()}/v1/receipts/${id}`, { headers: withKey(key) });
    return answer.status === 200 ? "given" : codeOf(answer);
  };
  const until = timestampOf(Instant.parse(one.now() + 20_000));
  const rotated: KeyBody = { ...callerKeyOf(hash), hash: freshHash, anew: { kind: "rotation", until } };
  await one.world.say({ verb: "key", body: rotated, by: [ada] });
  await one.publish();
  assert.deepEqual([await read(secret), await read(fresh)], ["given", "given"]);
  one.switches.clockShiftMs = 21_000;
  assert.deepEqual([await read(secret), await read(fresh)], ["key_suspended", "given"]);
  const { key } = callerKeyOf(hash);
  await one.world.say({ verb: "suspend", body: { target: { kind: "key", key }, reason }, by: [ada] });
  await one.publish();
  assert.equal(await codeOf(await one.ask(said("x"), withKey(fresh))), "key_suspended");
  assert.equal(await read(fresh), "given");
  await one.world.say({ verb: "suspend", body: { target: { kind: "key", key, forGood: true }, reason }, by: [ada] });
  await one.publish();
  assert.equal(await read(fresh), "key_suspended");
});

test("a key is refused outside its networks on every address that takes a key, and a header changes nothing", async (t) => {
  const one = await opened(t);
  await change(one, { networks: [elsewhere] });
  const forwarded = { "x-forwarded-for": "192.0.2.7" };
  const refusal = await refusalIn(await one.ask(said("x"), forwarded));
  assert.deepEqual([refusal.status, refusal.code, refusal.reason], [403, "key_suspended", "network"]);
  for (const path of ["/v1/models", "/v1/models/small", "/v1/receipts/rcpt_000000000000000000000000"]) {
    const response = await fetch(one.url() + path, { headers: { ...withKey(secret), ...forwarded } });
    assert.equal(await codeOf(response), "key_suspended:network", path);
  }
  await change(one, { networks: [elsewhere, loopback] });
  assert.equal((await one.ask(said("x"))).status, 200);
  const models = await fetch(`${one.url()}/v1/models`, { headers: withKey(secret) });
  assert.match(await models.text(), /small/);
});

test("behind a proxy that was named, the hop before it counts", async (t) => {
  const one = await opened(t, { proxies: [loopback] });
  await change(one, { networks: [elsewhere] });
  assert.equal(await codeOf(await one.ask(said("x"))), "key_suspended:network");
  assert.equal((await one.ask(said("x"), { "x-forwarded-for": "203.0.113.1, 192.0.2.7" })).status, 200);
  const spoofed = { "x-forwarded-for": "192.0.2.7, 203.0.113.1" };
  assert.equal(await codeOf(await one.ask(said("x"), spoofed)), "key_suspended:network");
});

const stops: readonly (readonly [name: string, stop: (one: GatewayWorld) => Promise<void>])[] = [
  ["a network it is not in", async (one) => change(one, { networks: [elsewhere] })],
  ["an end that has come", async (one) => change(one, { notAfter: timestampOf(Instant.parse(one.now() - 1)) })],
  [
    "a rotation without overlap",
    async (one) => {
      const until = timestampOf(Instant.parse(one.now() - 1));
      const body: KeyBody = { ...callerKeyOf(hash), hash: freshHash, anew: { kind: "rotation", until } };
      await one.world.say({ verb: "key", body, by: [ada] });
      await one.publish();
    },
  ],
  [
    "a revocation",
    async (one) => {
      const target = { kind: "key", key: idOf.key(hash), forGood: true } as const;
      await one.world.say({ verb: "suspend", body: { target, reason }, by: [ada] });
      await one.publish();
    },
  ],
];

for (const [name, stop] of stops) {
  test(`${name} ends a running stream as a refusal ends`, async (t) => {
    const one = await opened(t);
    one.mock.set({ fault: "never-ends" });
    const response = await one.ask(endless);
    const reading = readStream(response);
    await stop(one);
    assert.deepEqual((await reading).finishes, ["content_filter"]);
    assert.match(await codeOf(await one.ask(said("x"))), /^key_suspended/);
  });
}

test("a key's end by the clock ends a running stream, with nothing said over the feed", async (t) => {
  const one = await opened(t);
  await change(one, { notAfter: timestampOf(Instant.parse(one.now() + 20_000)) });
  one.mock.set({ fault: "never-ends" });
  const reading = readStream(await one.ask(endless));
  one.switches.clockShiftMs = 21_000;
  assert.deepEqual((await reading).finishes, ["content_filter"]);
});

test("a suspended key works again once it is written anew", async (t) => {
  const one = await opened(t);
  const target = { kind: "key", key: idOf.key(hash) } as const;
  await one.world.say({ verb: "suspend", body: { target, reason }, by: [ada] });
  await one.publish();
  assert.equal(await codeOf(await one.ask(said("x"))), "key_suspended");
  await change(one, {});
  assert.equal((await one.ask(said("x"))).status, 200);
});

test("limits of an organisation are over all its keys, those of a model over everybody", async (t) => {
  const one = await opened(t);
  await one.world.say({ verb: "key", body: { ...callerKeyOf(freshHash), key: idOf.key("other") }, by: [ada] });
  const organisation = {
    ...organisationOf(one.world, { model: small, stage: "trusted" }),
    limits: { requestsPerMinute: 2 },
  };
  await one.world.say({ verb: "organisation", body: organisation, by: [ada] });
  await one.publish();
  assert.equal((await one.ask(said("x"))).status, 200);
  assert.equal((await one.ask(said("x"), withKey(fresh))).status, 200);
  for (const key of [secret, fresh]) {
    assert.equal(await codeOf(await one.ask(said("x"), withKey(key))), "quota_exhausted:requests");
  }
  const two = await opened(t, { modelLimits: { requestsPerMinute: 1 } });
  assert.equal((await two.ask(said("x"))).status, 200);
  assert.equal(await codeOf(await two.ask(said("x"))), "quota_exhausted:requests");
});

const left = (response: Response): unknown[] =>
  ["limit", "remaining", "reset"].map((name) => response.headers.get(`x-ratelimit-${name}-requests`));

test("answers, streams and refusals say what is left, in the words of each maker", async (t) => {
  const one = await opened(t, { grant: { requestsPerMinute: 3, tokensPerDay: 1_000_000 } });
  const whole = await one.ask(said("x", { max_tokens: 5 }));
  assert.match(left(whole).join(" "), /^3 2 \d+s$/);
  assert.equal(whole.headers.get("x-ratelimit-limit-tokens"), "1000000");
  assert.ok(Number(whole.headers.get("x-ratelimit-remaining-tokens")) > 999_900);
  const stream = await one.ask(said("x", { stream: true }));
  assert.match(left(stream).join(" "), /^3 1 \d+s$/);
  await stream.text();
  const messages = async (): Promise<Response> =>
    fetch(`${one.url()}/v1/messages`, {
      method: "POST",
      headers: { "x-api-key": secret, "anthropic-version": "2023-06-01", "content-type": "application/json" },
      body: JSON.stringify({ model: "small", max_tokens: 5, messages: [{ role: "user", content: "x" }] }),
    });
  const third = await messages();
  assert.equal(third.headers.get("anthropic-ratelimit-requests-remaining"), "0");
  assert.match(third.headers.get("anthropic-ratelimit-requests-reset") ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:00Z$/);
  const refused = await messages();
  assert.equal(refused.status, 429);
  assert.equal(refused.headers.get("anthropic-ratelimit-requests-limit"), "3");
  assert.match(refused.headers.get("retry-after") ?? "", /^\d+$/);
});

test("a server that heeds no limit is not read on: the stream ends for its length, and says so as its format does", async (t) => {
  const one = await opened(t);
  one.mock.set({ fault: "never-ends" });
  const chat = await readStream(await one.ask(said("words ".repeat(20), { stream: true, max_tokens: 20 })));
  assert.deepEqual(chat.finishes, ["length"]);
  assert.ok(chat.text.length >= 160 && chat.text.length < 400, String(chat.text.length));
  assert.deepEqual(chat.order.slice(-2), ["receipt", "done"]);
  const asked = async (path: string, body: object): Promise<string> => {
    const init = {
      method: "POST",
      headers: withKey(secret),
      body: JSON.stringify({ model: "small", stream: true, ...body }),
    };
    return (await fetch(one.url() + path, init)).text();
  };
  const turns = [{ role: "user", content: "words ".repeat(20) }];
  assert.match(
    await asked("/v1/messages", { max_tokens: 20, messages: turns }),
    /"stop_reason":"max_tokens".*message_stop/s,
  );
  const responses = await asked("/v1/responses", { max_output_tokens: 20, input: turns, store: false });
  assert.match(responses, /response\.incomplete.*"reason":"max_output_tokens"/s);
  await one.mock.ended(one.mock.records.length - 1);
});

test("a whole answer of a server that heeds no limit is cut where a stream of it ends, for its length", async (t) => {
  const one = await opened(t);
  const asked = async (more: object): Promise<z.infer<typeof Completion>> =>
    Completion.parse(await (await one.ask(said("\u{1F600}".repeat(1_000), more))).json());
  const [whole] = (await asked({})).choices;
  assert.equal(whole?.finish_reason, "stop");
  const cut = await asked({ max_tokens: 20 });
  const [choice] = cut.choices;
  assert.equal(choice?.finish_reason, "length");
  assert.equal(choice.message.content, `You said: ${"\u{1F600}".repeat(78)}`, "167 characters, less half a pair");
  assert.ok(cut.usage.completion_tokens < 200, String(cut.usage.completion_tokens));
});
