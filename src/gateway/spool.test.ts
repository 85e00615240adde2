import assert from "node:assert/strict";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { digestOfLabel } from "../acts/fixtures.ts";
import type { DrainedReceipt } from "../feed/feed.ts";
import { Instant, Name, PermitId, ReceiptId } from "../terms/ids.ts";
import { type Begun, type Line, openSpool, receiptLine, textIn } from "./spool.ts";

const digest = digestOfLabel("a receipt");

function idOf(count: number): ReceiptId {
  return ReceiptId.parse(`rcpt_${String(count).padStart(24, "0")}`);
}

function begunOf(count: number): Begun {
  const known = { config: digest, under: null, stage: "trusted", key: null, item: null, input: "pass" } as const;
  return { id: idOf(count), model: Name.parse("small"), ...known };
}

function receiptOf(count: number): DrainedReceipt {
  const at = Instant.parse(1);
  return { id: idOf(count), text: `receipt ${count}.`, at, permit: null, item: null };
}

test("a file that is removed while receipts are written and a stream is under way costs no receipt", async (t) => {
  for (const removeFirst of [true, false]) {
    const folder = await mkdtemp(path.join(tmpdir(), "headgate-spool-"));
    t.after(async () => rm(folder, { recursive: true, force: true }));
    const { spool } = await openSpool(folder);
    await spool.append({ begun: [begunOf(1)], receipts: [receiptOf(2)] });
    const file = await spool.rotate();
    const remove = async (): Promise<void> => spool.remove(file);
    const append = async (): Promise<readonly Line[]> => spool.append({ begun: [], receipts: [receiptOf(3)] });
    const both: readonly (() => Promise<unknown>)[] = removeFirst ? [remove, append] : [append, remove];
    await Promise.all(both.map(async (work) => work()));
    await spool.append({ begun: [], receipts: [receiptOf(4)] });
    const texts = (await readdir(folder)).map(async (name) => readFile(path.join(folder, name), "utf8"));
    const text = (await Promise.all(texts)).join("");
    for (const kept of [idOf(1), "receipt 3.", "receipt 4."]) assert.ok(text.includes(kept), `${kept} is in the spool`);
    assert.ok(!text.includes("receipt 2."));
    await spool.close();
  }
});

test("what was written is read back from where it stands, behind streams that begin too", async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), "headgate-spool-"));
  t.after(async () => rm(folder, { recursive: true, force: true }));
  const { spool } = await openSpool(folder);
  const receipts = [receiptOf(2), receiptOf(30), receiptOf(400)];
  const lines = await spool.append({ begun: [begunOf(1)], receipts });
  await spool.close();
  assert.deepEqual(lines.map(textIn), ["receipt 2.", "receipt 30.", "receipt 400."]);
});

test("a receipt's line is its JSON", () => {
  const permit = PermitId.parse(`permit_${"1".repeat(16)}`);
  for (const receipt of [receiptOf(1), { ...receiptOf(2), permit, item: digest }]) {
    assert.equal(receiptLine(receipt), `${JSON.stringify(receipt)}\n`);
  }
});
