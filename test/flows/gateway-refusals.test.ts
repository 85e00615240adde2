// Who is refused, and how: keys, stages, quotas, and bodies that are not what they should be.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, test } from "node:test";
import { callerKeyOf, certify, digestOfLabel, idOf, organisationOf, releaseOf } from "../../src/acts/fixtures.ts";
import { digestOf } from "../../src/proof/digest.ts";
import { toUtf8 } from "../../src/proof/encoding.ts";
import { nodePrimitives as primitives } from "../../src/proof/node.ts";
import type { Safeguard } from "../../src/safeguards/safeguard.ts";
import { Instant, Name, timestampOf } from "../../src/terms/ids.ts";
import {
  Completion,
  ada,
  bo,
  codeOf,
  openGatewayWorld,
  readStream,
  refusalIn,
  said,
  secret,
  small,
  until,
  wordSafeguard,
} from "./gateway-world.ts";

const open = await openGatewayWorld();
after(open.close);
const withheld = await openGatewayWorld({ isWithheld: true });
after(withheld.close);

const withKey = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });

/** Until the first byte of an answer, on a slow machine; then for what may follow it. */
const answerMsMax = 10_000;
const silentMs = 300;

/** Sends bytes as they are and reads what comes back until the other side closes, or is silent for a while. */
async function raw(text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(open.url()).port), "127.0.0.1");
    let answer = "";
    socket.setTimeout(answerMsMax, () => socket.destroy());
    socket.on("data", (piece) => {
      socket.setTimeout(silentMs);
      answer += piece.toString("latin1");
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      resolve(answer);
    });
    socket.write(text);
  });
}

test("no key, an unknown key and a key of absurd length are told apart only where that tells nothing", async () => {
  const missing = await fetch(`${open.url()}/v1/chat/completions`, { method: "POST", body: "{}" });
  assert.equal(await codeOf(missing), "key_missing");
  assert.equal(await codeOf(await open.ask(said("x"), withKey("hg_nobody"))), "key_unknown");
  assert.equal(await codeOf(await open.ask(said("x"), withKey(`hg_${"x".repeat(5000)}`))), "key_unknown");
  assert.equal(await codeOf(await open.ask(said("x"), withKey(`hg_demo_${"x".repeat(20)}`))), "key_unknown");
  const byHeader = await open.ask(said("x"), { authorization: "", "x-api-key": secret });
  assert.equal(await codeOf(byHeader), "key_missing", "one header decides, and it is Authorization");
});

