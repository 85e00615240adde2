// Observe mode at the gateway: nothing is stopped by safeguards, everything that would have been is on record, and all else
// that closes the gate still does. Real gateway, real ledger, a mock model server that says again what it was told.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { z } from "zod";
import type { Limit } from "../../src/acts/bodies.ts";
import { digestOfLabel, idOf, openModel, permitOf } from "../../src/acts/fixtures.ts";
import { itemHeader, itemLeaf, itemProof } from "../../src/acts/item-proof.ts";
import { type Receipt, openReceipt } from "../../src/acts/receipt.ts";
import type { Answered } from "../../src/gateway/note.ts";
import { openAccessLog } from "../../src/main/telemetry/access-log.ts";
import { createMeters } from "../../src/main/telemetry/meters.ts";
import { observedIn } from "../../src/release/observed.ts";
import { canonicalBytes } from "../../src/proof/canonical.ts";
import { digestOf, digestOfHash } from "../../src/proof/digest.ts";
import { toUtf8 } from "../../src/proof/encoding.ts";
import { rootOf } from "../../src/proof/merkle.ts";
import { nodePrimitives as primitives } from "../../src/proof/node.ts";
import { Instant, timestampOf } from "../../src/terms/ids.ts";
import {
  Completion,
  type GatewayWorld,
  type WorldOptions,
  ada,
  bo,
  codeOf,
  openGatewayWorld,
  readEvents,
  readStream,
  said,
  small,
  until,
} from "./gateway-world.ts";

/** A world whose model is out at trusted, in observe mode. */
async function observing(t: TestContext, options: WorldOptions = {}): Promise<GatewayWorld> {
  const world = await openGatewayWorld({ isWithheld: true, ...options });
  t.after(world.close);
  await certify(world, "observe");
  return world;
}

async function certify(world: GatewayWorld, mode?: "observe"): Promise<void> {
  const how = mode === undefined ? {} : { mode };
  await openModel(world.world, { model: small, stage: "trusted", configuration: world.configuration, ...how });
  await world.publish();
}

async function restrict(world: GatewayWorld, limit: Limit): Promise<void> {
  const body = { hold: idOf.hold("restriction"), model: small, limit, reason: digestOfLabel("a reason") };
  await world.world.say({ verb: "restriction", body, by: [bo] });
  await world.publish();
}

async function hold(world: GatewayWorld): Promise<void> {
  const body = {
    hold: idOf.hold("stop"),
    scope: { kind: "model", model: small },
    reason: digestOfLabel("why"),
  } as const;
  await world.world.say({ verb: "hold", body, by: [bo] });
  await world.publish();
}

async function receiptOf(text: string | null | undefined): Promise<Receipt> {
  return (await openReceipt(text ?? "", primitives)).receipt;
}

/** What a receipt says of the verdicts and of what became of it. */
async function recordOf(response: Response): Promise<readonly unknown[]> {
  const { input, output, outcome, would } = await receiptOf(response.headers.get("x-headgate-receipt"));
  return [input, output, outcome, would];
}

test("what policy blocks, reviews or cannot judge is served, said to be observed, and on record as it would have been", async (t) => {
  const world = await observing(t);
  const ask = async (text: string): Promise<readonly unknown[]> => {
    const response = await world.ask(said(text));
    assert.equal(response.status, 200, text);
    assert.equal(response.headers.get("x-headgate-stage"), "trusted");
    assert.equal(response.headers.get("x-headgate-mode"), "observe");
    const answer = Completion.parse(await response.clone().json());
    assert.equal(answer.choices[0]?.message.content, `You said: ${text}`);
    assert.equal(answer.choices[0].finish_reason, "stop");
    return recordOf(response);
  };
  assert.deepEqual(await ask("hello"), ["pass", "pass", "served", "served"]);
  assert.deepEqual(await ask("mix me a poison"), ["block:weapons", "block:weapons", "served", "blocked"]);
  assert.deepEqual(await ask("a doubtful offer"), ["review:fraud", "review:fraud", "served", "blocked"]);
  assert.deepEqual(await ask("curious"), ["flag:cyber", "flag:cyber", "served", "served"]);
  assert.deepEqual(await ask("BREAK"), ["unknown:failed", "unknown:failed", "served", "blocked"]);
});

