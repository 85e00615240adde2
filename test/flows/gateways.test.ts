// `headgate gateway`: gateways in folders of their own with keys of their own, as on other machines, with their control plane
// behind a port. What they answered reaches the ledger; without their control plane they close, and nobody's older ledger
// opens them again.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, existsSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type TestContext, describe, test } from "node:test";
import { z } from "zod";
import { freePort } from "../../src/main/free-port.ts";
import { need } from "../../src/main/in-process.ts";
import {
  type Deployment,
  type Running,
  askOnce,
  isHeld,
  openDeployment,
  startHeadgate,
  until,
  untilServed,
} from "./processes.ts";

const any = z.unknown();
const command = path.resolve(import.meta.dirname, "../../bin/headgate");

interface Far {
  readonly deployment: Deployment;
  readonly gateway: Running;
  readonly dataPlane: string;
  readonly feed: string;
  readonly restart: (endsAfter?: RegExp) => Promise<Running>;
}

interface FarOptions {
  readonly requestsPerMinute?: number;
  readonly HEADGATE_METRICS_PORT?: string;
}

/** A deployment with one more gateway, whose key was made and named as docs/operate.md says. */
async function far(t: TestContext, { requestsPerMinute = 100_000, ...more }: FarOptions = {}): Promise<Far> {
  const deployment = await openDeployment({ environment: { HEADGATE_FEED_PORT: "0" }, requestsPerMinute });
  t.after(deployment.close);
  const { desk, owner, folder } = deployment;
  const keys = path.join(folder, "far-keys");
  await need(desk.run(["root", "propose", "--add-gateway", path.join(keys, "gateway.key"), "--profile", owner]), any);
  const feed = `http://127.0.0.1:${String(deployment.server.ready["feedPort"])}`;
  const start = async (endsAfter?: RegExp): Promise<Running> =>
    deployment.gateway("far", { ...more, HEADGATE_FEED: feed, HEADGATE_KEYS: keys }, endsAfter);
  const gateway = await start();
  const dataPlane = String(gateway.ready["dataPlane"]);
  return { deployment, gateway, dataPlane, feed, restart: start };
}

const Drilled = z.object({
  opened: z.number(),
  byGateway: z.array(z.object({ milliseconds: z.number().nullable(), opened: z.number() })),
});

/** `headgate drill --hold` over both gateways: it ends what streams through each, and lets its key in again. */
async function drillsTheBrake({ folder, key, mock, owner, dataPlane }: Deployment, other: string): Promise<void> {
  const keyFile = path.join(folder, "drill-key");
  writeFileSync(keyFile, key);
  mock.set({ fault: "never-ends", delayMs: 20, chunkChars: 8 });
  const profiles = ["--profile", owner, "--resume-profile", owner];
  const words = ["drill", "--hold", "--model", "m", "--key-file", keyFile, "--gateway", other, "--streams", "2"];
  const out = await new Promise<string>((resolve) => {
    execFile(command, [...words, ...profiles, "--json"], (_, told) => {
      resolve(told);
    });
  });
  mock.set({ fault: undefined, delayMs: 0 });
  const { byGateway, opened } = Drilled.parse(JSON.parse(out));
  assert.equal(opened, 0, out);
  assert.ok(byGateway.length === 2 && byGateway.every(({ milliseconds }) => milliseconds !== null), out);
  for (const one of [dataPlane(), other]) await untilServed(one, key);
}

async function closure(dataPlane: string): Promise<string | null> {
  const response = await fetch(`${dataPlane}/readyz`, { headers: { connection: "close" } });
  return z.object({ closure: z.string().nullable() }).parse(await response.json()).closure;
}

test("a brake on a mistyped model is refused and names the nearest; with no control plane to ask it is not kept waiting", async (t) => {
  const { desk, owner, server, dataPlane, key, close } = await openDeployment({});
  t.after(close);
  const reason = ["--reason", "test", "--profile", owner];
  for (const [verb, what] of [
    [["hold", "mm"], "HELD"],
    [["hold", "mm", "--stage", "trusted"], "HELD"],
    [["restrict", "mm", "--output-tokens", "5"], "RESTRICTED"],
  ] as const) {
    const { exit, told } = await desk.run(["release", ...verb, ...reason]);
    assert.equal(exit, 2);
    assert.match(told, new RegExp(`NOTHING IS ${what}:`));
    assert.match(told, /there is no model \W+mm\W+ here\. Did you mean \W+m\W/);
  }
  assert.equal((await askOnce(dataPlane(), key)).status, 200);
  await need(desk.run(["release", "hold", "m", ...reason]), any);
  await server.stop("SIGKILL");
  const { exit, told } = await desk.run(["release", "hold", "mm", ...reason]);
  assert.notEqual(exit, 0);
  assert.match(told, /neither the gateway nor the control plane answered/);
});

