// Under a permit the front door serves the items of one suite, as often as was said, until it ends, safeguards on.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { BodyOf } from "../../src/acts/bodies.ts";
import { digestOfLabel, idOf, permitOf } from "../../src/acts/fixtures.ts";
import { itemHeader, itemLeaf, itemProof } from "../../src/acts/item-proof.ts";
import { digestOf, digestOfHash } from "../../src/proof/digest.ts";
import { toUtf8 } from "../../src/proof/encoding.ts";
import { rootOf } from "../../src/proof/merkle.ts";
import { nodePrimitives as primitives } from "../../src/proof/node.ts";
import type { Registry } from "../../src/safeguards/registry.ts";
import type { Safeguard, Settle } from "../../src/safeguards/safeguard.ts";
import { Instant, timestampOf } from "../../src/terms/ids.ts";
import {
  type GatewayWorld,
  type WorldOptions,
  ada,
  bo,
  codeOf,
  openGatewayWorld,
  readStream,
  said,
  small,
  until,
  wordSafeguard,
} from "./gateway-world.ts";

const oneTime = "hg_one_time_0123456789abcdef";
const bodies = ["zero", "one", "two", "three", "poison"].map((text) => ({
  ...said(text),
  max_tokens: 8,
}));
const leaves = bodies.map((body) => itemLeaf(body, primitives));

interface Permitted {
  readonly world: GatewayWorld;
  readonly send: (at: number, changed?: object, proofOf?: number) => Promise<Response>;
}

async function permitted(
  t: TestContext,
  change: Partial<BodyOf<"permit">> = {},
  options: WorldOptions = { isWithheld: true },
): Promise<Permitted> {
  const world = await openGatewayWorld({ leaseMs: 60_000, ...options });
  t.after(world.close);
  const body = {
    ...permitOf(world.world, small, world.configuration),
    notAfter: timestampOf(Instant.parse(world.now() + 30_000)),
    hash: digestOf(toUtf8(oneTime), primitives),
    items: { root: digestOfHash(rootOf(leaves, primitives)), count: leaves.length },
    ...change,
  };
  await world.world.say({ verb: "permit", body, by: [ada] });
  await world.publish();
  return {
    world,
    send: async (at, changed = {}, proofOf = at) =>
      world.ask(
        { ...bodies[at], ...changed },
        { authorization: `Bearer ${oneTime}`, [itemHeader]: itemProof(leaves, proofOf, primitives) },
      ),
  };
}

test("an item of a withheld model is served under its permit, and the headers and receipt say so", async (t) => {
  const { world, send } = await permitted(t);
  const response = await send(1);
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("x-headgate-stage"), "permit");
  assert.match(response.headers.get("x-headgate-permit") ?? "", /^permit_/);
  await response.arrayBuffer();
  await until(() => world.drained.length === 1);
  assert.equal(world.drained[0]?.item, digestOfHash(leaves[1] ?? new Uint8Array()));
  await until(() => [...world.gateway().gateway.follower.state.permitExchanges.values()][0] === 1);
});

test("nothing but the items passes: not a changed body, not another's path, not no path, not another model", async (t) => {
  const { world, send } = await permitted(t);
  assert.equal(await codeOf(await send(1, { temperature: 0 })), "request_invalid");
  assert.equal(await codeOf(await send(1, { stream: true })), "request_invalid");
  assert.equal(await codeOf(await send(1, {}, 2)), "request_invalid");
  assert.equal(await codeOf(await world.ask(bodies[1], { authorization: `Bearer ${oneTime}` })), "request_invalid");
  assert.equal(await codeOf(await send(1, { model: "other" })), "model_unknown");
  const long = { authorization: `Bearer ${oneTime}`, [itemHeader]: `0.${"A".repeat(5000)}` };
  assert.equal(await codeOf(await world.ask(bodies[1], long)), "request_invalid");
  assert.equal(world.mock.records.length, 0);
});

test("the safeguards are on under a permit", async (t) => {
  const { send } = await permitted(t);
  assert.equal(await codeOf(await send(4)), "policy_blocked:weapons");
});