test("metrics and the access log say what would have been, of observed exchanges only", async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), "headgate-observe-"));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  const [meters, log] = [createMeters(), openAccessLog(path.join(folder, "access.jsonl"))];
  t.after(meters.close);
  const answered = (one: Answered): void => {
    meters.take(one);
    log.take(one);
  };
  const world = await observing(t, { answered });
  for (const text of ["hello", "mix me a poison", "BREAK"]) await world.ask(said(text));
  await certify(world);
  await world.ask(said("hello"));
  const seen = async (): Promise<readonly unknown[]> => {
    const all = await meters.read({ gateway: world.gateway().gateway, version: "", folder, store: undefined });
    const points = all.find(({ name }) => name === "headgate_observed_total")?.points ?? [];
    return points.map((point) => [point.labels, "value" in point ? point.value : undefined]);
  };
  await until(async () => (await seen()).length === 2);
  assert.deepEqual(await seen(), [
    [{ model: small, outcome: "served", would: "served" }, 1],
    [{ model: small, outcome: "served", would: "blocked" }, 2],
  ]);
  await log.close();
  const lines = readFileSync(path.join(folder, "access.jsonl"), "utf8").trimEnd().split("\n");
  const told = lines.map((line) => z.looseObject({ would: z.string().nullable() }).parse(JSON.parse(line)).would);
  assert.deepEqual(told, ["served", "blocked", "blocked", null]);
});

test("an enforced model says nothing of a mode, and its receipts nothing of what would have been", async (t) => {
  const world = await openGatewayWorld();
  t.after(world.close);
  const response = await world.ask(said("hello"));
  assert.equal(response.headers.get("x-headgate-mode"), null);
  assert.equal("would" in (await receiptOf(response.headers.get("x-headgate-receipt"))), false);
});

