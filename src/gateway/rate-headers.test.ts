import assert from "node:assert/strict";
import { test } from "node:test";
import { Instant } from "../terms/ids.ts";
import type { Format } from "../wire/format.ts";
import type { Rates } from "./quota.ts";
import { durationText, rateHeaders } from "./rate-headers.ts";

function headersOf(...given: [rates: Rates, format: Format["name"]]): Record<string, string> {
  const list: string[] = [];
  rateHeaders(list, ...given);
  const headers: Record<string, string> = {};
  for (let at = 0; at < list.length; at += 2) headers[list[at] ?? ""] = list[at + 1] ?? "";
  return headers;
}

const at = Instant.parse(Date.parse("2027-01-01T00:00:30.250Z"));
const rates = {
  at,
  requests: { limit: 60, remaining: 59, resetAt: Instant.parse(Date.parse("2027-01-01T00:01:00Z")) },
  tokens: { limit: 1_000_000, remaining: 0, resetAt: Instant.parse(Date.parse("2027-01-02T00:00:00Z")) },
};

test("OpenAI's clients read limits, what is left, and how long until it is whole again", () => {
  for (const format of ["chat", "responses"] as const) {
    assert.deepEqual(headersOf(rates, format), {
      "x-ratelimit-limit-requests": "60",
      "x-ratelimit-remaining-requests": "59",
      "x-ratelimit-reset-requests": "30s",
      "x-ratelimit-limit-tokens": "1000000",
      "x-ratelimit-remaining-tokens": "0",
      "x-ratelimit-reset-tokens": "23h59m30s",
    });
  }
});

test("Anthropic's clients read limits, what is left, and the moment when it is whole again", () => {
  assert.deepEqual(headersOf(rates, "messages"), {
    "anthropic-ratelimit-requests-limit": "60",
    "anthropic-ratelimit-requests-remaining": "59",
    "anthropic-ratelimit-requests-reset": "2027-01-01T00:01:00Z",
    "anthropic-ratelimit-tokens-limit": "1000000",
    "anthropic-ratelimit-tokens-remaining": "0",
    "anthropic-ratelimit-tokens-reset": "2027-01-02T00:00:00Z",
  });
});

test("a limit that is not written has no header", () => {
  assert.deepEqual(headersOf({ at, requests: undefined, tokens: undefined }, "chat"), {});
});

test("durations are written as the clients parse them, never earlier than they end", () => {
  const texts = [0, 0.2, 120, 999, 1000, 1001, 60_000, 359_001, 3_600_000, 86_399_000].map(durationText);
  assert.deepEqual(texts, ["0ms", "1ms", "120ms", "999ms", "1s", "2s", "1m0s", "6m0s", "1h0m0s", "23h59m59s"]);
});
