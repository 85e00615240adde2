// Faults in loops: for every n the n-th step of some kind fails while one flow goes its way (one-flow.ts), for as many as a flow
// has in which none fails. Nothing is served that is not on record, nothing hangs, no promise is left rejected, and the receipts of all
// flows together are numbered without a gap.
import assert from "node:assert/strict";
import { openReceipt } from "../../src/acts/receipt.ts";
import { nodePrimitives as primitives } from "../../src/proof/node.ts";
import { type GatewayWorld, until } from "../flows/gateway-world.ts";
import { oneFlow } from "./one-flow.ts";

/** More steps of one kind are not made to fail: a flow on a busy machine waits longer, and there is more of what happens by the clock. */
const stepsMax = 80;

/** Counts steps, and fails the n-th of them, with some that follow. */
export interface Failing {
  count: number;
  failAt: number;
  /** Steps that fail in a row. */
  readonly inRow: number;
}

export function failing(inRow = 1): Failing {
  return { count: 0, failAt: 0, inRow };
}

export function isHit(at: Failing): boolean {
  at.count += 1;
  return at.failAt > 0 && at.count >= at.failAt && at.count < at.failAt + at.inRow;
}

export function step(at: Failing): void {
  if (isHit(at)) throw Object.assign(new Error("made to fail"), { code: "ENOSPC" });
}

export interface Loop {
  readonly world: GatewayWorld;
  readonly at: Failing;
  /** Whether draining is part of the flow. */
  readonly isDrained: boolean;
  /** Done before each flow. */
  readonly prepare?: () => Promise<void>;
}

/** Runs the flow with the n-th step failing, for all n; says how many there were. */
export async function forAll({ world, at, isDrained, prepare }: Loop): Promise<number> {
  const unhandled: unknown[] = [];
  const note = (error: unknown): void => {
    unhandled.push(error);
  };
  process.on("unhandledRejection", note);
  const flow = async (failAt: number): Promise<number> => {
    at.count = 0;
    at.failAt = failAt;
    await prepare?.();
    await oneFlow(world, isDrained);
    at.failAt = 0;
    return at.count;
  };
  const steps = Math.min(stepsMax, await flow(0));
  assert.ok(steps > 0, "nothing can be made to fail");
  let hits = 0;
  for (let n = 1; n <= steps; n += 1) if ((await flow(n)) >= n) hits += 1;
  assert.ok(hits > 0, "nothing was made to fail");
  await expectNumbered(world);
  process.off("unhandledRejection", note);
  assert.deepEqual(unhandled, []);
  return hits;
}

/** The receipts of all that was drained are numbered without a gap, and nothing waits. */
export async function expectNumbered(world: GatewayWorld): Promise<void> {
  const { recorder } = world.gateway().gateway;
  await until(() => recorder.isReady() && recorder.backlog() === 0);
  const receipts = await Promise.all(world.drained.map(async ({ text }) => openReceipt(text, primitives)));
  const numbers = receipts.map(({ receipt }) => receipt.seq);
  assert.deepEqual(
    numbers,
    numbers.map((_, at) => at + 1),
  );
}
