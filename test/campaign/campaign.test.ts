// The bypass campaign: thousands of attempts, made from a fixed seed, to reach a model without a certificate and a grant that
// say so, against one running gateway over real sockets. 0 model calls and 0 characters for whatever the oracle's table does
// not allow. sabotage.test.ts shows that the campaign can fail.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  allowedBy,
  attemptsPerItem,
  fallingModels,
  givePermits,
  itemBodies,
  openCast,
  proofOf,
  secrets,
  upstreamName,
} from "./cast.ts";
import { doorCallers, doors, giveDoors, nameOf } from "./doors.ts";
import { forgeLedger } from "./forging.ts";
import { giftsIn, said } from "./oracle.ts";
import { closings, race } from "./races.ts";
import { requestBytes, sendRaw } from "./raw-http.ts";
import { campaign } from "./run.ts";
import { until } from "../flows/gateway-world.ts";
import { chanceOf } from "../fuzz/seeded.ts";

const seed = 20_261_124;
const nobody = (): boolean => false;

let attempts = 0;
let firstTag = 0;
const tagsFor = (count: number): number => {
  attempts += count;
  firstTag += 2 * count;
  return firstTag - 2 * count;
};

const cast = await openCast();
after(cast.close);
await givePermits(cast);
assert.equal(await giveDoors(cast), 4, "those that both signed are taken, and no others");

const isOpen = (): boolean => cast.world.gateway().gateway.follower.closure() === undefined;

test("of eight thousand tricked, smuggled and replayed requests none reaches what its sender may not", async (t) => {
  const count = 8_000;
  const findings = await campaign(cast, { seed, count, firstTag: tagsFor(count) }, allowedBy);
  t.diagnostic(said(findings));
  assert.deepEqual(findings.violations, []);
  assert.ok(findings.served > 200, "the campaign's own controls are served");
});

test("where a model's servers fail, only a fallback that its caller may reach is asked", async (t) => {
  const count = 400;
  const before = cast.upstream.calls.length;
  const focus = { callers: ["good", "foreign", "house", "revoked"] as const, models: fallingModels };
  const findings = await campaign(cast, { seed: seed + 500_000, count, firstTag: tagsFor(count), focus }, allowedBy);
  t.diagnostic(said(findings));
  assert.deepEqual(findings.violations, []);
  const asked = cast.upstream.calls.slice(before).map(({ model }) => model);
  assert.ok(asked.includes(upstreamName("open-messages")), "the one that may be asked was");
});

test("under a permit only its items are served, each as often as it says, however they are replayed", async (t) => {
  const chance = chanceOf(seed);
  const port = Number(new URL(cast.world.url()).port);
  const before = cast.upstream.calls.length;
  const count = tagsFor(400) >= 0 ? 400 : 0;
  let served = 0;
  const replay = async (): Promise<void> => {
    const item = chance.below(itemBodies.length);
    const key = chance.pick(["permit", "permit", "permit", "permitOver", "good", "stranger"] as const);
    const model = chance.pick(["shut", "shut", "shut-messages", "small"]);
    const changed = chance.pick([
      {},
      {},
      {},
      { temperature: 0 },
      { stream: true },
      { n: 2 },
      { max_tokens: 9 },
      { user: "x" },
    ]);
    const proof = chance.oneIn(4) ? proofOf(chance.below(itemBodies.length)) : proofOf(item);
    const body = Buffer.from(JSON.stringify({ model, ...itemBodies[item], ...changed }));
    const headers = ["Host: localhost", `Authorization: Bearer ${secrets[key]}`, "Connection: close"];
    const claim = `x-headgate-item: ${proof}`;
    const target = chance.pick(["/v1/chat/completions", "/v1/chat/completions", "/v1/messages", "/v1/responses"]);
    const packet = requestBytes({ method: "POST", target, headers: [...headers, claim], body });
    const { bytes } = await sendRaw({ port, packets: [packet], silenceMs: 3_000 });
    if (giftsIn(bytes) > 0 && key.startsWith("permit")) served += 1;
  };
  for (let at = 0; at < count; at += 8) await Promise.all(Array.from({ length: 8 }, replay));
  const calls = cast.upstream.calls.slice(before);
  const ofPermit = calls.filter(({ model }) => model !== upstreamName("small"));
  t.diagnostic(`${count} replays, ${ofPermit.length} model calls, ${served} served`);
  const bodies = ofPermit.map(({ body }) => body);
  assert.ok(ofPermit.every(({ model }) => model === upstreamName("shut")));
  for (const { messages } of itemBodies) {
    const content = messages[0]?.content ?? "";
    const times = bodies.filter((body) => body.includes(content)).length;
    assert.ok(times <= attemptsPerItem, `${content} was asked ${times} times`);
  }
  assert.equal(bodies.filter((body) => /"(?:temperature|n|user|stream)":/.test(body)).length, 0);
  assert.ok(served > itemBodies.length, "items are served");
});

