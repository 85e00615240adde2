// A full or broken disk. A hold is in force whatever the disk says, and nothing is served that leaves no receipt.
import assert from "node:assert/strict";
import { open, readdir } from "node:fs/promises";
import path from "node:path";
import { mock, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { digestOfLabel, idOf } from "../../src/acts/fixtures.ts";
import type { BodyOf } from "../../src/acts/bodies.ts";
import { openReceipt } from "../../src/acts/receipt.ts";
import { nodePrimitives as primitives } from "../../src/proof/node.ts";
import { bo, codeOf, openGatewayWorld, readStream, said, small, until } from "../flows/gateway-world.ts";

type Write = (...given: readonly unknown[]) => Promise<unknown>;

function hasWrite(value: unknown): value is { write: Write } {
  return typeof value === "object" && value !== null && "write" in value && typeof value.write === "function";
}

const probe = await open(import.meta.filename, "r");
const fileHandle: unknown = Object.getPrototypeOf(probe);
await probe.close();
assert.ok(hasWrite(fileHandle));

/** The mark is allocated in full when it is made, so that a disk that is only full still takes it. */
async function isMark(handle: unknown): Promise<boolean> {
  return hasStat(handle) && (await handle.stat()).size === 2 * 65_536;
}

function hasStat(value: unknown): value is { stat: () => Promise<{ size: number }> } {
  return typeof value === "object" && value !== null && "stat" in value && typeof value.stat === "function";
}

/** From now on writes of file handles fail as on a full disk, after `bytes` bytes of the first one. Returns the end of it. */
function fullDisk(bytes = 0, takesMark = false): () => void {
  assert.ok(hasWrite(fileHandle));
  let left = bytes;
  const { write } = fileHandle;
  const failing = mock.method(
    fileHandle,
    "write",
    async function fail(this: unknown, ...given: unknown[]): Promise<unknown> {
      if (left > 0) {
        const [buffer, offset, , position] = given;
        const some = [buffer, offset, left, position];
        left = 0;
        return write.apply(this, some);
      }
      if (takesMark && (await isMark(this))) return write.apply(this, given);
      throw Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
    },
  );
  return () => {
    failing.mock.restore();
  };
}

test("on a full disk nothing is served, and when there is room again the next request is", async (t) => {
  const world = await openGatewayWorld();
  t.after(world.close);
  const mend = fullDisk();
  t.after(mend);
  assert.equal(await codeOf(await world.ask(said("x"))), "gateway_closed:disk");
  assert.equal(await codeOf(await world.ask(said("x"))), "gateway_closed:disk");
  mend();
  await until(async () => (await world.ask(said("x"))).status === 200);
  const { receipt } = await openReceipt(
    (await world.ask(said("y"))).headers.get("x-headgate-receipt") ?? "",
    primitives,
  );
  assert.equal(receipt.outcome, "served");
});

test("while only receipts find no room, every answer and /readyz say closed for the disk, second after second", async (t) => {
  const world = await openGatewayWorld();
  t.after(world.close);
  const mend = fullDisk(0, true);
  t.after(mend);
  assert.equal(await codeOf(await world.ask(said("x"))), "gateway_closed:disk");
  for (let looks = 0; looks < 24; looks++) {
    const ready = await fetch(`${world.url()}/readyz`);
    assert.equal(ready.status, 503);
    assert.match(await ready.text(), /"closure":"disk"/);
    await sleep(100);
  }
  assert.equal(await codeOf(await world.ask(said("x"))), "gateway_closed:disk");
  mend();
  await until(async () => (await fetch(`${world.url()}/readyz`)).status === 200);
  assert.equal((await world.ask(said("x"))).status, 200);
});

test("a write that fails half-way leaves no half line, and no receipt that nobody was given", async (t) => {
  const world = await openGatewayWorld();
  t.after(world.close);
  world.switches.drain = "off";
  const first = await world.ask(said("before"));
  await first.arrayBuffer();
  for (const bytes of [1, 40, 600]) {
    const mend = fullDisk(bytes);
    assert.notEqual((await world.ask(said("during"))).status, 200);
    mend();
    await until(async () => (await world.ask(said("after"))).status === 200);
  }
  await world.restart("kill");
  world.switches.drain = "on";
  await until(() => world.gateway().gateway.recorder.isReady());
  const receipts = await Promise.all(world.drained.map(async ({ text }) => openReceipt(text, primitives)));
  assert.equal(receipts[0]?.receipt.id, first.headers.get("x-request-id"));
  assert.ok(receipts.filter(({ receipt }) => receipt.outcome === "served").length >= 4);
  assert.deepEqual(
    receipts.map(({ receipt }) => receipt.seq),
    receipts.map((_, at) => at + 1),
  );
});

test("a stream that cannot be announced does not begin; one that cannot be ended says so and is recorded later", async (t) => {
  const world = await openGatewayWorld();
  t.after(world.close);
  world.mock.set({ delayMs: 5 });
  const response = await world.ask(said("words ".repeat(30), { stream: true }));
  const id = response.headers.get("x-headgate-receipt");
  const mend = fullDisk();
  t.after(mend);
  const stream = await readStream(response);
  assert.equal(stream.order.at(-1), "error");
  assert.equal(stream.errorCode, "gateway_closed");
  assert.notEqual((await world.ask(said("x", { stream: true }))).status, 200);
  mend();
  await until(() => world.drained.some((known) => known.id === id));
  const text = world.drained.find((known) => known.id === id)?.text ?? "";
  const outcome = (await openReceipt(text, primitives)).receipt.outcome;
  assert.ok(outcome === "served" || outcome === "stopped");
});

test("a hold is in force on a full disk, reaches the ledger, and can be sent again once there is room", async (t) => {
  const world = await openGatewayWorld();
  t.after(world.close);
  const body: BodyOf<"hold"> = {
    hold: idOf.hold("h"),
    scope: { kind: "model", model: small },
    reason: digestOfLabel("why"),
  };
  const envelope = new Uint8Array((await world.world.sign({ verb: "hold", body, by: [bo] })).envelope);
  world.mock.set({ fault: "never-ends" });
  const running = await world.ask(said("words ".repeat(30), { stream: true }));
  const mend = fullDisk();
  t.after(mend);
  const send = async (): Promise<Response> => fetch(`${world.url()}/hold`, { method: "POST", body: envelope });
  const told = await send();
  assert.equal(told.status, 507);
  assert.match(await told.text(), /in force/);
  await running.text();
  await until(() => world.holds.length === 1);
  assert.notEqual((await world.ask(said("x"))).status, 200);
  mend();
  assert.equal((await send()).status, 200);
  await until(async () => (await codeOf(await world.ask(said("x")))) === "stage_closed:held");
});

test("the mark is as large when it is made as it will ever be, so that a full disk has room for it", async (t) => {
  const world = await openGatewayWorld();
  t.after(world.close);
  const file = await open(path.join(world.folder, "mark"), "r");
  const { size } = await file.stat();
  await file.close();
  assert.equal(size, 2 * 65_536);
  assert.deepEqual((await readdir(world.folder)).toSorted(), ["holds", "mark", "spool"]);
});
