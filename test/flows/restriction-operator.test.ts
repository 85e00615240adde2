// A restriction as an operator meets it: placed, seen, told how it ends, lifted by a release that names it, and explained.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { z } from "zod";
import { type Mock, startMock } from "../upstream-mock/server.ts";
import { operatorOf } from "./operator.ts";

const folder = mkdtempSync(join(tmpdir(), "headgate-restriction-"));
const ada = join(folder, "ada.json");
const { headgate, must, refused, start, stop, address } = operatorOf({
  HEADGATE_DATA: join(folder, "data"),
  HEADGATE_STATE: join(folder, "state"),
});
const Proposed = z.object({ proposal: z.string(), lifts: z.array(z.string()) });
const Status = z.object({
  restrictions: z.array(z.object({ restriction: z.string(), reviewDue: z.boolean() })),
  proposals: z.array(z.object({ proposal: z.string(), lifts: z.array(z.string()) })),
});
let mock: Mock;

before(async () => {
  mock = await startMock();
  await start();
  await must("init", "--name", "Ada", "--profile", ada);
  const release = join(folder, "release");
  await must("connect", mock.url, "--model", "mock", "--name", "mine", "--out", release, "--profile", ada);
  await must("apply", "-f", release, "--profile", ada);
  await open(["propose", "mine", "--stage", "internal", "--reason", "first"]);
});
after(async () => {
  await stop();
  await mock.close();
  rmSync(folder, { recursive: true });
});

/** The proposal that a command makes, signed and certified. */
async function open(args: readonly string[]): Promise<string> {
  const { out, err } = await headgate("release", ...args, "--profile", ada, "--json");
  const proposed = z.object({ proposal: z.string() }).safeParse(JSON.parse(out || "null"));
  assert.ok(proposed.success, err);
  const { proposal } = proposed.data;
  await must("release", "sign", proposal, "--reason", "yes", "--profile", ada);
  return must("release", "advance", proposal, "--profile", ada);
}

async function restrict(): Promise<string> {
  const said = await must("release", "restrict", "mine", "--output-tokens", "7", "--reason", "night", "--profile", ada);
  return z.object({ restriction: z.string() }).parse(JSON.parse(said)).restriction;
}

async function status(): Promise<z.infer<typeof Status>> {
  return Status.parse(JSON.parse(await must("release", "status", "mine", "--profile", ada)));
}

test("a restriction says how it ends, is lifted by a release that names it, and is explained afterwards", async () => {
  const id = await restrict();
  assert.deepEqual((await status()).restrictions, [{ restriction: id, reviewDue: false }]);
  const plain = await headgate("release", "resume", "mine", "--profile", ada);
  assert.match(plain.out, new RegExp(`not held.*restricted by ${id}: --lift`));
  const lifting = ["release", "resume", "mine", "--lift", id, "--profile", ada];
  const first = await headgate(...lifting, "--json");
  assert.equal(first.code, 1, "not passed until it is signed and certified");
  const { proposal, lifts } = Proposed.parse(JSON.parse(first.out));
  assert.deepEqual(lifts, [id]);
  const second = await headgate(...lifting, "--json");
  assert.equal(Proposed.parse(JSON.parse(second.out)).proposal, proposal, "the one that waits is named again");
  assert.deepEqual((await status()).proposals.at(0), { proposal, lifts: [id] });
  const signed = await headgate("release", "sign", proposal, "--reason", "seen", "--profile", ada);
  const told = signed.out + signed.err;
  assert.match(told, new RegExp(`LIFTING ${id}`));
  assert.match(told, new RegExp(`lifts ${id}, by which answers have at most 7 tokens`));
  await must("release", "advance", proposal, "--profile", ada);
  assert.deepEqual((await status()).restrictions, []);
  assert.match((await headgate("explain", id, "--profile", ada)).out, /at most 7 tokens\. It was lifted by cert_/);
});

test("propose lifts as well; what is not in force is refused, and a release that names none lifts none", async () => {
  const id = await restrict();
  await open(["propose", "mine", "--stage", "internal", "--reason", "renewed"]);
  assert.equal((await status()).restrictions.length, 1);
  await open(["propose", "mine", "--stage", "internal", "--reason", "over", "--lift", id]);
  assert.deepEqual((await status()).restrictions, []);
  const again = await refused("release", "resume", "mine", "--lift", id, "--profile", ada);
  assert.deepEqual([again.code, /not in force/.test(again.message)], ["statement_invalid", true]);
  const page = await fetch(`${address()}/api/openapi.json`);
  assert.match(await page.text(), /"lifts"/);
});
