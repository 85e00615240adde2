// Quotas at their edges, without a clock of their own.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Grant } from "../acts/bodies.ts";
import { Instant, KeyId, Name } from "../terms/ids.ts";
import { type Quotas, createQuotas, exchangesPerKeyMax } from "./quota.ts";

const dayMs = 86_400_000;
const day = 20_000 * dayMs;
const key = KeyId.parse("key_0123456789abcdef");
const acme = Name.parse("acme");
const grant: Grant = {
  model: Name.parse("small"),
  stage: "trusted",
  scopes: [],
  requestsPerMinute: 1000,
  tokensPerDay: 1000,
  notAfter: "2100-01-01T00:00:00.000Z",
};

function ask(quotas: Quotas, tokens: number, atMs: number): ReturnType<Quotas["reserve"]> {
  return quotas.reserve({ key, organisation: acme, grant, tokens, at: Instant.parse(atMs) });
}

function settle(reservation: ReturnType<Quotas["reserve"]>, tokens: number): void {
  assert.equal(reservation.kind, "reserved");
  if (reservation.kind === "reserved") reservation.settle(tokens);
}

test("tokens are reserved before the call, and what was not used is given back after it", () => {
  const quotas = createQuotas([], Instant.parse(day));
  const first = ask(quotas, 800, day);
  assert.equal(ask(quotas, 300, day).kind, "exhausted");
  settle(first, 100);
  settle(first, 0);
  assert.equal(ask(quotas, 900, day).kind, "reserved");
});

test("a reservation of yesterday that settles today gives no allowance beyond today's", () => {
  const quotas = createQuotas([], Instant.parse(day));
  const late = ask(quotas, 1000, day + dayMs - 1);
  assert.equal(ask(quotas, 1, day + dayMs).kind, "reserved");
  settle(late, 0);
  assert.equal(ask(quotas, 1000, day + dayMs).kind, "exhausted");
});

test("a clock that steps back gives nobody a second allowance", () => {
  const quotas = createQuotas([], Instant.parse(day));
  settle(ask(quotas, 1000, day), 1000);
  assert.equal(ask(quotas, 1, day - dayMs).kind, "exhausted");
});

test("what was used before a restart counts, and one key has so many exchanges at once and no more", () => {
  const used = [{ organisation: acme, key, model: grant.model, tokens: 990, requests: 1 }];
  assert.equal(ask(createQuotas(used, Instant.parse(day)), 11, day).kind, "exhausted");
  const quotas = createQuotas([], Instant.parse(day));
  for (let count = 0; count < exchangesPerKeyMax; count++) assert.equal(ask(quotas, 1, day).kind, "reserved");
  assert.equal(ask(quotas, 1, day).kind, "exhausted");
});
