// Stops: by hold over the feed, by hold sent to the gateway, by restriction, by a lease that ends, by a clock.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  callerKeyOf,
  certify,
  digestOfLabel,
  idOf,
  inDays,
  playerOf,
  releaseOf,
  signerOf,
} from "../../src/acts/fixtures.ts";
import type { BodyOf, HoldScope, Limit } from "../../src/acts/bodies.ts";
import { openReceipt } from "../../src/acts/receipt.ts";
import { digestOf } from "../../src/proof/digest.ts";
import { toUtf8 } from "../../src/proof/encoding.ts";
import { nodePrimitives as primitives } from "../../src/proof/node.ts";
import { GlassId, Name } from "../../src/terms/ids.ts";
import {
  type GatewayWorld,
  Completion,
  ada,
  bo,
  codeOf,
  openGatewayWorld,
  readStream,
  refusalIn,
  said,
  secret,
  small,
  until,
} from "./gateway-world.ts";

const model: HoldScope = { kind: "model", model: small };
const reason = digestOfLabel("a reason");

async function holdEnvelope(
  at: GatewayWorld,
  label: string,
  scope: HoldScope = model,
): Promise<Uint8Array<ArrayBuffer>> {
  const body: BodyOf<"hold"> = { hold: idOf.hold(label), scope, reason };
  return new Uint8Array((await at.world.sign({ verb: "hold", body, by: [bo] })).envelope);
}

async function send(at: GatewayWorld, envelope: Uint8Array<ArrayBuffer>): Promise<Response> {
  return fetch(`${at.url()}/hold`, { method: "POST", body: envelope });
}

/** Whether nothing about the gateway's own standing closes it. */
function isAnswering(at: GatewayWorld): boolean {
  const { follower, recorder } = at.gateway().gateway;
  return follower.closure() === undefined && recorder.isReady();
}

async function resume(at: GatewayWorld, answers: BodyOf<"hold">["hold"][]): Promise<void> {
  const wanted = { model: small, stage: "trusted", configuration: at.configuration, answers } as const;
  await certify(at.world, releaseOf(at.world, wanted), [ada, bo]);
  await at.publish();
}

const one = await openGatewayWorld();
after(one.close);

test("a hold over the feed ends a running stream as a refusal ends, and closes the stage until it is answered", async () => {
  one.mock.set({ fault: "never-ends" });
  const response = await one.ask(said("words ".repeat(50), { stream: true, stream_options: { include_usage: true } }));
  const hold = idOf.hold("over the feed");
  await one.world.say({ verb: "hold", body: { hold, scope: model, reason }, by: [bo] });
  await one.publish();
  const stream = await readStream(response);
  assert.deepEqual(stream.finishes, ["content_filter"]);
  assert.deepEqual(stream.order.slice(-3), ["receipt", "usage", "done"]);
  one.mock.set({ fault: undefined });
  assert.equal(await codeOf(await one.ask(said("x"))), "stage_closed:held");
  await resume(one, [hold]);
  assert.equal((await one.ask(said("x"))).status, 200);
});

test("a whole answer that is under way when a hold comes is refused, and its model call is broken off", async () => {
  one.mock.set({ fault: "slow-headers" });
  const before = one.mock.records.length;
  const asking = one.ask(said("x"));
  await until(() => one.mock.records.length > before);
  const held = await send(one, await holdEnvelope(one, "during a whole answer"));
  assert.equal(held.status, 200);
  const refusal = await refusalIn(await asking);
  assert.deepEqual([refusal.status, refusal.code, refusal.reason], [403, "stage_closed", "held"]);
  assert.equal(await one.mock.ended(before), "aborted");
  one.mock.set({ fault: undefined });
  await until(() => one.holds.length > 0);
  await resume(one, [idOf.hold("during a whole answer")]);
  assert.equal((await one.ask(said("x"))).status, 200, "an answered hold holds no longer, the direct copy neither");
});

