import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure, type FailureCode } from "../terms/failure.ts";
import { blameOf, isBeforeAnswer } from "./retry.ts";

const failure = (code: FailureCode, detail: Readonly<Record<string, string | number>> = {}): Failure =>
  new Failure(code, "", { detail });
const status = (number: number, more = {}): Failure =>
  failure("upstream_failed", { why: "status", status: number, ...more });
const why = (word: string): Failure => failure("upstream_failed", { why: word });

test("only what came to nothing before an answer may be asked again", () => {
  const again = [429, 500, 502, 503, 504, 529].map((number) => status(number));
  for (const one of [...again, why("connect"), why("overloaded"), failure("upstream_timeout", { phase: "connect" })]) {
    assert.equal(isBeforeAnswer(one), true, JSON.stringify(one.detail));
  }
  const never = [400, 401, 403, 404, 408, 409, 413, 422, 501].map((number) => status(number));
  const words = ["cut", "garbage", "error_frame", "too_long", "abandoned", "redirect"].map((word) => why(word));
  const slow = ["headers", "first_token", "idle", "total"].map((phase) => failure("upstream_timeout", { phase }));
  const ours = (["stage_closed", "key_suspended", "gateway_closed", "request_invalid"] as const).map((code) =>
    failure(code),
  );
  for (const one of [...never, ...words, ...slow, ...ours]) {
    assert.equal(isBeforeAnswer(one), false, `${one.code} ${JSON.stringify(one.detail)}`);
  }
});

test("what a caller can bring about counts against no server", () => {
  const long = failure("upstream_timeout", { phase: "total" });
  for (const one of [
    status(400),
    status(413),
    status(422),
    why("garbage"),
    why("abandoned"),
    long,
    failure("stage_closed"),
  ]) {
    assert.equal(blameOf(one), "none", JSON.stringify(one.detail));
  }
  for (const one of [status(500), status(503), status(401), why("connect"), why("cut"), failure("upstream_timeout")]) {
    assert.equal(blameOf(one), "fault", JSON.stringify(one.detail));
  }
  for (const one of [status(429), status(503, { retryAfterSeconds: 2 })]) assert.equal(blameOf(one), "busy");
});
