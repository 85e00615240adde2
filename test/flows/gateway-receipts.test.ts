// Receipts: every exchange has one, they verify, they are numbered without a gap, they reach the ledger, and nothing that
// was answered is lost by a kill.
import assert from "node:assert/strict";
import { appendFile, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, test } from "node:test";
import type { BodyOf } from "../../src/acts/bodies.ts";
import { contentDigest, openReceipt, signReceipts } from "../../src/acts/receipt.ts";
import { nextInterval } from "../../src/acts/rules/evaluation.ts";
import { callerKeyOf, digestOfLabel, idOf, servers } from "../../src/acts/fixtures.ts";
import { digestOf, digestOfHash } from "../../src/proof/digest.ts";
import { toUtf8 } from "../../src/proof/encoding.ts";
import { leafHash, rootOf } from "../../src/proof/merkle.ts";
import { newSigner, nodePrimitives as primitives } from "../../src/proof/node.ts";
import { type Digest, ReceiptId } from "../../src/terms/ids.ts";
import {
  type GatewayWorld,
  ada,
  bo,
  codeOf,
  openGatewayWorld,
  readStream,
  said,
  secret,
  until,
} from "./gateway-world.ts";

const one = await openGatewayWorld();
after(one.close);

async function receiptOf(response: Response): Promise<Awaited<ReturnType<typeof openReceipt>>> {
  await response.arrayBuffer();
  return openReceipt(response.headers.get("x-headgate-receipt") ?? "", primitives);
}

/** What a receipt commits to: the body as it was sent. */
function bodyOf(body: object): Digest {
  return digestOf(toUtf8(JSON.stringify(body)), primitives);
}

/** All receipts so far, once the ledger has them. */
async function drainedBy(world: GatewayWorld, count: number): Promise<Awaited<ReturnType<typeof openReceipt>>[]> {
  await until(() => world.drained.length >= count);
  return Promise.all(world.drained.map(async ({ text }) => openReceipt(text, primitives)));
}

test("an answer's receipt is the gateway's, names what decided, and commits to what was asked and said", async () => {
  const response = await one.ask(said("hello", { max_tokens: 7 }));
  const id = ReceiptId.parse(response.headers.get("x-request-id"));
  const answer = await response.text();
  const { receipt, gateway } = await openReceipt(response.headers.get("x-headgate-receipt") ?? "", primitives);
  assert.equal(gateway, servers.gateway.publicKey);
  assert.equal(receipt.id, id);
  assert.equal(receipt.under, one.release().certificate);
  assert.equal(receipt.key, idOf.key(digestOf(toUtf8(secret), primitives)));
  assert.deepEqual([receipt.outcome, receipt.why, receipt.input, receipt.output], ["served", null, "pass", "pass"]);
  const request = bodyOf(said("hello", { max_tokens: 7 }));
  assert.equal(receipt.content, contentDigest(id, { request, answer }, primitives));
});

test("what is refused, blocked, cut and failed has a receipt that says so", async () => {
  const outcomes = [];
  outcomes.push((await receiptOf(await one.ask(said("poison")))).receipt);
  outcomes.push((await receiptOf(await one.ask({ ...said("x"), model: "absent" }))).receipt);
  one.mock.set({ fault: "status-500" });
  outcomes.push((await receiptOf(await one.ask(said("x")))).receipt);
  one.mock.set({ fault: undefined });
  assert.deepEqual(
    outcomes.map(({ outcome, why, input }) => [outcome, why, input]),
    [
      ["blocked", "policy_blocked:weapons", "block:weapons"],
      ["refused", "model_unknown", "none"],
      ["failed", "upstream_failed", "pass"],
    ],
  );
  const stranger = await one.ask(said("x"), { authorization: "Bearer hg_nobody" });
  assert.equal(stranger.headers.get("x-headgate-receipt"), null, "strangers get none");
});

test("a stream's receipt, in its comment, has the id that the header promised", async () => {
  const response = await one.ask(said("hello you", { stream: true }));
  const stream = await readStream(response);
  const { receipt } = await openReceipt(stream.receipt ?? "", primitives);
  assert.equal(receipt.id, response.headers.get("x-headgate-receipt"));
  const request = bodyOf(said("hello you", { stream: true }));
  assert.equal(receipt.content, contentDigest(receipt.id, { request, answer: stream.text }, primitives));
});

