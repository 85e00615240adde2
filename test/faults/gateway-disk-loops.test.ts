// The n-th write, torn write, sync, or step of the disk of any kind fails, for all n (loop.ts); and the n-th read, or opening,
// of a start.
import assert from "node:assert/strict";
import fs from "node:fs";
import { open } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { test } from "node:test";
import { digestOfLabel, idOf } from "../../src/acts/fixtures.ts";
import { bo, codeOf, openGatewayWorld, said, until } from "../flows/gateway-world.ts";
import { type Failing, expectNumbered, failing, forAll, isHit, step } from "./loop.ts";

type Work = (...given: readonly unknown[]) => Promise<unknown>;
type Fail = (work: Work, given: readonly unknown[]) => Promise<unknown>;

/** Every file handle's methods of these names pass through `fail` from now on; gives the way back. */
async function patched(names: readonly string[], fail: Fail): Promise<() => void> {
  const handle = await open(import.meta.filename, "r");
  const prototype: unknown = Object.getPrototypeOf(handle);
  await handle.close();
  assert.ok(typeof prototype === "object" && prototype !== null);
  const undo = names.map((name) => {
    const original: unknown = Reflect.get(prototype, name);
    assert.ok(isWork(original));
    Reflect.set(prototype, name, async function through(this: unknown, ...given: unknown[]): Promise<unknown> {
      return fail(async (...passed) => original.apply(this, [...passed]), given);
    });
    return () => Reflect.set(prototype, name, original);
  });
  return () => {
    for (const one of undo) one();
  };
}

function isWork(value: unknown): value is Work {
  return typeof value === "function";
}

const passOrFail =
  (at: Failing): Fail =>
  async (work, given) => {
    step(at);
    return work(...given);
  };

/** Writes the first half, and fails then. */
const tearOrPass =
  (at: Failing): Fail =>
  async (work, given) => {
    if (!isHit(at)) return work(...given);
    const [buffer, offset, length, position] = given;
    if (typeof length === "number") await work(buffer, offset, Math.floor(length / 2), position);
    throw Object.assign(new Error("made to fail"), { code: "EIO" });
  };

const disks: readonly (readonly [string, Failing, readonly string[], (at: Failing) => Fail])[] = [
  ["write", failing(), ["write"], passOrFail],
  ["write fails half-way: the n-th write", failing(), ["write"], tearOrPass],
  ["sync to the disk", failing(), ["datasync"], passOrFail],
  [
    "step of the disk of any kind, with the four that follow,",
    failing(5),
    ["write", "datasync", "truncate"],
    passOrFail,
  ],
];
for (const [name, at, methods, fail] of disks) {
  test(`the n-th ${name} fails, for all n`, async (t) => {
    const world = await openGatewayWorld();
    // A second a flow: enough to do it once.
    const isDrained = at.inRow > 1;
    t.after(world.close);
    const undo = await patched(methods, fail(at));
    try {
      t.diagnostic(`${await forAll({ world, at, isDrained })} times`);
    } finally {
      undo();
    }
  });
}

/** The module's own functions of these names step from now on, wherever they were imported; gives the way back. */
function patchedFunctions(names: readonly string[], at: Failing): () => void {
  const undo = names.map((name) => {
    const original: unknown = Reflect.get(fs.promises, name);
    assert.ok(isWork(original));
    Reflect.set(fs.promises, name, async (...given: readonly unknown[]): Promise<unknown> => {
      step(at);
      return original.apply(fs.promises, [...given]);
    });
    return () => Reflect.set(fs.promises, name, original);
  });
  syncBuiltinESMExports();
  return () => {
    for (const one of undo) one();
    syncBuiltinESMExports();
  };
}

test("the n-th read or opening of a file at a start fails it, for all n, and the next start has all that was there", async (t) => {
  const world = await openGatewayWorld();
  t.after(world.close);
  const body = { hold: idOf.hold("kept"), scope: { kind: "everything" }, reason: digestOfLabel("why") } as const;
  const { envelope } = await world.world.sign({ verb: "hold", body, by: [bo] });
  const held = await fetch(`${world.url()}/hold`, { method: "POST", body: new Uint8Array(envelope) });
  assert.equal(held.status, 200);
  const at = failing();
  const undo = [patchedFunctions(["open", "readFile", "readdir"], at), await patched(["read", "stat"], passOrFail(at))];
  /** From a folder with a receipt that the ledger has not got. */
  const start = async (failAt: number): Promise<boolean> => {
    at.count = 0;
    at.failAt = failAt;
    const isStarted = await world.restart("kill").then(
      () => true,
      () => false,
    );
    at.failAt = 0;
    return isStarted;
  };
  const asked = async (): Promise<string> => codeOf(await world.ask(said("x")));
  const round = async (n: number): Promise<boolean> => {
    world.switches.drain = "off";
    assert.equal(await asked(), "stage_closed:held", `before step ${n}`);
    const isStarted = await start(n);
    if (!isStarted) assert.ok(await start(0), `after step ${n}`);
    world.switches.drain = "on";
    const { follower, recorder } = world.gateway().gateway;
    await until(() => follower.closure() === undefined && recorder.isReady());
    assert.equal(await asked(), "stage_closed:held", `after step ${n}`);
    return isStarted;
  };
  try {
    assert.ok(await round(0));
    const steps = at.count;
    assert.ok(steps >= 5, `${steps} steps`);
    let failed = 0;
    for (let n = 1; n <= steps; n++) if (!(await round(n))) failed += 1;
    assert.ok(failed > 0);
    t.diagnostic(`${failed} of ${steps} steps ended a start`);
  } finally {
    for (const one of undo) one();
  }
  assert.equal(world.holds.length, 1, "the ledger was told of the hold once");
  await expectNumbered(world);
});
