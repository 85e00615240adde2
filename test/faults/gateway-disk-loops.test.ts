// The n-th write, torn write, sync, or step of the disk of any kind fails, for all n (loop.ts). Opening a file is not among
// them: the module's own function cannot be made to fail from outside.
import assert from "node:assert/strict";
import { open } from "node:fs/promises";
import { test } from "node:test";
import { openGatewayWorld } from "../flows/gateway-world.ts";
import { type Failing, failing, forAll, isHit, step } from "./loop.ts";

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
