// A slice of what `npm run fuzz` does at length, from the same seeds; and that both fuzzers find out what is broken on
// purpose.
import assert from "node:assert/strict";
import { test } from "node:test";
import { callTexts } from "../../src/wire/call.ts";
import { fuzzBodies } from "./fuzz-bodies.ts";
import { cutsOfStream, fuzzStreams } from "./fuzz-streams.ts";

const bodies = 25_000;
const streams = 800;

test("malformed bodies end in a call that was read, or in a failure that callers can meet", (t) => {
  const done = fuzzBodies(1, bodies);
  t.diagnostic(`${done.bodies} bodies, ${done.admitted} admitted, slowest ${Math.round(done.slowestMs)} ms`);
  assert.deepEqual(
    done.findings.slice(0, 3),
    [],
    "node scripts/fuzz.ts --bodies 1 --streams 0 --from SEED runs one again",
  );
  assert.ok(done.admitted > bodies / 20, "some of them are still right");
});

test("streams say the same however they are cut, leak nothing and end as they must", (t) => {
  const done = fuzzStreams(1, streams);
  const { served, blocked, failed } = done.ended;
  t.diagnostic(
    `${done.rechunkings} ways to cut ${streams} streams; ${served} served, ${blocked} blocked, ${failed} failed`,
  );
  assert.deepEqual(
    done.findings.slice(0, 3),
    [],
    "node scripts/fuzz.ts --streams 1 --bodies 0 --from SEED runs one again",
  );
  assert.ok(Math.min(served, blocked, failed) > streams / 20);
  assert.equal(done.rechunkings, streams * cutsOfStream);
});

test("what was found before is found no more", () => {
  // Errors of nested members said the member's name, which is the caller's to choose.
  for (const seed of [91_369, 213_428, 277_341, 339_740, 352_268]) assert.deepEqual(fuzzBodies(seed, 1).findings, []);
});

test("a text that no safeguard reads is found out", () => {
  const deaf = fuzzBodies(1, 3_000, (call) => callTexts({ ...call, tools: [], user: "", instructions: "" }));
  assert.ok(deaf.findings.some(({ what }) => what.includes("sends what nobody read")));
});

test("a policy that lets everything pass is found out", () => {
  const blind = fuzzStreams(1, 40, () => ({ kind: "pass" }));
  assert.ok(blind.findings.some(({ what }) => what.includes("forbidden characters left")));
});