test("a held stage, organisation, type, country or key ends running streams, directly, over a restart, and until the ledger has it", async (t) => {
  const { key } = callerKeyOf(digestOf(toUtf8(secret), primitives));
  const scopes: readonly (readonly [scope: HoldScope, code: string])[] = [
    [{ kind: "stage", model: small, stage: "trusted" }, "stage_closed:held"],
    [{ kind: "organisation", organisation: Name.parse("acme") }, "key_suspended"],
    [{ kind: "organisation-type", type: Name.parse("partner") }, "stage_closed:held"],
    [{ kind: "country", country: "DE" }, "stage_closed:held"],
    [{ kind: "key", key }, "key_suspended"],
  ];
  for (const [scope, code] of scopes) {
    const two = await openGatewayWorld();
    t.after(two.close);
    two.switches.drain = "off";
    two.mock.set({ fault: "never-ends" });
    const response = await two.ask(said("words ".repeat(50), { stream: true }));
    assert.equal((await send(two, await holdEnvelope(two, `of a ${scope.kind}`, scope))).status, 200);
    assert.deepEqual((await readStream(response)).finishes, ["content_filter"]);
    two.mock.set({ fault: undefined });
    assert.equal(await codeOf(await two.ask(said("x"))), code);
    await two.restart("kill");
    // In force from the first moment, while what the killed one left is not in the ledger yet.
    assert.deepEqual(
      two
        .gateway()
        .gateway.follower.moment()
        .early.map((early) => early.scope),
      [scope],
    );
    two.switches.drain = "on";
    await until(() => two.holds.length > 0);
    await two.publish();
    await until(() => two.gateway().gateway.follower.moment().early.length === 0);
    await until(() => isAnswering(two));
    assert.equal(await codeOf(await two.ask(said("x"))), code, "the ledger says what the mark said");
  }
});

test("a held stage wider than the caller's stops nothing of theirs", async (t) => {
  const two = await openGatewayWorld();
  t.after(two.close);
  const scope: HoldScope = { kind: "stage", model: small, stage: "limited" };
  assert.equal((await send(two, await holdEnvelope(two, "wider", scope))).status, 200);
  assert.equal((await two.ask(said("x"))).status, 200);
});

test("a hold by who was never admitted, or by a server's key, or of another verb, is refused", async () => {
  const body: BodyOf<"hold"> = { hold: idOf.hold("stranger"), scope: model, reason };
  const stranger = await one.world.sign({ verb: "hold", body, by: [playerOf("Eve", "owner")] });
  assert.equal((await send(one, new Uint8Array(stranger.envelope))).status, 403);
  const gateway = await one.world.sign({ verb: "hold", body, by: [signerOf("gateway")] });
  assert.equal((await send(one, new Uint8Array(gateway.envelope))).status, 403);
  const suspend = { target: { kind: "person", person: ada.person }, reason } as const;
  const other = await one.world.sign({ verb: "suspend", body: suspend, by: [bo] });
  assert.equal((await send(one, new Uint8Array(other.envelope))).status, 400);
  assert.equal((await send(one, new Uint8Array(70_000))).status, 413);
  assert.equal((await send(one, new TextEncoder().encode("{}"))).status, 400);
  assert.equal((await one.ask(said("x"))).status, 200, "none of them holds anything");
});

test("one changed byte anywhere in a hold is refused", async () => {
  const envelope = await holdEnvelope(one, "changed");
  for (const at of [0, 40, Math.floor(envelope.length / 2), envelope.length - 20]) {
    const changed = envelope.slice();
    changed[at] = (changed[at] ?? 0) ^ 1;
    assert.notEqual((await send(one, changed)).status, 200);
  }
  assert.equal((await one.ask(said("x"))).status, 200);
});

test("somebody else's hold of the same id does not make a hold go unnoticed", async (t) => {
  const two = await openGatewayWorld();
  t.after(two.close);
  const elsewhere: HoldScope = { kind: "model", model: Name.parse("another") };
  await two.world.say({ verb: "hold", body: { hold: idOf.hold("taken"), scope: elsewhere, reason }, by: [ada] });
  await two.publish();
  two.switches.drain = "off";
  assert.equal((await send(two, await holdEnvelope(two, "taken"))).status, 200);
  assert.equal(await codeOf(await two.ask(said("x"))), "stage_closed:held");
});

