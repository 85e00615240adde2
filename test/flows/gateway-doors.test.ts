// Permits of two persons at the front door: without safeguards (bare), and with bodies that are written as the run goes on
// (adaptive). Whatever such a permit does not say stays shut, and a hold, a restriction or a change of what stands in its slot
// shuts it.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { BodyOf } from "../../src/acts/bodies.ts";
import { digestOfLabel, documentsOf, idOf, permitOf } from "../../src/acts/fixtures.ts";
import { itemHeader, itemLeaf, itemNamed, itemProof } from "../../src/acts/item-proof.ts";
import { openReceipt } from "../../src/acts/receipt.ts";
import { noSafeguards } from "../../src/acts/two-person-permits.ts";
import { digestOf, digestOfHash } from "../../src/proof/digest.ts";
import { toBase64, toUtf8 } from "../../src/proof/encoding.ts";
import { rootOf } from "../../src/proof/merkle.ts";
import { nodePrimitives as primitives } from "../../src/proof/node.ts";
import { Instant, timestampOf } from "../../src/terms/ids.ts";
import {
  type GatewayWorld,
  ada,
  bo,
  codeOf,
  openGatewayWorld,
  readStream,
  said,
  small,
  until,
} from "./gateway-world.ts";

const oneTime = "hg_one_time_0123456789abcdef";
const about = (text: string): Readonly<Record<string, unknown>> => ({ ...said(text) });
const bodies = ["zero", "one", "poison"].map((text) => ({ ...about(text), max_tokens: 8 }));
const leaves = bodies.map((body) => itemLeaf(body, primitives));
const adaptive = { turns: 3, requests: 8 };

interface Doors {
  readonly world: GatewayWorld;
  /** A body of the items, or any other, about an item. */
  readonly send: (body: Readonly<Record<string, unknown>>, item?: number, header?: string) => Promise<Response>;
}

type By = readonly (typeof ada)[];

async function doors(t: TestContext, change: Partial<BodyOf<"permit">>, by: By = [ada, bo]): Promise<Doors> {
  const world = await openGatewayWorld({ leaseMs: 60_000, isWithheld: true });
  t.after(world.close);
  await world.publish();
  const permit = permitOf(world.world, small, world.configuration);
  const body = {
    ...permit,
    digests: { ...permit.digests, ...(change.bare === true ? { safeguards: noSafeguards } : {}) },
    notAfter: timestampOf(Instant.parse(world.now() + 30_000)),
    hash: digestOf(toUtf8(oneTime), primitives),
    items: { root: digestOfHash(rootOf(leaves, primitives)), count: leaves.length },
    attempts: 1,
    ...change,
  };
  const { size, root } = world.ledger.head();
  world.world.record(await world.world.sign({ verb: "permit", body, by, seen: { size, root } }));
  await world.publish();
  const proof = change.adaptive === undefined ? itemProof : itemNamed;
  return {
    world,
    send: async (asked, item = 0, header = proof(leaves, item, primitives)) =>
      world.ask(asked, { authorization: `Bearer ${oneTime}`, [itemHeader]: header }),
  };
}

test("under a bare permit nothing is stopped, and headers, receipt and configuration say that nothing looked", async (t) => {
  const { world, send } = await doors(t, { bare: true });
  const response = await send(bodies[2] ?? {}, 2);
  assert.equal(response.status, 200);
  assert.match(await response.text(), /poison/);
  await until(() => world.drained.length === 1);
  const { receipt } = await openReceipt(world.drained[0]?.text ?? "", primitives);
  assert.deepEqual([receipt.safeguards, receipt.input, receipt.output], ["none", "none", "none"]);
  assert.equal(receipt.item, digestOfHash(leaves[2] ?? new Uint8Array()));
  assert.equal(await codeOf(await send({ ...bodies[2], temperature: 0 }, 2)), "request_invalid", "only its bodies");
});

test("under a bare permit an answer that streams is not looked at either", async (t) => {
  const { world, send } = await doors(t, { bare: true, adaptive });
  const { text } = await readStream(await send({ ...about("poison"), stream: true }));
  assert.match(text, /poison/);
  await until(() => world.drained.length === 1);
  const { receipt } = await openReceipt(world.drained[0]?.text ?? "", primitives);
  assert.deepEqual([receipt.safeguards, receipt.input, receipt.output], ["none", "none", "none"]);
});

test("a permit of two persons that one signed, or one and somebody unknown, opens nothing", async (t) => {
  const lone = { ...bo, signer: ada.signer };
  for (const by of [[ada], [bo], [lone]]) {
    const { world, send } = await doors(t, { bare: true }, by);
    assert.equal(await codeOf(await send(bodies[0] ?? {})), "key_unknown");
    assert.equal(world.mock.records.length, 0);
  }
});

