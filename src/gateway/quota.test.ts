// Quotas at their edges, without a clock of their own.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Grant } from "../acts/bodies.ts";
import type { UsageCount } from "../feed/feed.ts";
import { Instant, KeyId, Name } from "../terms/ids.ts";
import { type Ask, type Exhausted, type Quotas, type Reservation, createQuotas, exchangesPerKeyMax } from "./quota.ts";

const minuteMs = 60_000;
const dayMs = 86_400_000;
const day = 20_000 * dayMs;
const keyOf = (number: number): KeyId => KeyId.parse(`key_${number.toString(16).padStart(16, "0")}`);
const key = keyOf(1);
const acme = Name.parse("acme");
const small = Name.parse("small");
const grant: Grant = {
  model: small,
  stage: "trusted",
  scopes: [],
  requestsPerMinute: 1000,
  tokensPerDay: 1000,
  notAfter: "2100-01-01T00:00:00.000Z",
};
const free: Grant = { ...grant, requestsPerMinute: 1_000_000, tokensPerDay: 1_000_000_000 };
const none = { key: {}, organisation: {}, model: {} };

type More = Partial<Omit<Ask, "tokens" | "at">>;

type Asked = readonly [tokens: number, atMs: number, more?: More];

function ask(quotas: Quotas, ...[tokens, atMs, more = {}]: Asked): Reservation | Exhausted {
  const asked = { key, organisation: acme, grant, limits: none, tokens, at: Instant.parse(atMs), ...more };
  return quotas.reserve(asked);
}

function reserved(answer: Reservation | Exhausted): Reservation {
  if (answer.kind !== "reserved") throw new Error(`exhausted: ${answer.what} of the ${answer.of}`);
  return answer;
}

function word(answer: Reservation | Exhausted): string {
  return answer.kind === "reserved"
    ? "reserved"
    : `${answer.what} of ${answer.of}, ${String(answer.retryAfterSeconds)}`;
}

test("tokens are reserved before the call, and what was not used is given back after it, once", () => {
  const quotas = createQuotas([], Instant.parse(day));
  const first = reserved(ask(quotas, 800, day));
  assert.equal(word(ask(quotas, 300, day)), "tokens of grant, 86400");
  first.settle(100);
  first.settle(0);
  assert.equal(ask(quotas, 901, day).kind, "exhausted");
  assert.equal(ask(quotas, 900, day).kind, "reserved");
});

test("what is set aside over midnight counts in the new day until it is settled, and then what it used", () => {
  const quotas = createQuotas([], Instant.parse(day));
  const late = reserved(ask(quotas, 600, day + dayMs - 1));
  assert.equal(ask(quotas, 401, day + dayMs).kind, "exhausted");
  const next = reserved(ask(quotas, 400, day + dayMs));
  late.settle(500);
  next.settle(0);
  assert.equal(ask(quotas, 501, day + dayMs).kind, "exhausted");
  assert.equal(ask(quotas, 500, day + dayMs).kind, "reserved");
});

test("a clock that steps back gives nobody a second allowance", () => {
  const quotas = createQuotas([], Instant.parse(day));
  reserved(ask(quotas, 1000, day)).settle(1000);
  for (const back of [1, minuteMs, dayMs]) assert.equal(ask(quotas, 1, day - back).kind, "exhausted");
});

test("what was used before a restart counts for the key, the grant, the organisation and the model", () => {
  const used: readonly UsageCount[] = [{ organisation: acme, key, model: small, tokens: 990, requests: 1 }];
  const limited = { tokensPerDay: 1000 };
  const again = (more: More): string => word(ask(createQuotas(used, Instant.parse(day)), 11, day, more));
  assert.equal(again({}), "tokens of grant, 86400");
  assert.equal(again({ grant: free, limits: { ...none, key: limited } }), "tokens of key, 86400");
  assert.equal(again({ grant: free, limits: { ...none, organisation: limited } }), "tokens of organisation, 86400");
  assert.equal(again({ grant: free, limits: { ...none, model: limited } }), "tokens of model, 86400");
  assert.equal(again({ grant: free }), "reserved");
});