test("a direct hold is in force across a restart, before and after the ledger has it", async (t) => {
  const two = await openGatewayWorld();
  t.after(two.close);
  two.switches.drain = "off";
  const envelope = await holdEnvelope(two, "before a kill");
  assert.equal((await send(two, envelope)).status, 200);
  assert.equal((await send(two, envelope)).status, 200, "the same hold again is the same hold");
  await two.restart("kill");
  await until(() => isAnswering(two));
  assert.equal(await codeOf(await two.ask(said("x"))), "stage_closed:held");
  two.switches.drain = "on";
  await until(() => two.holds.length === 1);
  assert.equal(await codeOf(await two.ask(said("x"))), "stage_closed:held");
  await resume(two, [idOf.hold("before a kill")]);
  assert.equal((await two.ask(said("x"))).status, 200);
});

test("a hold that the ledger refuses does not keep the next one from it", async (t) => {
  const two = await openGatewayWorld();
  t.after(two.close);
  const envelope = await holdEnvelope(two, "of one suspended since");
  two.switches.drain = "off";
  assert.equal((await send(two, envelope)).status, 200);
  const suspended = { target: { kind: "person", person: bo.person }, reason } as const;
  await two.world.say({ verb: "suspend", body: suspended, by: [ada] });
  await two.publish();
  const body: BodyOf<"hold"> = { hold: idOf.hold("next"), scope: model, reason };
  const next = await two.world.sign({ verb: "hold", body, by: [ada] });
  assert.equal((await send(two, new Uint8Array(next.envelope))).status, 200);
  two.switches.drain = "on";
  await until(() => two.holds.length === 1);
});

test("a restriction sent to the gateway holds the model until the ledger has it, and then only restricts", async (t) => {
  const two = await openGatewayWorld();
  t.after(two.close);
  const limit: Limit = { kind: "output-tokens", max: 3 };
  const body: BodyOf<"restriction"> = { hold: idOf.hold("restriction"), model: small, limit, reason };
  const signed = await two.world.sign({ verb: "restriction", body, by: [bo] });
  two.switches.drain = "off";
  assert.equal((await send(two, new Uint8Array(signed.envelope))).status, 200);
  assert.equal(await codeOf(await two.ask(said("x"))), "stage_closed:held");
  two.switches.drain = "on";
  await until(() => two.gateway().gateway.follower.state.restrictions.size === 1);
  await until(async () => (await two.ask(said("x"))).status === 200);
  const answer = Completion.parse(await (await two.ask(said("a b c d e", { max_tokens: 50 }))).json());
  assert.equal(answer.choices[0]?.message.content, "You said: a");
});

test("a restriction of the output stops streams that already run with more", async (t) => {
  const two = await openGatewayWorld();
  t.after(two.close);
  two.mock.set({ fault: "never-ends" });
  const response = await two.ask(said("words and words ".repeat(20), { stream: true }));
  const limit: Limit = { kind: "output-tokens", max: 1 };
  const body: BodyOf<"restriction"> = { hold: idOf.hold("tokens"), model: small, limit, reason };
  await two.world.say({ verb: "restriction", body, by: [bo] });
  await two.publish();
  assert.deepEqual((await readStream(response)).finishes, ["content_filter"]);
});

test("a category that a restriction prohibits is stopped whatever the caller's scopes, in running streams too", async (t) => {
  const lifted = await openGatewayWorld({ grant: { scopes: [Name.parse("cyber-defence")] } });
  t.after(lifted.close);
  assert.equal((await lifted.ask(said("exploit"))).status, 200, "the scope lifts it");
  lifted.mock.set({ delayMs: 4 });
  const response = await lifted.ask(
    said(`${"plain words ".repeat(12)} exploit ${"and more ".repeat(10)}`, { stream: true }),
  );
  const limit: Limit = { kind: "category-prohibited", category: "cyber" };
  const body: BodyOf<"restriction"> = { hold: idOf.hold("category"), model: small, limit, reason };
  await lifted.world.say({ verb: "restriction", body, by: [bo] });
  await lifted.publish();
  const stream = await readStream(response);
  assert.deepEqual(stream.finishes, ["content_filter"]);
  assert.doesNotMatch(stream.text, /exploit/);
  assert.equal(await codeOf(await lifted.ask(said("exploit"))), "policy_blocked:cyber");
});