test("under an adaptive permit any body about a named item is served, safeguards on, and its receipt commits to both", async (t) => {
  const { world, send } = await doors(t, { adaptive });
  assert.equal((await send(about("whatever it says"), 1)).status, 200);
  assert.equal(await codeOf(await send(about("poison"), 1)), "policy_blocked:weapons");
  await until(() => world.drained.length === 2);
  const { receipt } = await openReceipt(world.drained[0]?.text ?? "", primitives);
  assert.equal(receipt.item, digestOfHash(leaves[1] ?? new Uint8Array()));
  assert.equal(receipt.safeguards, undefined);
});

test("an adaptive permit serves nothing without an item of its suite, in no other format, of no other model", async (t) => {
  const { world, send } = await doors(t, { adaptive });
  const [leaf = new Uint8Array()] = leaves;
  const other = itemLeaf(about("other"), primitives);
  const proof = itemProof(leaves, 0, primitives);
  const headers = [
    "",
    proof,
    `${proof}.`,
    `${proof}.${toBase64(other)}`,
    `${itemProof(leaves, 1, primitives)}.${toBase64(leaf)}`,
    `9.AAAA.${toBase64(leaf)}`,
    `${proof}.${toBase64(leaf).slice(4)}`,
    `${proof}.${"A".repeat(5_000)}`,
  ];
  for (const header of headers)
    assert.equal(await codeOf(await send(about("x"), 0, header)), "request_invalid", header);
  assert.equal(await codeOf(await send({ ...about("x"), n: 2 })), "request_invalid");
  assert.equal(await codeOf(await send({ ...about("x"), model: "other" })), "model_unknown");
  assert.equal(world.mock.records.length, 0);
});

test("the turns of an item, the requests of the run and its tokens are each an upper bound", async (t) => {
  const { send, world } = await doors(t, { adaptive: { turns: 3, requests: 5 } });
  for (let turn = 0; turn < 3; turn += 1) assert.equal((await send(about(`turn ${turn}`))).status, 200);
  assert.equal(await codeOf(await send(about("a fourth"))), "quota_exhausted:attempts");
  assert.equal((await send(about("x"), 1)).status, 200);
  assert.equal((await send(about("y"), 1)).status, 200);
  assert.equal(await codeOf(await send(about("z"), 2)), "quota_exhausted:attempts");
  assert.equal(world.mock.records.length, 5);
  const few = await doors(t, { adaptive, tokens: 12 });
  assert.equal((await few.send({ ...about("x"), max_tokens: 8 })).status, 200);
  assert.equal(await codeOf(await few.send({ ...about("a longer one"), max_tokens: 12 })), "quota_exhausted:tokens");
});

test("a hold, a suspended signer, another candidate and the end each shut such a permit", async (t) => {
  const [model, reason] = [small, digestOfLabel("why")];
  const closings = {
    "stage_closed:held": async ({ world: { world } }: Doors) =>
      world.say({ verb: "hold", body: { hold: idOf.hold("h"), scope: { kind: "model", model }, reason }, by: [ada] }),
    key_suspended: async ({ world: { world } }: Doors) =>
      world.say({ verb: "suspend", body: { target: { kind: "person", person: bo.person }, reason }, by: [ada] }),
    "stage_closed:changed": async ({ world: { world, configuration } }: Doors) =>
      world.say({
        verb: "document",
        body: documentsOf(small, { ...configuration, model: digestOfLabel("another") }),
        by: [ada],
      }),
  };
  for (const [code, close] of Object.entries(closings)) {
    const at = await doors(t, { bare: true, adaptive });
    assert.equal((await at.send(about("x"))).status, 200);
    await close(at);
    await at.world.publish();
    assert.equal(await codeOf(await at.send(about("y"))), code);
  }
  const over = await doors(t, { bare: true, adaptive });
  over.world.switches.clockShiftMs = 31_000;
  assert.equal(await codeOf(await over.send(about("y"))), "key_suspended");
});

async function restrict({ world: { world, publish } }: Doors): Promise<void> {
  const limit = { kind: "category-prohibited", category: "cyber" } as const;
  const body = { hold: idOf.hold("r"), model: small, limit, reason: digestOfLabel("why") };
  await world.say({ verb: "restriction", body, by: [bo] });
  await publish();
}

test("a restriction that prohibits a category shuts bare permits, as nothing there would find it", async (t) => {
  const bare = await doors(t, { bare: true });
  await restrict(bare);
  assert.equal(await codeOf(await bare.send(bodies[0] ?? {})), "stage_closed:held");
  const guarded = await doors(t, { adaptive });
  await restrict(guarded);
  assert.equal(await codeOf(await guarded.send(about("exploit"))), "policy_blocked:cyber");
});
