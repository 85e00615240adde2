// One scripted flow for faults in loops: an answer, a stream, a hold, its release, and an answer again. Whatever fails on the
// way, no character is served of which the disk does not know, nothing waits for ever, and at its end the gate is open.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { type Wanted, certify, digestOfLabel, idOf, releaseOf } from "../../src/acts/fixtures.ts";
import type { HoldId } from "../../src/terms/ids.ts";
import { type GatewayWorld, ada, bo, said, small, until } from "../flows/gateway-world.ts";

/** No step of a flow takes longer, in milliseconds, on the busiest machine: what does hangs. */
const stepMsMax = 60_000;

/** Steps are tried again this often at the most, in milliseconds. */
const againMs = 25;

export interface Flowed {
  /** Answers with status 200, streams that broke off included. */
  readonly served: number;
  /** Answers that were refused, or broke off. */
  readonly refused: number;
}

let flows = 0;

/** `isDrained`: waits at its end until the ledger has receipts of it, so that a drain is part of it. */
export async function oneFlow(world: GatewayWorld, isDrained: boolean): Promise<Flowed> {
  flows += 1;
  const hold = idOf.hold(`flow ${flows}`);
  let [served, refused] = [0, 0];
  const ask = async (stream: boolean): Promise<boolean> => {
    const isWhole = await within(asked(world, stream), "an answer");
    if (isWhole) served += 1;
    else refused += 1;
    return isWhole;
  };
  const askUntilServed = async (stream: boolean): Promise<void> => {
    const endAt = performance.now() + stepMsMax;
    while (!(await ask(stream))) {
      assert.ok(performance.now() < endAt, "the gate did not open again");
      await pause();
    }
  };
  await askUntilServed(false);
  await askUntilServed(true);
  await held(world, hold);
  assert.equal(await ask(false), false, "a hold that was answered is in force");
  assert.equal(await ask(true), false, "a hold that was answered is in force");
  await released(world, hold);
  await askUntilServed(true);
  // Before the last answer: its receipt may be in the ledger as soon as it has come.
  const soFar = world.drained.length;
  await askUntilServed(false);
  if (isDrained) await until(() => world.drained.length > soFar, stepMsMax);
  return { served, refused };
}

/** Whether the answer was whole; every character of it is of an exchange that the disk knows. */
async function asked(world: GatewayWorld, stream: boolean): Promise<boolean> {
  const response = await world.ask(said("words ".repeat(30), { stream }));
  if (response.status !== 200) {
    await response.arrayBuffer();
    return false;
  }
  const id = response.headers.get("x-request-id") ?? "";
  const { body } = response;
  assert.ok(body !== null);
  let text = "";
  for await (const piece of body.pipeThrough(new TextDecoderStream())) {
    assert.ok(isOnRecord(world, id), "a character was served of which the disk knows nothing");
    text += piece;
  }
  return stream ? text.endsWith("data: [DONE]\n\n") : text.includes('"content":"You said:');
}

/**
 * In the spool as begun or ended, or in the ledger already. Meanwhile a drain may take a file away: what was in it is in the
 * ledger then, or stands in a file that was not there yet when they were listed.
 */
function isOnRecord({ folder, drained }: GatewayWorld, id: string): boolean {
  const spool = path.join(folder, "spool");
  for (;;) {
    const files = readdirSync(spool).map((file) => readOrGone(path.join(spool, file)));
    if (files.some((text) => text?.includes(id) === true) || drained.some((receipt) => receipt.id === id)) return true;
    if (!files.includes(undefined)) return false;
  }
}

/** Undefined for a file that was removed since it was listed. */
function readOrGone(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

async function held(world: GatewayWorld, hold: HoldId): Promise<void> {
  const body = {
    hold,
    scope: { kind: "model", model: small },
    reason: digestOfLabel("why"),
  } as const;
  const { envelope } = await world.world.sign({ verb: "hold", body, by: [bo] });
  const send = async (): Promise<number> => {
    const response = await fetch(`${world.url()}/hold`, { method: "POST", body: new Uint8Array(envelope) });
    await response.arrayBuffer();
    return response.status;
  };
  const endAt = performance.now() + stepMsMax;
  for (let status = await within(send(), "a hold"); status !== 200; status = await within(send(), "a hold")) {
    assert.ok(performance.now() < endAt, "a hold was never taken");
    await pause();
  }
}

async function released(world: GatewayWorld, hold: HoldId): Promise<void> {
  await until(() => world.world.state.holds.has(hold), stepMsMax);
  const { configuration } = world;
  const wanted: Wanted = { model: small, stage: "trusted", configuration, answers: [hold] };
  await certify(world.world, releaseOf(world.world, wanted), [ada, bo]);
  await within(world.publish(), "the release");
}

async function pause(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, againMs));
}

async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`${what} did not come within ${stepMsMax} ms`)), stepMsMax);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
