// What is told of an error, and what never is.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { once } from "node:events";
import { test } from "node:test";
import { z } from "zod";
import { Failure } from "./failure.ts";
import { faultOf, framesOf, troubleIn } from "./trouble.ts";

const planted = "what a caller wrote";

async function thrownBy(work: () => unknown): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

test("an error that quotes what was read is told by its kind and place alone", async () => {
  const parsing = await thrownBy(() => JSON.parse(planted));
  assert.match(String(parsing), /what a cal/, "it does quote");
  assert.match(troubleIn(parsing), /^SyntaxError at .*trouble\.test\.ts:\d+:\d+$/);
  const checking = await thrownBy(() => z.strictObject({}).parse({ [planted]: 1 }));
  assert.ok(String(checking).includes(planted), "it does quote");
  assert.ok(!troubleIn(checking).includes(planted));
});

test("a message that looks like frames is none, and a name that is a sentence is no name", () => {
  const error = new RangeError(`first\n    at ${planted} (file:///src/main/x.ts:1:1)`);
  assert.match(troubleIn(error), /^RangeError at .*trouble\.test\.ts/);
  assert.ok(!framesOf(error).join().includes(planted));
  error.name = planted;
  assert.equal(faultOf(error).kind, "Error");
  // A stack from before the message was changed has another one in it.
  error.message = "changed";
  assert.ok(!faultOf(error).kind.includes(planted));
  const odd = new Error(planted);
  odd.stack = `${planted}\n    at ${planted}`;
  assert.deepEqual(faultOf(odd), { kind: "Error", place: "unknown" });
});

test("our own sentence is told, and its code where it has none", () => {
  assert.equal(
    troubleIn(new Failure("gateway_closed", "The lease is over.", { cause: planted })),
    "The lease is over.",
  );
  assert.equal(troubleIn(new Failure("gateway_closed", "")), "gateway_closed");
});

test("what the system says is told, as itself and as a cause", async () => {
  const missing = await thrownBy(async () => readFile("/nowhere/at/all"));
  assert.match(troubleIn(missing), /^ENOENT: no such file or directory, open/);
  const socket = connect(1, "127.0.0.1");
  const [refused] = await once(socket, "error").catch((error: unknown) => [error]);
  assert.match(troubleIn(refused), /^connect ECONNREFUSED 127\.0\.0\.1:1$/);
  assert.match(troubleIn(new TypeError(planted, { cause: refused })), /^TypeError at .*: connect ECONNREFUSED/);
  assert.ok(!troubleIn(new TypeError(planted, { cause: new Error(planted) })).includes(planted));
});

test("what is no error is told by its type", () => {
  assert.equal(troubleIn(planted), "string at unknown");
  const forged = Object.assign(new Error(planted), { code: planted, syscall: planted });
  assert.ok(!troubleIn(forged).includes(planted), "an error that only looks like the system's");
});