test("a limit is over what it says: a key's over its models, a grant's over the keys, a model's over everybody", () => {
  const large = { ...free, model: Name.parse("large") };
  const one = { requestsPerMinute: 1 };
  const second = (first: More, other: More): string => {
    const quotas = createQuotas([], Instant.parse(day));
    reserved(ask(quotas, 1, day, { grant: free, ...first }));
    return word(ask(quotas, 1, day, { grant: free, ...other }));
  };
  const ofKey = { limits: { ...none, key: one } };
  assert.equal(second(ofKey, { ...ofKey, grant: large }), "requests of key, 60");
  assert.equal(second(ofKey, { ...ofKey, key: keyOf(2) }), "reserved");
  const tight = { grant: { ...free, ...one } };
  assert.equal(second(tight, { ...tight, key: keyOf(2) }), "requests of grant, 60");
  assert.equal(second(tight, { grant: { ...large, ...one } }), "reserved");
  const ofOrganisation = { limits: { ...none, organisation: one } };
  assert.equal(
    second(ofOrganisation, { ...ofOrganisation, key: keyOf(2), grant: large }),
    "requests of organisation, 60",
  );
  assert.equal(second(ofOrganisation, { ...ofOrganisation, organisation: Name.parse("other") }), "reserved");
  const ofModel = { limits: { ...none, model: one } };
  const elsewhere = { key: keyOf(2), organisation: Name.parse("other") };
  assert.equal(second(ofModel, { ...ofModel, ...elsewhere }), "requests of model, 60");
  assert.equal(second(ofModel, { ...ofModel, ...elsewhere, grant: large }), "reserved");
});

test("one key has so many exchanges at once and no more; what it says itself counts in place of the usual", () => {
  const quotas = createQuotas([], Instant.parse(day));
  const running = Array.from({ length: exchangesPerKeyMax }, () => reserved(ask(quotas, 1, day)));
  assert.equal(word(ask(quotas, 1, day)), "exchanges of key, 1");
  running[0]?.settle(1);
  assert.equal(ask(quotas, 1, day).kind, "reserved");
  const two = { limits: { ...none, key: { exchanges: 2 } } };
  const few = createQuotas([], Instant.parse(day));
  assert.deepEqual(
    [1, 2, 3].map(() => ask(few, 1, day, two).kind),
    ["reserved", "reserved", "exhausted"],
  );
});

test("a refusal changes no count: what the last limit refuses, the first has not counted", () => {
  const quotas = createQuotas([], Instant.parse(day));
  const full = { grant: free, limits: { ...none, key: { requestsPerMinute: 2 }, model: { exchanges: 1 } } };
  const first = reserved(ask(quotas, 1, day, full));
  for (let count = 0; count < 10; count++) assert.equal(word(ask(quotas, 1, day, full)), "exchanges of model, 1");
  first.settle(1);
  assert.equal(ask(quotas, 1, day, full).kind, "reserved");
});

test("a request that would not fit by itself is not told to wait", () => {
  const quotas = createQuotas([], Instant.parse(day));
  assert.equal(word(ask(quotas, 1001, day)), "tokens of grant, undefined");
});

test("a stream may spend what was set aside for it, and not a token more", () => {
  const reservation = reserved(ask(createQuotas([], Instant.parse(day)), 100, day));
  assert.deepEqual([1, 99, 100, 101, 5000].map(reservation.spend), ["go-on", "go-on", "go-on", "stop", "stop"]);
});

test("rates name the tightest limit of each kind, with what is left and when it is whole again", () => {
  const quotas = createQuotas([], Instant.parse(day));
  const limits = { key: { tokensPerMinute: 500 }, organisation: { requestsPerMinute: 3 }, model: {} };
  const { rates } = reserved(ask(quotas, 120, day + 10_000, { limits }));
  const resetAt = Instant.parse(day + minuteMs);
  assert.deepEqual(rates.requests, { limit: 3, remaining: 2, resetAt });
  assert.deepEqual(rates.tokens, { limit: 500, remaining: 380, resetAt });
  const over = ask(quotas, 400, day + 10_000, { limits });
  assert.deepEqual([over.kind, over.rates.tokens?.remaining], ["exhausted", 380]);
});

test("accounts of a day that is over are forgotten, but for those with something under way", () => {
  const quotas = createQuotas([], Instant.parse(day));
  const running = reserved(ask(quotas, 1, day));
  for (let number = 2; number <= 1000; number++)
    reserved(ask(quotas, 0, day, { key: keyOf(number), grant: free })).settle(0);
  assert.equal(quotas.size(), 1000 + 3);
  reserved(ask(quotas, 1, day + dayMs)).settle(1);
  assert.equal(quotas.size(), 4);
  running.settle(1);
  reserved(ask(quotas, 1, day + 2 * dayMs)).settle(1);
  assert.equal(quotas.size(), 4);
});
