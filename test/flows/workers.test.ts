// HEADGATE_WORKERS: gateways in processes of their own on one port. Together they keep every limit, all of them hold within a
// second, what they answered for stands in the ledger whichever of them is killed, and they go when their server goes.
import assert from "node:assert/strict";
import path from "node:path";
import { describe, test } from "node:test";
import { z } from "zod";
import { need } from "../../src/main/in-process.ts";
import {
  type Answer,
  type Deployment,
  askOnce,
  isHeld,
  isRunning,
  openDeployment,
  until,
  untilServed,
  workerPids,
} from "./processes.ts";

async function askMany(deployment: Deployment, count: number): Promise<readonly Answer[]> {
  return Promise.all(Array.from({ length: count }, async () => askOnce(deployment.dataPlane(), deployment.key)));
}

/** Those that were answered: a connection that nobody had taken yet, or whose worker ended, is cut off. */
async function answeredOf(deployment: Deployment, count: number): Promise<readonly Answer[]> {
  const asked = Array.from({ length: count }, async () => askOnce(deployment.dataPlane(), deployment.key));
  return (await Promise.allSettled(asked)).flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
}

function statuses(answers: readonly Answer[]): readonly number[] {
  return [...new Set(answers.map(({ status }) => status))];
}

/** Waits until every receipt stands in the ledger's store. */
async function drained(deployment: Deployment, receipts: readonly string[]): Promise<void> {
  const missing = new Set(receipts);
  await until(async () => {
    for (const id of missing) {
      const said = await deployment.desk.run(["explain", id, "--profile", deployment.owner]);
      if (z.looseObject({ kind: z.literal("receipt") }).safeParse(said.json).success) missing.delete(id);
    }
    return missing.size === 0;
  });
}

/** With workers that all listen. */
async function openWorkers(count: number, requestsPerMinute = 100_000): Promise<Deployment> {
  const deployment = await openDeployment({ environment: { HEADGATE_WORKERS: String(count) }, requestsPerMinute });
  await until(() => workerPids(deployment.server).size === count);
  return deployment;
}

/** Far enough from the end of a minute, which gives every limit back. */
async function withinMinute(): Promise<void> {
  const left = 60_000 - (Date.now() % 60_000);
  if (left < 10_000) await new Promise((resolve) => setTimeout(resolve, left + 100));
}

