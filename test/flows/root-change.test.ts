// The trust root is changed by the command line against a real server: floors and persons by two signatures, server keys
// by a new key that proves itself and takes over at a restart. Nothing of it is in force with one signature too few.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { readConfiguration } from "../../src/main/configuration.ts";
import { type Said, openDesk, refusalIn } from "../../src/main/in-process.ts";
import { type Serving, serve } from "../../src/main/serve.ts";
import { signerFromSeed } from "../../src/proof/node.ts";

const folder = mkdtempSync(join(tmpdir(), "headgate-root-"));
const keys = join(folder, "data-keys");
const [ada, bo] = [join(folder, "ada.json"), join(folder, "bo.json")];
const Root = z.object({
  version: z.number(),
  control: z.string(),
  gateways: z.array(z.string()),
  personsForChange: z.number(),
});

let serving: Serving;

async function start(): Promise<void> {
  const environment = { HEADGATE_DATA: join(folder, "data"), HEADGATE_PORT: "0", HEADGATE_CONTROL_PORT: "0" };
  serving = await serve({
    configuration: readConfiguration(environment),
    environment,
    version: "0.0.0-test",
    demo: false,
    report: () => undefined,
  });
}

async function restart(): Promise<void> {
  await serving.close();
  await start();
}

async function headgate(...args: readonly string[]): Promise<Said> {
  const desk = openDesk({
    server: serving.controlPlane,
    dataPlane: serving.dataPlane,
    codeFile: join(folder, "data", "init-code"),
    stateFolder: join(folder, "state"),
    version: "0.0.0-test",
  });
  return desk.run([...args, "--server", serving.controlPlane]);
}

async function must(...args: readonly string[]): Promise<unknown> {
  const said = await headgate(...args);
  assert.equal(said.exit, 0, said.told);
  return said.json;
}

async function rootNow(): Promise<z.infer<typeof Root>> {
  return Root.parse(await must("root", "show", "--profile", ada));
}

/** The second person reads what changes and signs. */
async function cosignLast(words: RegExp): Promise<void> {
  const Pending = z.object({ pending: z.array(z.object({ act: z.string(), words: z.string() })) });
  const { pending } = Pending.parse(await must("cosign", "--profile", bo));
  const last = pending.at(-1);
  assert.ok(last !== undefined);
  assert.match(last.words, words);
  await must("cosign", last.act, "--profile", bo);
}

async function isReady(): Promise<boolean> {
  for (let tries = 0; tries < 1_200; tries++) {
    const response = await fetch(`${serving.dataPlane}/readyz`);
    await response.body?.cancel();
    if (response.ok) return true;
    await sleep(50);
  }
  return false;
}

function publicKeyIn(file: string): string {
  return signerFromSeed(readFileSync(file, "utf8").trim()).publicKey;
}

before(async () => {
  await start();
  await must("init", "--name", "Ada", "--profile", ada);
  const { code } = z
    .object({ code: z.string() })
    .parse(await must("person", "invite", "--name", "Bo", "--role", "safety", "--profile", ada));
  await must("join", code, "--profile", bo);
});
after(async () => {
  await serving.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("a change of the trust root", () => {
  test("of floors waits for the second person, who is told what changes, and then is in force", async () => {
    const said = await headgate(
      "root",
      "propose",
      "--floor",
      "general=owner:1,safety:1",
      "--persons",
      "2",
      "--profile",
      ada,
    );
    assert.equal(refusalIn(said)?.code, "quorum_missing");
    assert.equal((await rootNow()).version, 1);
    await cosignLast(/a change of the root takes 2 person\(s\) instead of 1/);
    const root = await rootNow();
    assert.deepEqual([root.version, root.personsForChange], [2, 2]);
  });

  test("that nobody could ever undo or fulfil is refused before it is sent", async () => {
    const many = await headgate("root", "propose", "--persons", "3", "--profile", ada);
    assert.match(refusalIn(many)?.message ?? "", /2 person\(s\) could sign/);
    const floor = await headgate("root", "propose", "--floor", "trusted=owner:1,safety:2", "--profile", ada);
    assert.match(refusalIn(floor)?.message ?? "", /2 safety, and there is 1/);
    assert.equal((await rootNow()).version, 2);
  });

  test("to a floor that one role could meet alone is refused by the rules", async () => {
    const said = await headgate("root", "propose", "--floor", "trusted=owner:1", "--profile", ada);
    assert.equal(refusalIn(said)?.code, "statement_invalid");
  });

  test("without a new gateway's own signature is refused: whose key it is has to be shown", async () => {
    const key = publicKeyIn(join(keys, "gateway.key"));
    const other = `${key.slice(0, 10)}${key[10] === "A" ? "B" : "A"}${key.slice(11)}`;
    const said = await headgate("root", "propose", "--add-gateway", other, "--profile", ada);
    assert.match(refusalIn(said)?.message ?? "", /Every key that comes in signs/);
  });
});

describe("server keys", () => {
  test("the gateway's: the new one comes in, takes over at a restart, and the old one goes out", async () => {
    const [old, fresh] = [join(keys, "gateway.key"), join(keys, "gateway.key.new")];
    const retired = publicKeyIn(old);
    await headgate("root", "propose", "--add-gateway", fresh, "--profile", ada);
    assert.equal(statSync(fresh).mode & 0o077, 0);
    await cosignLast(/a gateway with key .* comes in/);
    assert.deepEqual((await rootNow()).gateways, [retired, publicKeyIn(fresh)]);
    renameSync(fresh, old);
    await restart();
    assert.ok(await isReady());
    await headgate("root", "propose", "--remove-gateway", retired, "--profile", ada);
    await cosignLast(/the gateway with key .* goes out/);
    assert.deepEqual((await rootNow()).gateways, [publicKeyIn(old)]);
    assert.ok(await isReady());
  });

  test("the control plane's, signed on the machine where it lies: the statement travels as a file, the key does not", async () => {
    const [old, fresh] = [join(keys, "control.key"), join(folder, "elsewhere.key")];
    const proposed = join(folder, "root.json");
    const signed = join(folder, "root-signed.json");
    // The key is made on the other machine; only its public half is named here.
    await headgate("root", "propose", "--control-key", fresh, "--out", join(folder, "unused.json"), "--profile", ada);
    assert.ok(existsSync(fresh));
    await must("root", "propose", "--control-key", publicKeyIn(fresh), "--out", proposed, "--profile", ada);
    const early = await headgate("root", "publish", proposed, "--profile", ada);
    assert.match(refusalIn(early)?.message ?? "", /Every new key/);
    await must("root", "sign", proposed, "--key", fresh, "--out", signed);
    await headgate("root", "publish", signed, "--profile", ada);
    await cosignLast(/the control plane's key becomes/);
    assert.equal((await rootNow()).control, publicKeyIn(fresh));
    await serving.close();
    await assert.rejects(start(), /not those of the trust root/);
    renameSync(fresh, old);
    await start();
    assert.ok(await isReady());
  });
});