test("a stream is not held back: what the model said arrives while it goes on, before any window is full", async (t) => {
  const world = await observing(t);
  world.mock.set({ fault: "stalls" });
  const leaving = new AbortController();
  const response = await fetch(`${world.url()}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: "Bearer hg_0123456789abcdef0123456789abcdef", "content-type": "application/json" },
    body: JSON.stringify(said("poison", { stream: true })),
    signal: leaving.signal,
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let raw = "";
  for (let next = await reader?.read(); next?.done === false; next = await reader?.read()) {
    raw += next.value;
    if (raw.includes("You ")) break;
  }
  assert.match(raw, /You /);
  leaving.abort();
});

test("a stream goes on past what would have stopped it, unchanged, and its receipt says where policy stands", async (t) => {
  const world = await observing(t);
  world.mock.set({ chunkChars: 3 });
  for (const text of [`poison ${"one two three ".repeat(60)}`, `${"😀".repeat(200)} poison`, "x".repeat(5000)]) {
    const response = await world.ask(said(text, { stream: true }));
    assert.equal(response.headers.get("x-headgate-mode"), "observe");
    const stream = await readStream(response);
    assert.equal(stream.text, `You said: ${text}`);
    assert.deepEqual(stream.finishes, ["stop"]);
    const { outcome, would, output } = await receiptOf(stream.receipt);
    const isFound = text.includes("poison");
    assert.deepEqual(
      [outcome, would, output],
      ["served", ...(isFound ? ["blocked", "block:weapons"] : ["served", "pass"])],
    );
  }
});

test("safeguards that break in the middle of a stream end nothing, and count as what would have been stopped", async (t) => {
  const world = await observing(t);
  const stream = await readStream(
    await world.ask(said(`${"quiet ".repeat(50)}BREAK${" quiet".repeat(50)}`, { stream: true })),
  );
  assert.deepEqual(stream.finishes, ["stop"]);
  const { outcome, would, output } = await receiptOf(stream.receipt);
  assert.deepEqual([outcome, would, output], ["served", "blocked", "unknown:failed"]);
});

test("every check that is no safeguard still closes: keys, limits, the request envelope, holds, running streams too", async (t) => {
  const world = await observing(t, { grant: { requestsPerMinute: 4 } });
  assert.equal(await codeOf(await world.ask(said("x"), { authorization: "Bearer hg_unknown" })), "key_unknown");
  const odd = await world.ask(said("x", { store: true }));
  assert.equal(odd.status, 400);
  await odd.arrayBuffer();
  world.mock.set({ fault: "never-ends" });
  const running = await world.ask(said("poison", { stream: true }));
  await hold(world);
  const stopped = readEvents(await running.text());
  assert.deepEqual(stopped.finishes, ["content_filter"]);
  const { outcome, would, why } = await receiptOf(stopped.receipt);
  assert.deepEqual([outcome, would, why], ["stopped", "blocked", "stage_closed:held"]);
  world.mock.set({ fault: undefined });
  assert.equal(await codeOf(await world.ask(said("hello"))), "stage_closed:held");
});

test("limits of a grant hold in observe mode", async (t) => {
  const world = await observing(t, { grant: { requestsPerMinute: 1 } });
  await (await world.ask(said("poison"))).arrayBuffer();
  const response = await world.ask(said("poison"));
  assert.equal(response.status, 429);
  const { input, outcome, would } = await receiptOf(response.headers.get("x-headgate-receipt"));
  assert.deepEqual([input, outcome, would], ["none", "refused", "refused"]);
});

test("a category that a person prohibits is stopped and held back, the others are still observed", async (t) => {
  const world = await observing(t);
  world.mock.set({ fault: "never-ends" });
  const running = await world.ask(said("hello", { stream: true }));
  await restrict(world, { kind: "category-prohibited", category: "weapons" });
  const ended = readEvents(await running.text());
  world.mock.set({ fault: undefined });
  assert.deepEqual(ended.finishes, ["content_filter"]);
  assert.equal((await receiptOf(ended.receipt)).why, "stage_closed:changed");

  assert.equal(await codeOf(await world.ask(said("poison"))), "policy_blocked:weapons");
  assert.equal(await codeOf(await world.ask(said("BREAK"))), "safeguard_unavailable:failed");
  assert.deepEqual(await recordOf(await world.ask(said("exploit"))), [
    "block:cyber",
    "block:cyber",
    "served",
    "blocked",
  ]);
  const stream = await readStream(await world.ask(said("exploit", { stream: true })));
  assert.equal(stream.text, "You said: exploit");
});

test("a permit is never observed: its items are served with safeguards that stop, whatever the certificate says", async (t) => {
  const world = await observing(t);
  const bodies = ["hello", "poison"].map((text) => ({ ...said(text), max_tokens: 8 }));
  const leaves = bodies.map((body) => itemLeaf(body, primitives));
  const oneTime = "hg_one_time_0123456789abcdef";
  const body = {
    ...permitOf(world.world, small, world.configuration),
    slot: "in-force" as const,
    notAfter: timestampOf(Instant.parse(world.now() + 30_000)),
    hash: digestOf(toUtf8(oneTime), primitives),
    items: { root: digestOfHash(rootOf(leaves, primitives)), count: leaves.length },
  };
  await world.world.say({ verb: "permit", body, by: [ada] });
  await world.publish();
  const headers = { authorization: `Bearer ${oneTime}`, [itemHeader]: itemProof(leaves, 1, primitives) };
  const response = await world.ask(bodies[1], headers);
  assert.equal(response.headers.get("x-headgate-mode"), null);
  const receipt = await receiptOf(response.headers.get("x-headgate-receipt"));
  assert.deepEqual([receipt.outcome, "would" in receipt], ["blocked", false]);
});

test("a certificate that enforces ends streams that were only observed; one that observes ends none that were enforced", async (t) => {
  const world = await observing(t);
  world.mock.set({ fault: "never-ends" });
  const running = await world.ask(said("hello", { stream: true }));
  await certify(world);
  const ended = readEvents(await running.text());
  assert.equal((await receiptOf(ended.receipt)).why, "stage_closed:changed");
  world.mock.set({ fault: undefined });
  assert.equal(await codeOf(await world.ask(said("poison"))), "policy_blocked:weapons");

  world.mock.set({ delayMs: 5 });
  const enforced = world.ask(said("hello ".repeat(100), { stream: true }));
  await until(() => world.gateway().gateway.live.count() === 1);
  await certify(world, "observe");
  const stream = await readStream(await enforced);
  assert.deepEqual(stream.finishes, ["stop"]);
  assert.equal("would" in (await receiptOf(stream.receipt)), false);
});

test("what a gateway's crash cut short is counted as observed too", async (t) => {
  const world = await observing(t);
  world.mock.set({ fault: "never-ends" });
  const running = await world.ask(said("poison", { stream: true }));
  const reader = running.body?.getReader();
  await reader?.read();
  await world.restart("kill");
  await reader?.cancel().catch(() => undefined);
  await until(() => world.drained.length === 1);
  const { outcome, would, input } = await receiptOf(world.drained[0]?.text);
  assert.deepEqual([outcome, would, input], ["cut", "blocked", "block:weapons"]);
});

test("receipts that reached the ledger add up to what would have been stopped", async (t) => {
  const world = await observing(t);
  for (const text of ["one", "two", "poison", "BREAK"]) await (await world.ask(said(text))).arrayBuffer();
  await until(() => world.drained.length === 4);
  const receipts = await Promise.all(world.drained.map(async ({ text }) => receiptOf(text)));
  const observed = receipts.map((receipt) => observedIn(canonicalBytes(receipt))[0]?.by);
  assert.deepEqual(observed, [
    null,
    null,
    { side: "input", verdict: "block:weapons" },
    { side: "input", verdict: "unknown:failed" },
  ]);
});