test("receipts of one interval are numbered without a gap and make the root that the ledger has", async (t) => {
  const world = await openGatewayWorld({ grant: { requestsPerMinute: 1_000_000 } });
  t.after(world.close);
  const texts = await Promise.all(
    Array.from({ length: 32 }, async () => {
      const response = await world.ask(said("hello", { max_tokens: 1 }));
      await response.arrayBuffer();
      return response.headers.get("x-headgate-receipt") ?? "";
    }),
  );
  assert.ok(Math.max(...texts.map((text) => text.length)) < 1024, "a receipt is under 1 KB with 32 at once");
  const receipts = await drainedBy(world, 32);
  assert.deepEqual(
    receipts.map(({ receipt }) => receipt.seq),
    Array.from({ length: 32 }, (_, at) => at + 1),
  );
  const { state } = world.gateway().gateway.follower;
  await until(() => nextInterval(state, servers.gateway.publicKey).first === 33);
  const roots = world.world.entries.flatMap(({ act }) =>
    act.predicate.verb === "receipts" ? [act.predicate.body] : [],
  );
  let from = 0;
  for (const { count, root } of roots) {
    const leaves = receipts.slice(from, from + count).map(({ bytes }) => leafHash(bytes, primitives));
    assert.equal(digestOfHash(rootOf(leaves, primitives)), root);
    from += count;
  }
  assert.equal(from, 32);
});

test("a receipt is given again to its own key, from the spool and from the ledger, and to no other", async () => {
  const response = await one.ask(said("mine"));
  await response.arrayBuffer();
  const id = response.headers.get("x-request-id") ?? "";
  const fetchBy = async (key: string): Promise<Response> =>
    fetch(`${one.url()}/v1/receipts/${id}`, { headers: { authorization: `Bearer ${key}` } });
  const expected = { id, receipt: response.headers.get("x-headgate-receipt") };
  assert.deepEqual(await (await fetchBy(secret)).json(), expected);
  const other = "hg_of_somebody_else_entirely";
  await one.world.say({ verb: "key", body: callerKeyOf(digestOf(toUtf8(other), primitives)), by: [ada] });
  await one.publish();
  assert.equal(await codeOf(await fetchBy(other)), "not_found");
  await until(() => one.drained.some((known) => known.id === id));
  assert.deepEqual(await (await fetchBy(secret)).json(), expected);
  assert.equal(await codeOf(await fetchBy(other)), "not_found");
});

test("what was answered before a kill reaches the ledger after it, once, and the numbers go on", async (t) => {
  const world = await openGatewayWorld();
  t.after(world.close);
  world.switches.drain = "off";
  const answered: string[] = [];
  for (const content of ["a", "b", "c"]) {
    const response = await world.ask(said(content));
    await response.arrayBuffer();
    answered.push(response.headers.get("x-request-id") ?? "");
  }
  await world.restart("kill");
  world.switches.drain = "on";
  await until(() => world.gateway().gateway.recorder.isReady());
  await until(async () => (await world.ask(said("d"))).status === 200);
  const receipts = await drainedBy(world, 4);
  assert.deepEqual(
    receipts.slice(0, 3).map(({ receipt }) => receipt.id),
    answered,
  );
  const numbers = receipts.map(({ receipt }) => receipt.seq);
  assert.deepEqual(
    numbers,
    numbers.map((_, at) => at + 1),
  );
});

test("a stream that a kill cut stands in the ledger as cut", async (t) => {
  const world = await openGatewayWorld();
  t.after(world.close);
  world.mock.set({ fault: "never-ends" });
  const response = await world.ask(said("words ".repeat(50), { stream: true }));
  const id = response.headers.get("x-headgate-receipt");
  const spool = path.join(world.folder, "spool");
  const [file = ""] = await readdir(spool);
  const written = await readFile(path.join(spool, file), "utf8");
  assert.match(written, new RegExp(`"begun":\\{"id":"${id}"`));
  assert.doesNotMatch(written, /words/, "no text of anybody is in the spool");
  await world.restart("kill");
  await response.text().catch(() => undefined);
  await until(() => world.drained.some((known) => known.id === id));
  const cut = (await drainedBy(world, 1)).find(({ receipt }) => receipt.id === id);
  assert.equal(cut?.receipt.outcome, "cut");
});