describe("a gateway elsewhere", () => {
  test("starts with the root pinned and with nothing less, and not in the folder of a control plane", async (t) => {
    const { deployment, feed } = await far(t);
    const { folder, pin } = deployment;
    const environment = {
      HEADGATE_PORT: "0",
      HEADGATE_DATA: path.join(folder, "other"),
      HEADGATE_KEYS: path.join(folder, "far-keys"),
      HEADGATE_FEED: feed,
    };
    const fails = async (more: NodeJS.ProcessEnv, why: RegExp): Promise<void> =>
      assert.rejects(startHeadgate(["gateway"], { ...environment, ...more }), why);
    await fails({}, /HEADGATE_TRUST=sha256/);
    await fails({ HEADGATE_TRUST: pin, HEADGATE_FEED: "" }, /HEADGATE_FEED says where/);
    await fails({ HEADGATE_TRUST: pin, HEADGATE_DATA: path.join(folder, "data") }, /folder of a control plane/);
    await fails({ HEADGATE_TRUST: pin, HEADGATE_KEYS: path.join(folder, "no-keys") }, /gateway\.key is missing/);
    assert.equal(existsSync(path.join(folder, "no-keys", "gateway.key")), false);
    // Another root than the deployment's: it waits for one that never comes, and serves nobody.
    const other = { ...environment, HEADGATE_TRUST: `sha256:${"0".repeat(64)}` };
    const told = /another first root|pinned|first root/;
    await assert.rejects(startHeadgate(["gateway"], other, told), told);
  });

  test("serves and hands receipts and usage over; closes without its control plane, and goes on with it", async (t) => {
    const metricsPort = String(await freePort());
    const { deployment, dataPlane } = await far(t, { HEADGATE_METRICS_PORT: metricsPort });
    await untilServed(dataPlane, deployment.key);
    const page = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    assert.match(page, /^headgate_requests_total\{route="chat",model="m",.*outcome="served".* 1$/m);
    const { receipt } = await askOnce(dataPlane, deployment.key);
    const { owner, desk } = deployment;
    await until(async () => (await desk.run(["explain", receipt ?? "", "--profile", owner])).exit === 0);
    const checks = z.object({ checks: z.array(z.object({ name: z.string(), detail: z.string() })) });
    const doctor = await need(desk.run(["doctor", "--profile", owner]), checks);
    const seen = doctor.checks.filter(({ name }) => name.startsWith("gateway "));
    assert.deepEqual(
      seen.map(({ detail }) => detail),
      ["is connected and up to date", "is connected and up to date"],
    );
    await drillsTheBrake(deployment, dataPlane);
    await deployment.server.stop("SIGKILL");
    await until(async () => (await askOnce(dataPlane, deployment.key)).status === 503);
    assert.equal(await closure(dataPlane), "lease");
    await deployment.serve({ HEADGATE_FEED_PORT: String(deployment.server.ready["feedPort"]) });
    await untilServed(dataPlane, deployment.key);
  });

  test("is opened by no older ledger, brought back with everything that would tell of it", async (t) => {
    const { deployment, dataPlane, gateway, restart } = await far(t);
    const { folder, desk, owner } = deployment;
    const port = { HEADGATE_FEED_PORT: String(deployment.server.ready["feedPort"]) };
    await untilServed(dataPlane, deployment.key);
    await deployment.server.stop();
    cpSync(path.join(folder, "data"), path.join(folder, "kept"), { recursive: true });
    await deployment.serve(port);
    await untilServed(dataPlane, deployment.key);
    await need(desk.run(["release", "hold", "m", "--reason", "test", "--profile", owner]), any);
    await until(async () => isHeld((await askOnce(dataPlane, deployment.key)).body));
    await deployment.server.stop();
    rmSync(path.join(folder, "data"), { recursive: true });
    cpSync(path.join(folder, "kept"), path.join(folder, "data"), { recursive: true });
    rmSync(path.join(folder, "data-keys", "seen.json"), { force: true });
    await deployment.serve(port);
    // Its own gateway serves: nothing on that machine tells that the ledger was longer. The other one has seen it.
    await untilServed(deployment.dataPlane(), deployment.key);
    for (let times = 0; times < 10; times++) {
      assert.notEqual((await askOnce(dataPlane, deployment.key)).status, 200);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    await gateway.stop();
    // Started anew it has its mark: it says that this is another ledger, or, where that is shorter still, waits behind it.
    const told = /differs from the one seen here before/;
    const again = await restart(told).catch((error: unknown) => String(error));
    if (typeof again === "string") assert.match(again, told);
    else assert.equal(await closure(String(again.ready["dataPlane"])), "behind-mark");
  });

  test("is held directly while its control plane is away, and the ledger hears of it", async (t) => {
    const { deployment, dataPlane } = await far(t);
    const { desk, owner } = deployment;
    const port = { HEADGATE_FEED_PORT: String(deployment.server.ready["feedPort"]) };
    await untilServed(dataPlane, deployment.key);
    await deployment.server.stop("SIGKILL");
    const hold = ["release", "hold", "m", "--reason", "test", "--gateway", dataPlane, "--profile", owner];
    const taken = z.object({
      recorded: z.literal(false),
      gateways: z.array(z.object({ gateway: z.string(), held: z.boolean() })),
    });
    const { gateways } = await need(desk.run(hold), taken);
    assert.deepEqual(
      gateways.map(({ held }) => held),
      [false, true],
    );
    await deployment.serve(port);
    await until(async () => isHeld((await askOnce(deployment.dataPlane(), deployment.key)).body));
    await until(async () => isHeld((await askOnce(dataPlane, deployment.key)).body));
  });

  test("has a key that never leaves its machine", async (t) => {
    const { deployment, feed } = await far(t);
    const { desk, owner, folder, pin } = deployment;
    const [keys, proposed, signed] = ["own-keys", "root.json", "signed.json"].map((name) => path.join(folder, name));
    assert.ok(keys !== undefined && proposed !== undefined && signed !== undefined);
    const made = await startHeadgate(["gateway", "--new-key"], { HEADGATE_KEYS: keys });
    const publicKey = String(made.ready["publicKey"]);
    await assert.rejects(startHeadgate(["gateway", "--new-key"], { HEADGATE_KEYS: keys }), /is there already/);
    await need(desk.run(["root", "propose", "--add-gateway", publicKey, "--out", proposed, "--profile", owner]), any);
    await need(desk.run(["root", "sign", proposed, "--key", path.join(keys, "gateway.key"), "--out", signed]), any);
    await need(desk.run(["root", "publish", signed, "--profile", owner]), any);
    const gateway = await deployment.gateway("third", {
      HEADGATE_FEED: feed,
      HEADGATE_KEYS: keys,
      HEADGATE_TRUST: pin,
    });
    await untilServed(String(gateway.ready["dataPlane"]), deployment.key);
  });

  test("reaches its feed in TLS, and nobody whose certificate is another's", async (t) => {
    const { deployment, gateway } = await far(t);
    const { folder, key } = deployment;
    await gateway.stop();
    await deployment.server.stop();
    const tls = path.resolve(import.meta.dirname, "../data/tls");
    await deployment.serve({
      HEADGATE_FEED_PORT: "0",
      HEADGATE_TLS_CERT: path.join(tls, "one.crt"),
      HEADGATE_TLS_KEY: path.join(tls, "one.key"),
    });
    const feed = `https://127.0.0.1:${String(deployment.server.ready["feedPort"])}`;
    const own = { HEADGATE_FEED: feed, HEADGATE_KEYS: path.join(folder, "far-keys") };
    const wrong = { ...own, HEADGATE_FEED_CA: path.join(tls, "two.crt") };
    await assert.rejects(deployment.gateway("far", wrong, /cannot be reached/), /cannot be reached/);
    const right = { ...own, HEADGATE_FEED_CA: path.join(tls, "one.crt") };
    const again = await deployment.gateway("far", right);
    await untilServed(String(again.ready["dataPlane"]), key);
  });

  test("shares every limit with the other", async (t) => {
    const { deployment, dataPlane } = await far(t, { requestsPerMinute: 9 });
    await until(async () => (await closure(dataPlane)) === null);
    const left = 60_000 - (Date.now() % 60_000);
    if (left < 10_000) await new Promise((resolve) => setTimeout(resolve, left + 100));
    const answers = [];
    for (const address of [dataPlane, deployment.dataPlane()]) {
      for (let count = 0; count < 12; count++) answers.push(await askOnce(address, deployment.key));
    }
    const served = answers.map(({ status }) => status === 200);
    assert.equal(served.filter(Boolean).length, 9);
    assert.ok([4, 5].includes(served.slice(0, 12).filter(Boolean).length));
  });
});