describe("several workers", () => {
  test("share one port; one that is killed loses no receipt it gave out, and is started again", async (t) => {
    const deployment = await openWorkers(3);
    t.after(deployment.close);
    const first = await askMany(deployment, 30);
    assert.deepEqual(statuses(first), [200]);
    const during = answeredOf(deployment, 60);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const killed = workerPids(deployment.server).get(2) ?? assert.fail("there is a second worker");
    process.kill(killed, "SIGKILL");
    const answered = await during;
    assert.ok(answered.length > 0);
    await until(() => workerPids(deployment.server).get(2) !== killed, 20_000);
    const ended = deployment.server.reports.find(({ event }) => event === "worker-ended");
    assert.deepEqual([ended?.["signal"], ended?.["againMs"]], ["SIGKILL", 250]);
    const more = await askMany(deployment, 30);
    assert.deepEqual(statuses(more), [200]);
    const receipts = [...first, ...answered, ...more].map((one) => one.receipt ?? assert.fail("no receipt"));
    await drained(deployment, receipts);
  });

  test("keep a limit together, also one with fewer requests than there are workers", async (t) => {
    for (const limit of [10, 2]) {
      const deployment = await openWorkers(3, limit);
      t.after(deployment.close);
      await withinMinute();
      const answers = await askMany(deployment, 60);
      assert.equal(answers.filter(({ status }) => status === 200).length, limit);
      assert.deepEqual(new Set(statuses(answers)), new Set([200, 429]));
      await deployment.close();
    }
  });

  test("all hold, whichever of them was told", async (t) => {
    const deployment = await openWorkers(3);
    t.after(deployment.close);
    await untilServed(deployment.dataPlane(), deployment.key);
    const held = deployment.desk.run(["release", "hold", "m", "--reason", "test", "--profile", deployment.owner]);
    assert.equal((await held).exit, 0);
    await until(async () => (await askMany(deployment, 12)).every(({ status }) => status !== 200));
    const said = await askMany(deployment, 12);
    assert.ok(said.every(({ body }) => isHeld(body)));
  });

  test("are each on the page of numbers, in doctor and in status by name, and their refusals can be explained", async (t) => {
    const deployment = await openWorkers(2);
    t.after(deployment.close);
    await askMany(deployment, 20);
    const page = await (await fetch(`${deployment.controlPlane()}/metrics`)).text();
    const served = [
      ...page.matchAll(/^headgate_requests_total\{process="(worker-\d)",route="chat".*outcome="served".* (\d+)$/gm),
    ];
    assert.deepEqual(new Set(served.map(([, name]) => name)), new Set(["worker-1", "worker-2"]));
    assert.equal(
      served.reduce((sum, [, , count]) => sum + Number(count), 0),
      20,
    );
    assert.match(page, /^headgate_worker_up\{process="worker-2"\} 1$/m);
    assert.match(page, /^headgate_store_bytes\{process="control"\} \d+$/m);
    const checks = z.object({ checks: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string() })) });
    const doctor = await need(deployment.desk.run(["doctor", "--profile", deployment.owner]), checks);
    const gateways = doctor.checks.filter(({ name }) => name.startsWith("gateway "));
    assert.deepEqual(
      gateways.map(({ name, detail }) => [name, detail]),
      [
        ["gateway gateway", "is connected and up to date"],
        ["gateway gateway-2", "is connected and up to date"],
      ],
    );
    const seen = z.object({ gateways: z.array(z.object({ name: z.string(), connected: z.boolean() })) });
    const status = await need(deployment.desk.run(["release", "status", "m", "--profile", deployment.owner]), seen);
    assert.deepEqual(
      status.gateways.map(({ name, connected }) => [name, connected]),
      [
        ["gateway", true],
        ["gateway-2", true],
      ],
    );
    const refused = await askOnce(deployment.dataPlane(), "hg_00000000000000000000000000000000");
    assert.equal(refused.status, 401);
    const explained = await deployment.desk.run(["explain", refused.id ?? "", "--profile", deployment.owner]);
    assert.equal(explained.exit, 0, explained.told);
  });

  test("take the place of one process, and one process theirs, and no receipt is lost between", async (t) => {
    const deployment = await openDeployment();
    t.after(deployment.close);
    const { desk, owner, folder } = deployment;
    const key = path.join(folder, "data-keys", "gateway-2.key");
    const receipts = [await askOnce(deployment.dataPlane(), deployment.key)];
    await deployment.server.stop();
    await assert.rejects(deployment.serve({ HEADGATE_WORKERS: "2" }), /gateway-2\.key is missing/);
    await deployment.serve({ HEADGATE_WORKERS: "1" });
    await need(desk.run(["root", "propose", "--add-gateway", key, "--profile", owner]), z.unknown());
    await deployment.server.stop();
    await deployment.serve({ HEADGATE_WORKERS: "2" });
    await until(() => workerPids(deployment.server).size === 2, 30_000);
    receipts.push(...(await askMany(deployment, 10)));
    // Fewer processes first, which hand over what they have, and then the root that no longer names them.
    await deployment.server.stop();
    await deployment.serve({ HEADGATE_WORKERS: "1" });
    const named = z.object({ gateways: z.array(z.string()) });
    const { gateways } = await need(desk.run(["root", "show", "--profile", owner]), named);
    await need(desk.run(["root", "propose", "--remove-gateway", gateways[1] ?? "", "--profile", owner]), z.unknown());
    await untilServed(deployment.dataPlane(), deployment.key);
    await drained(
      deployment,
      receipts.flatMap(({ receipt }) => (receipt === null ? [] : [receipt])),
    );
  });

  test("end what they have begun when the server is told to end, and go with a server that is killed", async (t) => {
    const deployment = await openWorkers(2);
    t.after(deployment.close);
    const running = answeredOf(deployment, 20);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const pids = [...workerPids(deployment.server).values()];
    await deployment.server.stop();
    assert.equal(deployment.server.process.exitCode, 0);
    assert.deepEqual(pids.filter(isRunning), []);
    const receipts = (await running).flatMap(({ receipt }) => (receipt === null ? [] : [receipt]));
    assert.ok(receipts.length > 0);
    await deployment.serve();
    await until(() => workerPids(deployment.server).size === 2, 30_000);
    await drained(deployment, receipts);
    const second = [...workerPids(deployment.server).values()];
    await deployment.server.stop("SIGKILL");
    await until(() => second.filter(isRunning).length === 0, 20_000);
    await deployment.serve();
    await untilServed(deployment.dataPlane(), deployment.key);
  });
});