test("a line that a crash tore is left out, and the lines before it are kept", async (t) => {
  const world = await openGatewayWorld();
  t.after(world.close);
  world.switches.drain = "off";
  await (await world.ask(said("whole"))).arrayBuffer();
  const spool = path.join(world.folder, "spool");
  for (const file of await readdir(spool)) await appendFile(path.join(spool, file), '{"id":"rcpt_0000');
  await world.restart("kill");
  world.switches.drain = "on";
  await until(() => world.gateway().gateway.recorder.isReady());
  assert.equal((await drainedBy(world, 1)).length, 1);
});

function lostIn(world: GatewayWorld): readonly BodyOf<"lost">[] {
  return world.world.entries.flatMap(({ act }) => (act.predicate.verb === "lost" ? [act.predicate.body] : []));
}

async function changeSpool(folder: string, change: (text: string) => string): Promise<void> {
  const spool = path.join(folder, "spool");
  for (const file of await readdir(spool)) {
    const text = await readFile(path.join(spool, file), "utf8");
    await writeFile(path.join(spool, file), change(text));
  }
}

test("receipts that the spool does not give back are an entry of their own, kept aside, and the numbers go on", async (t) => {
  const world = await openGatewayWorld();
  t.after(world.close);
  await (await world.ask(said("x"))).arrayBuffer();
  await until(() => world.drained.length === 1);
  world.switches.drain = "off";
  const numbers: number[] = [];
  for (let count = 0; count < 4; count++) {
    const answer = await world.ask(said("x"));
    await answer.arrayBuffer();
    numbers.push((await openReceipt(answer.headers.get("x-headgate-receipt") ?? "", primitives)).receipt.seq);
  }
  assert.deepEqual(numbers, [2, 3, 4, 5]);
  // The second and the last of the four, wherever intervals were closed between them.
  let seen = 0;
  await changeSpool(world.folder, (text) =>
    text.replaceAll(/hgr1\.(.{20})/g, (whole: string, start: string) => {
      seen += 1;
      return seen % 2 === 0 ? `hgr1.${start}A` : whole;
    }),
  );
  await world.restart("kill");
  world.switches.drain = "on";
  await until(() => lostIn(world).length >= 2);
  const lost = lostIn(world).map(({ first, count }) => [first, count]);
  assert.deepEqual(lost, [
    [3, 1],
    [5, 1],
  ]);
  await until(async () => (await fetch(`${world.url()}/readyz`)).ok);
  const again = await world.ask(said("x"));
  await again.arrayBuffer();
  assert.equal(again.status, 200);
  const next = await openReceipt(again.headers.get("x-headgate-receipt") ?? "", primitives);
  assert.equal(next.receipt.seq, 6);
  const left = await readdir(path.join(world.folder, "spool"));
  assert.ok(left.some((name) => name.startsWith("lost-")));
  await world.restart("kill");
  assert.equal(lostIn(world).length, 2, "what was said to be lost is not said again");
});

test("receipts of another gateway's key in the spool close the gateway, and a hold is still taken", async (t) => {
  const world = await openGatewayWorld();
  t.after(world.close);
  world.switches.drain = "off";
  const answer = await world.ask(said("x"));
  await answer.arrayBuffer();
  const text = answer.headers.get("x-headgate-receipt") ?? "";
  const { receipt } = await openReceipt(text, primitives);
  const [foreign] = await signReceipts([receipt], newSigner().signer, primitives);
  await changeSpool(world.folder, (file) => file.replaceAll(text, foreign?.text ?? ""));
  await world.restart("kill");
  world.switches.drain = "on";
  await until(() => world.gateway().gateway.follower.closure() === undefined);
  assert.equal(await codeOf(await world.ask(said("x"))), "gateway_closed:records");
  await until(() => world.reports.some((report) => report.includes("another gateway's key")));
  const body = { hold: idOf.hold("h"), scope: { kind: "everything" }, reason: digestOfLabel("why") } as const;
  const { envelope } = await world.world.sign({ verb: "hold", body, by: [bo] });
  const held = await fetch(`${world.url()}/hold`, { method: "POST", body: new Uint8Array(envelope) });
  assert.equal(held.status, 200);
});