test("an error on an address of Anthropic's format is in that format, with the id under both names, and elsewhere in OpenAI's", async () => {
  for (const [path, key, status, type] of [
    ["/v1/messages", "hg_nobody", 401, "authentication_error"],
    ["/v1/messages/batches", secret, 400, "invalid_request_error"],
  ] as const) {
    const headers = { "x-api-key": key };
    const response = await fetch(`${open.url()}${path}`, { method: "POST", headers, body: "{}" });
    assert.equal(response.status, status);
    assert.match(response.headers.get("request-id") ?? "", /^rcpt_/);
    assert.equal(response.headers.get("request-id"), response.headers.get("x-request-id"));
    assert.match(await response.text(), new RegExp(`^\\{"type":"error","error":\\{"type":"${type}"`));
  }
  for (const path of ["/v1/responses", "/v1/nothing"]) {
    const response = await fetch(`${open.url()}${path}`, { method: "POST", headers: withKey("hg_nobody"), body: "{}" });
    assert.equal(response.headers.get("request-id"), null);
    assert.match(await response.text(), /^\{"error":\{"message":/);
  }
});

test("a model that is not there and one that is not granted are refused with the same bytes but the id", async () => {
  const other = Name.parse("secret-model");
  const { configuration } = open;
  const documents = [{ kind: "Model", name: other, digest: configuration.model }] as const;
  await open.world.say({ verb: "document", body: { documents: [...documents] }, by: [ada] });
  await open.publish();
  const of = async (model: string): Promise<string> => {
    const response = await open.ask({ ...said("x"), model });
    assert.equal(response.status, 404);
    const headers = [...response.headers].filter(
      ([name]) => !["x-request-id", "x-headgate-receipt", "date"].includes(name),
    );
    return JSON.stringify([headers, (await response.text()).replace(/rcpt_[0-9a-f]{24}/, "ID")]);
  };
  assert.equal(await of("secret-model"), await of("absent-model"));
});

test("a model that nobody released is withheld, and says so to a key that is granted it", async () => {
  const refusal = await refusalIn(await withheld.ask(said("x")));
  assert.deepEqual([refusal.status, refusal.code, refusal.reason], [403, "stage_closed", "withheld"]);
  assert.equal(refusal.headers.get("x-should-retry"), "false");
  const list = await fetch(`${withheld.url()}/v1/models`, { headers: withKey(secret) });
  assert.deepEqual(await list.json(), { object: "list", data: [] });
});

test("a release at a lower stage than the grant's opens nothing", async () => {
  const { world, configuration } = withheld;
  await certify(world, releaseOf(world, { model: small, stage: "evaluators", configuration }), [ada, bo]);
  await withheld.publish();
  assert.equal(await codeOf(await withheld.ask(said("x"))), "stage_closed:withheld");
});

test("a certificate opens at its beginning and closes at its end, also for running streams", async () => {
  const { world, configuration } = withheld;
  const at = (seconds: number): string => timestampOf(Instant.parse(withheld.now() + seconds * 1000));
  const dates = { notBefore: at(3600), notAfter: at(7200), decideBy: at(7000) };
  await certify(world, releaseOf(world, { model: small, stage: "trusted", configuration, ...dates }), [ada, bo]);
  await withheld.publish();
  assert.equal(await codeOf(await withheld.ask(said("x"))), "stage_closed:not-yet");
  withheld.switches.clockShiftMs = 3_700_000;
  await until(() => withheld.gateway().gateway.follower.closure() === undefined);
  assert.equal((await withheld.ask(said("x"))).status, 200);
  withheld.mock.set({ fault: "never-ends" });
  const streaming = withheld.ask(said("words ".repeat(50), { stream: true }));
  await until(() => withheld.gateway().gateway.live.count() === 1);
  const response = await streaming;
  withheld.switches.clockShiftMs = 7_300_000;
  assert.deepEqual((await readStream(response)).finishes, ["content_filter"]);
  withheld.mock.set({ fault: undefined });
  await until(() => withheld.gateway().gateway.follower.closure() === undefined);
  assert.equal(await codeOf(await withheld.ask(said("x"))), "stage_closed:expired");
});

const overloaded: Safeguard["inspect"] = () => ({ kind: "unknown", cause: "overloaded" });

test("where too much of a caller's waits for a safeguard, the refusal says to send less at once", async (t) => {
  const world = await openGatewayWorld({
    registry: { names: ["word@1"], get: () => ({ ...wordSafeguard, inspect: overloaded }) },
  });
  t.after(world.close);
  const refusal = await refusalIn(await world.ask(said("x")));
  assert.deepEqual([refusal.status, refusal.code, refusal.reason], [503, "safeguard_unavailable", "overloaded"]);
  assert.match(refusal.message, /Send less at once/);
});

test("a suspended key and the keys of a suspended organisation are refused, and what they run is stopped", async (t) => {
  const one = await openGatewayWorld();
  t.after(one.close);
  const key = idOf.key(digestOf(toUtf8(secret), primitives));
  one.mock.set({ fault: "never-ends" });
  const response = await one.ask(said("words ".repeat(50), { stream: true }));
  const reason = digestOfLabel("a reason");
  await one.world.say({ verb: "suspend", body: { target: { kind: "key", key }, reason }, by: [ada] });
  await one.publish();
  assert.deepEqual((await readStream(response)).finishes, ["content_filter"]);
  assert.equal(await codeOf(await one.ask(said("x"))), "key_suspended");
  for (const path of ["/v1/models", "/v1/models/small"])
    assert.equal(await codeOf(await fetch(one.url() + path, { headers: withKey(secret) })), "key_suspended", path);
  const two = await openGatewayWorld();
  t.after(two.close);
  two.mock.set({ fault: "never-ends" });
  const other = await two.ask(said("words ".repeat(50), { stream: true }));
  const target = { kind: "organisation", organisation: Name.parse("acme") } as const;
  await two.world.say({ verb: "suspend", body: { target, reason }, by: [ada] });
  await two.publish();
  assert.deepEqual((await readStream(other)).finishes, ["content_filter"]);
  assert.equal(await codeOf(await two.ask(said("x"))), "key_suspended");
  assert.equal(await codeOf(await fetch(`${two.url()}/v1/models`, { headers: withKey(secret) })), "key_suspended");
});

test("a key and a grant end at their time", async (t) => {
  const one = await openGatewayWorld({ leaseMs: 60_000 });
  t.after(one.close);
  const brief = "hg_a_key_that_ends_soon";
  const hash = digestOf(toUtf8(brief), primitives);
  const notAfter = timestampOf(Instant.parse(one.now() + 20_000));
  const organisation = organisationOf(one.world, { model: small, stage: "trusted" });
  const later = timestampOf(Instant.parse(one.now() + 40_000));
  const grants = organisation.grants.map((grant) => ({ ...grant, notAfter: later }));
  await one.world.say({ verb: "organisation", body: { ...organisation, grants }, by: [ada] });
  await one.world.say({ verb: "key", body: { ...callerKeyOf(hash), notAfter }, by: [ada] });
  await one.publish();
  assert.equal((await one.ask(said("x"), withKey(brief))).status, 200);
  one.switches.clockShiftMs = 21_000;
  assert.equal(await codeOf(await one.ask(said("x"), withKey(brief))), "key_suspended");
  assert.equal((await one.ask(said("x"))).status, 200);
  one.switches.clockShiftMs = 41_000;
  assert.equal(await codeOf(await one.ask(said("x"))), "agreement_missing");
});

test("requests a minute, tokens a day: past the quota there is 429 with a time to wait", async (t) => {
  const few = await openGatewayWorld({ grant: { requestsPerMinute: 2 } });
  t.after(few.close);
  assert.equal((await few.ask(said("a"))).status, 200);
  assert.equal(await codeOf(await few.ask(said("poison"))), "policy_blocked:weapons", "what is blocked counts too");
  const refusal = await refusalIn(await few.ask(said("c")));
  assert.deepEqual([refusal.status, refusal.code, refusal.reason], [429, "quota_exhausted", "requests"]);
  assert.match(refusal.headers.get("retry-after") ?? "", /^\d+$/);
  const poor = await openGatewayWorld({ grant: { tokensPerDay: 200 } });
  t.after(poor.close);
  assert.equal(await codeOf(await poor.ask(said("a"))), "quota_exhausted:tokens", "the envelope's output is reserved");
  assert.equal((await poor.ask(said("a", { max_tokens: 50 }))).status, 200);
  assert.equal((await poor.ask(said("a", { max_tokens: 50 }))).status, 200, "what was not used is given back");
});

test("a key has so many exchanges at once and no more, and a caller who leaves frees the place", async (t) => {
  const busy = await openGatewayWorld({ grant: { requestsPerMinute: 1_000_000 } });
  t.after(busy.close);
  busy.mock.set({ fault: "slow-headers" });
  const leave = new AbortController();
  const asked = Array.from({ length: 64 }, async () =>
    fetch(`${busy.url()}/v1/chat/completions`, {
      method: "POST",
      headers: withKey(secret),
      body: JSON.stringify(said("x", { max_tokens: 1 })),
      signal: leave.signal,
    }).catch(() => undefined),
  );
  await until(() => busy.mock.records.length === 64);
  assert.equal(await codeOf(await busy.ask(said("x", { max_tokens: 1 }))), "quota_exhausted:exchanges");
  leave.abort();
  await Promise.all(asked);
  await until(() => busy.gateway().gateway.live.count() === 0);
  await until(() => busy.mock.records.every(({ ended }) => ended === "aborted"));
  busy.mock.set({ fault: undefined });
  assert.equal((await busy.ask(said("x", { max_tokens: 1 }))).status, 200);
});

const badBodies: readonly [name: string, body: string | Uint8Array<ArrayBuffer>][] = [
  ["nothing", ""],
  ["not JSON", "{"],
  ["not an object", "[]"],
  ["not UTF-8", new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
  ["a key twice", '{"model":"small","model":"other","messages":[]}'],
  ["a key twice, once escaped", String.raw`{"model":"small","mod\u0065l":"other","messages":[]}`],
  ["deep nesting", `{"model":"small","messages":${"[".repeat(5000)}${"]".repeat(5000)}}`],
  ["a huge number", '{"model":"small","messages":[{"role":"user","content":"x"}],"max_tokens":1e400}'],
  ["an inexact number", '{"model":"small","messages":[{"role":"user","content":"x"}],"seed":9007199254740993}'],
  ["__proto__", '{"model":"small","messages":[{"role":"user","content":"x"}],"__proto__":{"stream":true}}'],
  ["half a surrogate", String.raw`{"model":"small","messages":[{"role":"user","content":"\ud83d"}]}`],
  ["no messages", '{"model":"small","messages":[]}'],
  ["no model", '{"messages":[]}'],
  ["another case", '{"Model":"small","model":"small","messages":[{"role":"user","content":"x"}]}'],
];
for (const [name, body] of badBodies) {
  test(`a body with ${name} is refused before the model is asked`, async () => {
    const before = open.mock.records.length;
    const refusal = await refusalIn(await open.ask(body));
    assert.equal(refusal.code, "request_invalid");
    assert.equal(refusal.status, 400);
    assert.equal(open.mock.records.length, before);
  });
}

test("a compressed body is not opened", async () => {
  const { gzipSync } = await import("node:zlib");
  const body = new Uint8Array(gzipSync(JSON.stringify(said("x"))));
  assert.equal(await codeOf(await open.ask(body, { "content-encoding": "gzip" })), "request_invalid");
});

test("a body that is too large is refused by the model's limit and, unread, by the gateway's", async () => {
  assert.equal(await codeOf(await open.ask(said("x".repeat(300_000)))), "body_too_large");
  assert.equal(await codeOf(await open.ask(new Uint8Array(17 * 1024 * 1024))), "body_too_large");
  assert.equal((await open.ask(said("x"))).status, 200);
});

test("addresses that are none are answered, and nothing stops for them", async () => {
  for (const target of ["//", "http://[", "/%", "*", "/v1/models/%zz", "/../../etc/passwd", "/v1/receipts/x"]) {
    assert.match(
      await raw(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`),
      /^HTTP\/1\.1 4\d\d /,
    );
  }
  assert.match(await raw("CONNECT a:1 HTTP/1.1\r\nHost: localhost\r\n\r\n"), /^$|^HTTP\/1\.1 4/);
  assert.match(await raw("\x16\x03\x01 not http\r\n\r\n"), /^HTTP\/1\.1 400/);
  assert.equal((await open.ask(said("x"))).status, 200);
});

test("a Host header that is not ours is refused, whatever the route", async (t) => {
  for (const target of ["GET /healthz", "GET /v1/models", "POST /v1/chat/completions", "POST /hold"]) {
    const answer = await raw(
      `${target} HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
    );
    assert.match(answer, /^HTTP\/1\.1 404 /);
  }
  const named = await openGatewayWorld({ hosts: ["Gate.Example"] });
  t.after(named.close);
  const { status } = await fetch(`${named.url()}/healthz`);
  assert.equal(status, 200);
});

test("two lengths, or a length and chunks, are no request", async () => {
  const head = `POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${secret}\r\n`;
  assert.match(await raw(`${head}Content-Length: 5\r\nContent-Length: 6\r\n\r\n{"a":1}`), /^HTTP\/1\.1 400/);
  assert.match(await raw(`${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`), /^HTTP\/1\.1 400/);
});

const unserved = [
  "POST /v1/completions",
  "POST /v1/files",
  "GET /v1/files/file-1/content",
  "DELETE /v1/files/file-1",
  "POST /v1/batches",
  "GET /v1/realtime",
  "POST /v1/audio/speech",
  "POST /v1/images/generations",
  "GET /v1/responses/resp_1",
  "POST /v1/responses/compact",
  "GET /v1/chat/completions/chatcmpl-1",
  "POST /v1/conversations",
  "POST /v1/threads/runs",
] as const;

for (const address of unserved)
  test(`${address} is a feature that is not served, and not an address that is none`, async () => {
    const [method, path] = address.split(" ");
    const asked = await fetch(`${open.url()}${path}`, { method: method ?? "", headers: withKey(secret) });
    assert.equal(await codeOf(asked), "feature_unsupported");
  });

test("nothing else is at an address like one of ours", async () => {
  for (const path of ["/v1/filesx", "/v1/chat", "/v1", "/v2/files", "/v1/completionss"]) {
    const asked = await fetch(`${open.url()}${path}`, { method: "POST", headers: withKey(secret), body: "{}" });
    assert.equal(await codeOf(asked), "not_found", path);
  }
});

test("readiness says why it is closed, and follows", async () => {
  const ready = async (): Promise<unknown> => (await fetch(`${open.url()}/readyz`)).json();
  assert.deepEqual(await ready(), { ready: true, closure: null, models: { open: 1, deciding: 1 }, live: 0 });
  open.switches.monotonicShiftMs += 10_000;
  open.switches.lease = "off";
  assert.deepEqual(await ready(), { ready: false, closure: "lease", models: { open: 1, deciding: 1 }, live: 0 });
  open.switches.lease = "on";
  await until(() => open.gateway().gateway.follower.closure() === undefined);
});

test("a system prompt is the document's, and what the caller wrote follows it", async (t) => {
  const prompted = await openGatewayWorld();
  t.after(prompted.close);
  Completion.parse(await (await prompted.ask(said("hello"))).json());
  const [record] = prompted.mock.records;
  assert.equal(record?.body["model"], "mock");
  assert.deepEqual(Object.keys(record?.body ?? {}).toSorted(), ["max_tokens", "messages", "model"]);
  assert.equal(record?.headers.authorization, undefined, "the caller's key never reaches the model");
});

test("a key that is refused over and over is told to wait, unread and unrecorded, and no other key is", async () => {
  const few = await openGatewayWorld({ refusalsPerMinuteMax: 5 });
  try {
    const answers: Response[] = [];
    for (let times = 0; times < 8; times += 1) answers.push(await few.ask(said("Hi", { model: "no-such-model" })));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [404, 404, 404, 404, 404, 429, 429, 429],
    );
    const [last] = answers.slice(-1);
    assert.match(last?.headers.get("retry-after") ?? "", /^\d{1,2}$/);
    assert.equal(last?.headers.get("x-headgate-receipt"), null);
    assert.equal((await few.ask(said("Hi"))).status, 429, "what is right waits as well");
    assert.equal(few.mock.records.length, 0);
  } finally {
    await few.close();
  }
});

test("whoever asks over and over for receipts that are not theirs is told to wait", async (t) => {
  const few = await openGatewayWorld({ refusalsPerMinuteMax: 3 });
  t.after(few.close);
  const statuses: number[] = [];
  for (let times = 0; times < 5; times += 1) {
    const url = `${few.url()}/v1/receipts/rcpt_${String(times).repeat(24)}`;
    statuses.push((await fetch(url, { headers: { authorization: `Bearer ${secret}` } })).status);
  }
  assert.deepEqual(statuses, [404, 404, 404, 429, 429]);
});

test("a gateway whose safeguards stop the text that readiness is tried with is ready: it decides", async (t) => {
  const patterns = [{ name: "every", category: "weapons", words: ["ready"] }];
  const other = await openGatewayWorld({ chain: [{ safeguard: "patterns@1", on: ["input", "output"], patterns }] });
  t.after(other.close);
  const answer = await fetch(`${other.url()}/readyz`);
  assert.deepEqual(await answer.json(), { ready: true, closure: null, models: { open: 1, deciding: 1 }, live: 0 });
});

test("a gateway that judges no requests is not ready", async (t) => {
  const patterns = [{ name: "every", category: "weapons", words: ["secret"] }];
  const other = await openGatewayWorld({
    chain: [{ safeguard: "patterns@1", on: ["output"], patterns }],
    stream: { holdBackChars: 60, windowChars: 120 },
  });
  t.after(other.close);
  assert.equal((await fetch(`${other.url()}/readyz`)).status, 503);
});