test("under a permit an answer is redacted as it would be for callers, and so it is graded", async (t) => {
  const limits = { block: { benignRate: 0.005 }, review: { benignRate: 0.02 } };
  const patterns = [{ name: "one", category: "privacy", words: ["one"], band: "redact" }];
  const chain = [
    { safeguard: "word@1", on: ["input", "output"], ...limits },
    { safeguard: "patterns@1", on: ["output"], patterns },
  ];
  const { send } = await permitted(t, {}, { isWithheld: true, chain });
  const answer = await (await send(1)).text();
  assert.match(answer, /You said: \[redacted: one\]/);
  assert.match(await (await send(2)).text(), /You said: two/);
});

test("safeguards that let callers take turns are told whose request it is: the organisation's, or the permit's", async (t) => {
  const callers: string[] = [];
  const safeguard: Safeguard = {
    ...wordSafeguard,
    *inspectRequest(text, thresholds, caller): Generator<void, Settle, void> {
      yield;
      callers.push(caller);
      return () => Promise.resolve(wordSafeguard.inspect(text, "input", thresholds));
    },
  };
  const registry: Registry = { names: ["word@1"], get: () => safeguard };
  const { world, send } = await permitted(t, {}, { registry });
  assert.equal((await send(1)).status, 200);
  assert.equal((await world.ask(said("x"))).status, 200);
  const short = callers.length;
  assert.equal((await world.ask(said("plain words ".repeat(2_000)))).status, 200);
  const [permit] = world.world.state.permits.keys();
  assert.deepEqual([callers[0], ...new Set(callers.slice(1))], [permit, "acme"]);
  assert.ok(short > 1 && callers.length > short, "one that is read at once, and one in steps");
});

test("an item is served as often as the permit says, one by one or all at once", async (t) => {
  const { send } = await permitted(t, { attempts: 2 });
  assert.equal((await send(0)).status, 200);
  assert.equal((await send(0)).status, 200);
  assert.equal(await codeOf(await send(0)), "quota_exhausted:attempts");
  const statuses = (await Promise.all(Array.from({ length: 8 }, async () => send(1)))).map(({ status }) => status);
  assert.equal(statuses.filter((status) => status === 200).length, 2);
});

test("attempts that got no answer may be repeated, but not for ever", async (t) => {
  const { world, send } = await permitted(t, { attempts: 1 });
  world.mock.set({ fault: "status-500" });
  const codes = [];
  for (let n = 0; n < 5; n += 1) codes.push(await codeOf(await send(0)));
  assert.deepEqual(codes, [...Array.from({ length: 4 }, () => "upstream_failed"), "quota_exhausted:attempts"]);
});

test("the tokens of a permit are an upper bound", async (t) => {
  const { send } = await permitted(t, { tokens: 12 });
  assert.equal((await send(0)).status, 200);
  assert.equal(await codeOf(await send(1)), "quota_exhausted:tokens");
});

test("a permit ends, for running answers too", async (t) => {
  const { world, send } = await permitted(t);
  world.mock.set({ fault: "slow-headers" });
  const asking = send(0);
  await until(() => world.mock.records.length === 1);
  world.switches.clockShiftMs = 31_000;
  assert.equal(await codeOf(await asking), "key_suspended");
  assert.equal(await codeOf(await send(1)), "key_suspended");
});

test("a hold beats a permit", async (t) => {
  const { world, send } = await permitted(t);
  const hold: BodyOf<"hold"> = { hold: idOf.hold("h"), scope: { kind: "everything" }, reason: digestOfLabel("why") };
  await world.world.say({ verb: "hold", body: hold, by: [bo] });
  await world.publish();
  assert.equal(await codeOf(await send(0)), "stage_closed:held");
});

test("a streamed item is served as a stream", async (t) => {
  const streamed = { ...said("streamed"), max_tokens: 8, stream: true };
  const leaf = itemLeaf(streamed, primitives);
  const { world } = await permitted(t, { items: { root: digestOfHash(rootOf([leaf], primitives)), count: 1 } });
  const headers = { authorization: `Bearer ${oneTime}`, [itemHeader]: itemProof([leaf], 0, primitives) };
  const stream = await readStream(await world.ask(streamed, headers));
  assert.equal(stream.text, "You said: streamed");
});