test("a held scope lifts nothing more, ends running streams of who has it, and leaves the rest of their service", async (t) => {
  const defence = Name.parse("cyber-defence");
  const lifted = await openGatewayWorld({ grant: { scopes: [defence] } });
  t.after(lifted.close);
  assert.equal((await lifted.ask(said("exploit"))).status, 200, "the scope lifts it");
  lifted.mock.set({ fault: "never-ends" });
  const response = await lifted.ask(said("words ".repeat(50), { stream: true }));
  const held = await send(lifted, await holdEnvelope(lifted, "scope", { kind: "scope", scope: defence }));
  assert.equal(held.status, 200);
  assert.deepEqual((await readStream(response)).finishes, ["content_filter"]);
  lifted.mock.set({ fault: undefined });
  assert.equal(await codeOf(await lifted.ask(said("exploit"))), "policy_blocked:cyber");
  assert.equal((await lifted.ask(said("x"))).status, 200);
});

test("under a broken glass a held model is served, header and receipt say so, and a hold told directly ends what runs", async (t) => {
  const two = await openGatewayWorld();
  t.after(two.close);
  const hold = idOf.hold("by mistake");
  await two.world.say({ verb: "hold", body: { hold, scope: model, reason }, by: [bo] });
  await two.publish();
  assert.equal(await codeOf(await two.ask(said("x"))), "stage_closed:held");
  const glass = GlassId.parse("glass_0123456789abcdef");
  const { certificate } = two.release();
  const notAfter = inDays(two.world, 1 / 12);
  const body: BodyOf<"break-glass"> = { glass, model: small, certificate, holds: [hold], notAfter, reason };
  assert.match((await two.world.judge({ verb: "break-glass", body, by: [ada] }))?.why ?? "", /missing: safety/);
  await two.world.say({ verb: "break-glass", body, by: [ada, bo] });
  await two.publish();
  const answer = await two.ask(said("x"));
  assert.deepEqual([answer.status, answer.headers.get("x-headgate-break-glass")], [200, glass]);
  const { receipt } = await openReceipt(answer.headers.get("x-headgate-receipt") ?? "", primitives);
  assert.equal(receipt.glass, glass);
  two.mock.set({ fault: "never-ends" });
  const response = await two.ask(said("words ".repeat(50), { stream: true }));
  assert.equal(response.headers.get("x-headgate-break-glass"), glass);
  two.switches.drain = "off";
  assert.equal((await send(two, await holdEnvelope(two, "once more"))).status, 200);
  assert.deepEqual((await readStream(response)).finishes, ["content_filter"]);
  assert.equal(await codeOf(await two.ask(said("x"))), "stage_closed:held");
});

test("a broken glass ends with its time, running streams with it", async (t) => {
  const two = await openGatewayWorld();
  t.after(two.close);
  const hold = idOf.hold("by mistake");
  await two.world.say({ verb: "hold", body: { hold, scope: model, reason }, by: [bo] });
  const { certificate } = two.release();
  const glass = GlassId.parse("glass_0123456789abcdef");
  const notAfter = inDays(two.world, 1 / 12);
  const body: BodyOf<"break-glass"> = { glass, model: small, certificate, holds: [hold], notAfter, reason };
  await two.world.say({ verb: "break-glass", body, by: [ada, bo] });
  await two.publish();
  two.mock.set({ fault: "never-ends" });
  const response = await two.ask(said("words ".repeat(50), { stream: true }));
  assert.equal(response.status, 200);
  two.switches.clockShiftMs = 2 * 3_600_000;
  assert.deepEqual((await readStream(response)).finishes, ["content_filter"]);
});

test("a restriction that a certificate lifts restricts no more, and telling it to the gateway again changes nothing", async (t) => {
  const two = await openGatewayWorld();
  t.after(two.close);
  const limit: Limit = { kind: "output-tokens", max: 3 };
  const body: BodyOf<"restriction"> = { hold: idOf.hold("restriction"), model: small, limit, reason };
  const signed = await two.world.sign({ verb: "restriction", body, by: [bo] });
  assert.equal((await send(two, new Uint8Array(signed.envelope))).status, 200);
  await until(() => two.gateway().gateway.follower.state.restrictions.size === 1);
  const words = async (): Promise<string | null | undefined> => {
    const answer = await two.ask(said("a b c d e", { max_tokens: 50 }));
    return Completion.parse(await answer.json()).choices[0]?.message.content;
  };
  await until(async () => (await two.ask(said("x"))).status === 200);
  assert.equal(await words(), "You said: a");
  const { configuration } = two;
  const release = releaseOf(two.world, { model: small, stage: "trusted", configuration, lifts: [body.hold] });
  await certify(two.world, release, [ada, bo]);
  await two.publish();
  assert.equal(await words(), "You said: a b c d e");
  assert.equal((await send(two, new Uint8Array(signed.envelope))).status, 200);
  assert.equal(await words(), "You said: a b c d e");
});