test("a door of two persons serves its model, its items and its requests, and one that wants anything serves nothing", async (t) => {
  const chance = chanceOf(seed + 7);
  const port = Number(new URL(cast.world.url()).port);
  const before = cast.upstream.calls.length;
  const count = tagsFor(1_000) >= 0 ? 1_000 : 0;
  const served = new Map<string, number>();
  const knock = async (): Promise<void> => {
    const key = chance.pick(doorCallers);
    const item = chance.below(itemBodies.length);
    const model = chance.pick(["shut", "shut", "shut", "held", "small", "other"]);
    const changed = chance.pick([{}, {}, {}, { n: 2 }, { stream: true }, { model: "small" }]);
    const header = chance.pick([nameOf(item), nameOf(item), nameOf(item), proofOf(item), "", `${nameOf(item)}AAAA`]);
    const text = `${key} about ${item}`;
    const body = { model, messages: [{ role: "user", content: text }], max_tokens: 8, ...changed };
    const packet = requestBytes({
      method: "POST",
      target: chance.pick(["/v1/chat/completions", "/v1/chat/completions", "/v1/responses", "/v1/embeddings"]),
      headers: [
        "Host: localhost",
        `Authorization: Bearer ${secrets[key]}`,
        "Connection: close",
        `x-headgate-item: ${header}`,
      ],
      body: Buffer.from(JSON.stringify(body)),
    });
    const { bytes } = await sendRaw({ port, packets: [packet], silenceMs: 3_000 });
    if (giftsIn(bytes) > 0) served.set(key, (served.get(key) ?? 0) + 1);
  };
  for (let at = 0; at < count; at += 8) await Promise.all(Array.from({ length: 8 }, knock));
  const calls = cast.upstream.calls.slice(before);
  t.diagnostic(`${count} knocks, ${calls.length} model calls, served ${JSON.stringify([...served])}`);
  assert.ok(calls.every(({ model }) => model === upstreamName(doors.model)));
  assert.ok(calls.every(({ body }) => !/"n":/.test(body)));
  assert.deepEqual(new Set(served.keys()), new Set(["bare", "adaptive"]));
  for (const key of ["bare", "adaptive"]) {
    const own = calls.filter(({ body }) => body.includes(`${key} about`));
    assert.ok(own.length > 4 && own.length <= doors.requests, `${key} was served ${own.length} times`);
    for (let item = 0; item < itemBodies.length; item += 1) {
      const about = own.filter(({ body }) => body.includes(`${key} about ${item}`)).length;
      assert.ok(about <= doors.turns * doors.attempts, `${key} about ${item}: ${about}`);
    }
  }
});

test("statements forged into the ledger open nothing", async (t) => {
  const forged = await forgeLedger(cast);
  const count = 700;
  const findings = await campaign(cast, { seed: seed + 1_000_000, count, firstTag: tagsFor(count) }, allowedBy);
  t.diagnostic(`${forged} forged statements; ${said(findings)}`);
  assert.deepEqual(findings.violations, []);
  assert.ok(findings.served > 0);
});

test("who is in flight when something is closed is served nothing that is said after it, who comes later not at all", async (t) => {
  let lastTokenMs = -1;
  let servedBefore = 0;
  for (let round = 0; round < 20; round += 1) {
    const closing = closings[round % closings.length] ?? "direct hold";
    const requests = 24;
    const told = { closing, seed: seed + round, firstTag: tagsFor(2 * requests), requests };
    const found = await race(cast, told);
    assert.deepEqual(found.violations, []);
    lastTokenMs = Math.max(lastTokenMs, found.lastTokenMs);
    servedBefore += found.servedBefore;
  }
  t.diagnostic(`20 races, ${servedBefore} pieces served before, last character ${Math.round(lastTokenMs)} ms after`);
  assert.ok(servedBefore > 0, "something was in flight");
});

test("after a kill and a start on the same folder, all is as it was", async (t) => {
  await cast.world.restart("kill");
  await until(() => isOpen() && cast.world.gateway().gateway.recorder.isReady());
  const count = 400;
  const findings = await campaign(cast, { seed: seed + 2_000_000, count, firstTag: tagsFor(count) }, allowedBy);
  t.diagnostic(said(findings));
  assert.deepEqual(findings.violations, []);
  assert.ok(findings.served > 0);
});

test("without a lease nobody reaches anything, whatever they hold", async (t) => {
  cast.world.switches.lease = "off";
  await until(() => !isOpen());
  const count = 300;
  const findings = await campaign(cast, { seed: seed + 3_000_000, count, firstTag: tagsFor(count) }, nobody);
  t.diagnostic(said(findings));
  assert.deepEqual(findings.violations, []);
  cast.world.switches.lease = "on";
  await until(isOpen);
});

test("with a clock that was set back nobody reaches anything", async (t) => {
  const { switches } = cast.world;
  const ahead = switches.clockShiftMs;
  switches.clockShiftMs = 0;
  await until(() => !isOpen());
  const count = 300;
  const findings = await campaign(cast, { seed: seed + 4_000_000, count, firstTag: tagsFor(count) }, nobody);
  t.diagnostic(said(findings));
  assert.deepEqual(findings.violations, []);
  switches.clockShiftMs = ahead;
  await until(isOpen);
});

test("the campaign made more than ten thousand attempts", () => {
  console.log(`bypass campaign: ${attempts} attempts`);
  assert.ok(attempts > 10_000);
});
