// What is kept count of for a permit, and for how long.
import assert from "node:assert/strict";
import { test } from "node:test";
import { configurationOf, digestOfLabel, idOf, inDays, permitOf, worldOfTwo } from "../acts/fixtures.ts";
import type { Permit } from "../acts/bodies.ts";
import { type Instant, Name, instantOf, toInstant } from "../terms/ids.ts";
import { createAttempts } from "./attempts.ts";

const world = await worldOfTwo();
const tokens = { prompt: 1, answer: 1 };

function permitNamed(label: string): Permit {
  const permit = permitOf(world, Name.parse("small"), configurationOf(label));
  return { ...permit, permit: idOf.permit(label), notAfter: inDays(world, 1), attempts: 1 };
}

const send = (permit: Permit, at: Instant) =>
  ({ permit, item: digestOfLabel("item"), tokens, recorded: 0, at }) as const;

test("a permit is counted until its end, and dropped after it once nothing is under way", () => {
  const attempts = createAttempts();
  const during = toInstant(world.now());
  const after = toInstant(instantOf(inDays(world, 1)) + 1);
  const [one, running] = [permitNamed("one"), permitNamed("running")].map((permit) => ({
    permit,
    sent: attempts.begin(send(permit, during)),
  }));
  assert.ok(one?.sent.kind === "reserved" && running?.sent.kind === "reserved");
  one.sent.settle({ isAnswered: true, answerTokens: 1 });
  const later: Permit = { ...permitNamed("later"), notAfter: inDays(world, 2) };
  attempts.begin(send(later, toInstant(instantOf(one.permit.notAfter))));
  assert.equal(attempts.count(), 3, "to its very end");
  assert.deepEqual(attempts.begin(send(one.permit, during)), { kind: "exhausted", what: "attempts" });
  attempts.begin(send({ ...permitNamed("last"), notAfter: inDays(world, 2) }, after));
  assert.equal(attempts.count(), 3, "one is over");
  running.sent.settle({ isAnswered: false, answerTokens: 0 });
  attempts.begin(send({ ...permitNamed("new"), notAfter: inDays(world, 2) }, after));
  assert.equal(attempts.count(), 3, "and now the other");
});