test("a whole answer that a restriction ends says so", async (t) => {
  const two = await openGatewayWorld();
  t.after(two.close);
  two.mock.set({ fault: "slow-headers" });
  const asking = two.ask(said("words", { max_tokens: 50 }));
  await until(() => two.mock.records.length === 1);
  const limit: Limit = { kind: "output-tokens", max: 1 };
  const body: BodyOf<"restriction"> = { hold: idOf.hold("tokens"), model: small, limit, reason };
  await two.world.say({ verb: "restriction", body, by: [bo] });
  await two.publish();
  const refusal = await refusalIn(await asking);
  assert.deepEqual([refusal.status, refusal.code, refusal.reason], [403, "stage_closed", "changed"]);
  assert.match(refusal.message, /^This model was restricted while this was answered/);
});

test("when the lease ends, new requests are told to come again and running streams end", async (t) => {
  const two = await openGatewayWorld({ leaseMs: 900 });
  t.after(two.close);
  two.mock.set({ fault: "never-ends" });
  const response = await two.ask(said("words ".repeat(50), { stream: true }));
  two.switches.lease = "off";
  two.switches.monotonicShiftMs = 10_000;
  assert.deepEqual((await readStream(response)).finishes, ["content_filter"]);
  const refusal = await refusalIn(await two.ask(said("x")));
  assert.deepEqual([refusal.status, refusal.code, refusal.reason], [503, "gateway_closed", "lease"]);
  assert.equal(refusal.headers.get("x-should-retry"), null);
  assert.equal(refusal.headers.get("retry-after"), "1");
  two.mock.set({ fault: undefined });
  two.switches.lease = "on";
  await until(async () => (await two.ask(said("x"))).status === 200);
});

test("an answer that comes after the lease has ended is not served", async (t) => {
  const two = await openGatewayWorld();
  t.after(two.close);
  two.mock.set({ delayMs: 150 });
  const before = two.mock.records.length;
  const asking = two.ask(said("x"));
  await until(() => two.mock.records.length > before);
  two.switches.lease = "off";
  two.switches.monotonicShiftMs = 10_000;
  assert.equal(await codeOf(await asking), "gateway_closed:lease");
});

test("a renewal that never comes back does not end renewals", async (t) => {
  const two = await openGatewayWorld({ leaseMs: 900 });
  t.after(two.close);
  two.switches.lease = "hang";
  await until(() => two.gateway().gateway.follower.closure() === "lease");
  two.switches.lease = "on";
  await until(() => two.gateway().gateway.follower.closure() === undefined);
});

test("a clock that was set back closes, and setting it right opens", async (t) => {
  const two = await openGatewayWorld();
  t.after(two.close);
  two.switches.clockShiftMs = -60_000;
  assert.equal(await codeOf(await two.ask(said("x"))), "gateway_closed:clock");
  two.switches.clockShiftMs = 0;
  await until(async () => (await two.ask(said("x"))).status === 200);
});

test("a renewal that changes nothing of what is served lets a running stream end in peace", async (t) => {
  const two = await openGatewayWorld();
  t.after(two.close);
  two.mock.set({ delayMs: 2 });
  const response = await two.ask(said("words ".repeat(60), { stream: true }));
  await resume(two, []);
  assert.deepEqual((await readStream(response)).finishes, ["stop"]);
});

test("a gateway that closes lets running streams go on, and stops no caller without an ending", async (t) => {
  const two = await openGatewayWorld();
  t.after(two.close);
  two.mock.set({ delayMs: 2 });
  const response = await two.ask(said("words ".repeat(40), { stream: true }));
  const closing = two.gateway().close();
  assert.deepEqual((await readStream(response)).finishes, ["stop"]);
  await closing;
});
