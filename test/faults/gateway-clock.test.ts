// Machines that were suspended, clocks that jump either way, and a feed that is old, cut into pieces or out of order: whatever
// is in doubt is closed, for new requests and for running streams, and opens again by a fresh lease only.
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import path from "node:path";
import { type TestContext, test } from "node:test";
import type { BodyOf } from "../../src/acts/bodies.ts";
import { digestOfLabel, idOf } from "../../src/acts/fixtures.ts";
import type { Batch } from "../../src/feed/batch.ts";
import type { SignedLease } from "../../src/feed/feed.ts";
import {
  type GatewayWorld,
  ada,
  bo,
  codeOf,
  openGatewayWorld,
  readStream,
  said,
  small,
  until,
} from "../flows/gateway-world.ts";

const hoursMs = 5 * 3_600_000;

async function opened(t: TestContext, leaseMs = 900): Promise<GatewayWorld> {
  const world = await openGatewayWorld({ leaseMs });
  t.after(world.close);
  return world;
}

const isOpen = (world: GatewayWorld): boolean => world.gateway().gateway.follower.closure() === undefined;

const jumps = [
  ["the wall clock goes on for hours and the other stands still", hoursMs, 0],
  ["the monotonic clock goes on for hours and the wall clock stands still", 0, hoursMs],
  ["both clocks go on for hours", hoursMs, hoursMs],
] as const;
for (const [name, wallMs, monotonicMs] of jumps) {
  test(`in a machine that was suspended, where ${name}, nothing goes on before a fresh lease`, async (t) => {
    const world = await opened(t, 60_000);
    world.mock.set({ fault: "never-ends" });
    const running = await world.ask(said("words ".repeat(50), { stream: true }));
    world.switches.lease = "off";
    world.switches.clockShiftMs = wallMs;
    world.switches.monotonicShiftMs = monotonicMs;
    assert.equal(await codeOf(await world.ask(said("x"))), "gateway_closed:lease");
    assert.deepEqual((await readStream(running)).finishes, ["content_filter"]);
    world.mock.set({ fault: undefined });
    assert.equal(await codeOf(await world.ask(said("x", { stream: true }))), "gateway_closed:lease");
    world.switches.lease = "on";
    world.switches.leaseMs = 900;
    await world.restart("kill");
    await until(() => isOpen(world) && world.gateway().gateway.recorder.isReady());
    assert.equal((await world.ask(said("x"))).status, 200);
  });
}

test("a lease that was asked for before a suspension and comes after it opens nothing", async (t) => {
  const world = await opened(t);
  const { promise: resumed, resolve: resume } = Promise.withResolvers<undefined>();
  let kept = 0;
  world.switches.tamperLease = async (lease: SignedLease) => {
    kept += 1;
    await resumed;
    world.switches.lease = "off";
    return lease;
  };
  await until(() => kept > 0);
  world.switches.clockShiftMs = hoursMs;
  resume(undefined);
  await new Promise((resolve) => setTimeout(resolve, 400));
  assert.equal(await codeOf(await world.ask(said("x"))), "gateway_closed:lease");
});

test("a clock that goes back by hours closes, stays closed over a restart, and ends running streams", async (t) => {
  const world = await opened(t);
  world.mock.set({ fault: "never-ends" });
  const running = await world.ask(said("words ".repeat(50), { stream: true }));
  world.switches.clockShiftMs = -hoursMs;
  assert.equal(await codeOf(await world.ask(said("x"))), "gateway_closed:clock");
  assert.deepEqual((await readStream(running)).finishes, ["content_filter"]);
  world.mock.set({ fault: undefined });
  await world.restart("kill");
  await until(() => world.gateway().gateway.follower.closure() === "clock");
  assert.notEqual((await world.ask(said("x"))).status, 200);
  world.switches.clockShiftMs = 0;
  await until(() => isOpen(world) && world.gateway().gateway.recorder.isReady());
  assert.equal((await world.ask(said("x"))).status, 200);
});

const hold: BodyOf<"hold"> = {
  hold: idOf.hold("over a bad feed"),
  scope: { kind: "model", model: small },
  reason: digestOfLabel("why"),
};

/** Asks without a pause while `work` goes on, and says how often something was served. */
async function servedWhile(world: GatewayWorld, work: Promise<void>): Promise<number> {
  let served = 0;
  const ended = { isSo: false };
  const end = (): void => {
    ended.isSo = true;
  };
  work.then(end, end);
  while (!ended.isSo) {
    const { status } = await world.ask(said("x")).catch(() => ({ status: 0 }));
    if (status === 200) served += 1;
  }
  await work;
  return served;
}

test("a feed that says again what it said before, and keeps the hold back, ends with the lease", async (t) => {
  const world = await opened(t);
  const batches: Batch[] = [];
  world.switches.tamperBatch = (batch) => {
    batches.push(batch);
    return batch;
  };
  await world.world.say({ verb: "fact", body: drill, by: [ada] });
  await world.publish();
  const [old] = batches;
  assert.ok(old !== undefined);
  world.switches.tamperBatch = () => old;
  const { size } = world.gateway().gateway.follower.replica;
  const before = size();
  await world.world.say({ verb: "hold", body: hold, by: [bo] });
  await world.append();
  await until(() => !isOpen(world));
  assert.equal(size(), before);
  assert.equal(await codeOf(await world.ask(said("x"))), "gateway_closed:lease");
  world.switches.tamperBatch = (batch) => batch;
  await until(async () => (await codeOf(await world.ask(said("x")))) === "stage_closed:held");
});

const drill: BodyOf<"fact"> = { fact: { kind: "drill", attempts: 1, opened: 0, unfinished: 0 }, model: null };

test("a ledger that comes entry by entry opens at no point before its hold, even to a gateway without a mark", async (t) => {
  const world = await opened(t);
  await world.world.say({ verb: "hold", body: hold, by: [bo] });
  await world.publish();
  world.switches.tamperBatch = async (batch) => {
    const records = batch.records.slice(0, 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    return { ...batch, records, checkpoint: await world.ledger.checkpointAt(batch.from + 1) };
  };
  await rm(path.join(world.folder, "mark"));
  await world.restart("kill");
  const { replica } = world.gateway().gateway.follower;
  const size = world.ledger.head().size;
  const all = until(() => replica.size() >= size && isOpen(world));
  assert.equal(await servedWhile(world, all), 0);
  assert.equal(await codeOf(await world.ask(said("x"))), "stage_closed:held");
});

test("entries out of their order open nothing", async (t) => {
  const world = await opened(t);
  await world.world.say({ verb: "hold", body: hold, by: [bo] });
  await world.publish();
  const size = world.ledger.head().size;
  // All but the first entries, as they are, with the checkpoint that belongs to them.
  let lies = 0;
  world.switches.tamperBatch = async () => {
    lies += 1;
    const entries = await world.ledger.entries(4, 1_000);
    const records = entries.map(({ leaf, envelope }) => ({ leaf, envelope }));
    return { from: 4, records, checkpoint: await world.ledger.checkpointAt(size) };
  };
  await world.restart("kill");
  assert.equal(
    await servedWhile(
      world,
      until(() => lies > 2),
    ),
    0,
  );
  assert.equal(world.gateway().gateway.follower.closure(), "starting");
  world.switches.tamperBatch = (batch) => batch;
  await until(() => isOpen(world));
  assert.notEqual((await world.ask(said("x"))).status, 200);
});
