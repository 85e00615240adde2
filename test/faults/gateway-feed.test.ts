// A feed that lies: forged, reordered, cut and old batches, leases of others, artefacts with other bytes. Whatever it does,
// nothing opens that the log's and the control plane's keys did not sign, and when it stops lying, service goes on.
import assert from "node:assert/strict";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type TestContext, describe, test } from "node:test";
import {
  certify,
  digestOfLabel,
  idOf,
  openModel,
  releaseOf,
  servers,
  signerOf,
  worldOfTwo,
} from "../../src/acts/fixtures.ts";
import type { BodyOf } from "../../src/acts/bodies.ts";
import { configDigest, openReceipt } from "../../src/acts/receipt.ts";
import type { Batch } from "../../src/feed/batch.ts";
import { type SignedLease, signLease } from "../../src/feed/feed.ts";
import { openMark } from "../../src/gateway/mark.ts";
import { canonicalBytes } from "../../src/proof/canonical.ts";
import { signCheckpoint } from "../../src/proof/checkpoint.ts";
import { digestOf } from "../../src/proof/digest.ts";
import { fromUtf8, toUtf8 } from "../../src/proof/encoding.ts";
import { formatLeaf } from "../../src/proof/leaf.ts";
import { leafHash, rootOf } from "../../src/proof/merkle.ts";
import { nodePrimitives as primitives } from "../../src/proof/node.ts";
import { failureCode } from "../../src/terms/failure.ts";
import { type Digest, Instant } from "../../src/terms/ids.ts";
import { type GatewayWorld, ada, bo, codeOf, openGatewayWorld, said, small, until } from "../flows/gateway-world.ts";

const hold: BodyOf<"hold"> = {
  hold: idOf.hold("h"),
  scope: { kind: "model", model: small },
  reason: digestOfLabel("x"),
};

/** A world whose model is held, and where a certificate that answers the hold is waiting to be delivered. */
async function held(t: TestContext): Promise<GatewayWorld> {
  const world = await openGatewayWorld({ leaseMs: 900 });
  t.after(world.close);
  await world.world.say({ verb: "hold", body: hold, by: [bo] });
  await world.publish();
  assert.equal(await codeOf(await world.ask(said("x"))), "stage_closed:held");
  return world;
}

async function resume(world: GatewayWorld): Promise<void> {
  const answers = [hold.hold];
  const release = releaseOf(world.world, {
    model: small,
    stage: "trusted",
    configuration: world.configuration,
    answers,
  });
  await certify(world.world, release, [ada, bo]);
}

const lies: readonly [name: string, lie: (batch: Batch) => Batch | Promise<Batch>][] = [
  ["leaves its last entry out", (batch) => ({ ...batch, records: batch.records.slice(0, -1) })],
  ["leaves its first entry out", (batch) => ({ ...batch, records: batch.records.slice(1) })],
  ["turns its entries around", (batch) => ({ ...batch, records: batch.records.toReversed() })],
  ["says it begins elsewhere", (batch) => ({ ...batch, from: batch.from + 1 })],
  ["says an entry twice", (batch) => ({ ...batch, records: [...batch.records, ...batch.records.slice(-1)] })],
  ["has no entries", (batch) => ({ ...batch, records: [] })],
  [
    "has too many entries",
    (batch) => ({
      ...batch,
      records: Array.from({ length: 5000 }, () => batch.records[0]).flatMap((record) => record ?? []),
    }),
  ],
  [
    "changes a byte of a statement",
    (batch) => ({
      ...batch,
      records: batch.records.map(({ leaf, envelope }) => ({
        leaf,
        envelope: envelope.map((byte, at) => (at === 30 ? byte ^ 1 : byte)),
      })),
    }),
  ],
  [
    "changes a byte of a leaf",
    (batch) => ({
      ...batch,
      records: batch.records.map(({ leaf, envelope }) => ({
        envelope,
        leaf: leaf.map((byte, at) => (at === 30 ? byte ^ 1 : byte)),
      })),
    }),
  ],
  ["has no checkpoint", (batch) => ({ ...batch, checkpoint: "" })],
  [
    "has a checkpoint that another key signed",
    async (batch) => {
      const hashes = batch.records.map(({ leaf }) => leafHash(leaf, primitives));
      const tree = { origin: "headgate.test/log", size: batch.from + hashes.length, root: rootOf(hashes, primitives) };
      const note = fromUtf8(await signCheckpoint(tree, signerOf("forger"), primitives)) ?? "";
      return { ...batch, checkpoint: note };
    },
  ],
];
describe("batches that lie", { concurrency: true }, () => {
  for (const [name, lie] of lies) {
    test(`a batch that ${name} changes nothing, and the honest one after it does`, async (t) => {
      const world = await held(t);
      world.switches.tamperBatch = lie;
      const { state } = world.gateway().gateway.follower;
      const before = state.acts.size;
      await resume(world);
      await world.append();
      await until(() => world.reports.some((report) => report.startsWith("feed ")));
      assert.equal(state.acts.size, before);
      assert.notEqual((await world.ask(said("x"))).status, 200);
      world.switches.tamperBatch = (batch) => batch;
      await until(async () => (await world.ask(said("x"))).status === 200);
    });
  }
});

test("a feed that keeps a hold back does not keep the gateway open: the lease names the ledger's size", async (t) => {
  const world = await openGatewayWorld({ leaseMs: 900 });
  t.after(world.close);
  world.switches.leaseMs = 300;
  world.switches.tamperBatch = async () => new Promise<never>(() => undefined);
  await world.world.say({ verb: "hold", body: hold, by: [bo] });
  await world.append();
  await until(() => world.gateway().gateway.follower.closure() === "lease");
  assert.equal(await codeOf(await world.ask(said("x"))), "gateway_closed:lease");
});

const leases: readonly [name: string, lie: (signed: SignedLease) => SignedLease | Promise<SignedLease>][] = [
  ["was signed by another key", async ({ lease }) => signLease(lease, signerOf("forger"))],
  ["was signed by the gateway's key", async ({ lease }) => signLease(lease, servers.gateway)],
  ["answers another nonce", async ({ lease }) => signLease({ ...lease, nonce: "0".repeat(32) }, servers.control)],
  ["was made longer after signing", ({ lease, signature }) => ({ lease: { ...lease, leaseMs: 60_000 }, signature })],
  ["is longer than any lease", async ({ lease }) => signLease({ ...lease, leaseMs: 3_600_000 }, servers.control)],
  ["has no signature", ({ lease }) => ({ lease, signature: "" })],
];
describe("leases that lie", { concurrency: true }, () => {
  for (const [name, lie] of leases) {
    test(`a lease that ${name} does not keep the gateway open`, async (t) => {
      const world = await openGatewayWorld({ leaseMs: 900 });
      t.after(world.close);
      world.switches.tamperLease = lie;
      world.switches.monotonicShiftMs = 10_000;
      const reported = world.reports.length;
      await until(() => world.reports.slice(reported).some((report) => report.startsWith("lease ")));
      assert.equal(await codeOf(await world.ask(said("x"))), "gateway_closed:lease");
      world.switches.tamperLease = (lease) => lease;
      await until(async () => (await world.ask(said("x"))).status === 200);
    });
  }
});

test("a lease that was good once is not good again", async (t) => {
  const world = await openGatewayWorld({ leaseMs: 900 });
  t.after(world.close);
  let first: SignedLease | undefined;
  world.switches.tamperLease = (lease) => (first ??= lease);
  await until(() => world.reports.some((report) => report.startsWith("lease ")));
  world.switches.monotonicShiftMs = 10_000;
  assert.equal(await codeOf(await world.ask(said("x"))), "gateway_closed:lease");
});

test("artefacts with other bytes than their digest close the stage, and name the digest", async (t) => {
  const world = await openGatewayWorld({ leaseMs: 900 });
  t.after(world.close);
  const honest = world.switches.tamperArtefact;
  world.switches.tamperArtefact = (bytes) => {
    const text = (fromUtf8(bytes) ?? "").replace('"block"', '"flag"');
    return canonicalBytes({ ...JSON.parse(text), x: 1 });
  };
  await world.restart("close");
  await until(() => world.gateway().gateway.recorder.isReady());
  await until(() => world.gateway().gateway.follower.closure() === undefined);
  const response = await world.ask(said("x"));
  const text = await response.text();
  assert.equal(response.status, 403);
  assert.match(text, /"reason":"changed"/);
  assert.match(text, /sha256:[0-9a-f]{64}/);
  world.switches.tamperArtefact = honest;
  await until(async () => (await world.ask(said("x"))).status === 200);
});

test("what was certified anew while the one before was loaded is not served under it: the next request gets the new", async (t) => {
  const world = await openGatewayWorld();
  t.after(world.close);
  /** The same safeguards with another hold-back: other bytes, another digest. */
  const heldBack = async (chars: number): Promise<{ bytes: Uint8Array; certify: () => Promise<Digest> }> => {
    const text = fromUtf8(world.documents.get(world.configuration.safeguards) ?? new Uint8Array()) ?? "";
    const bytes = toUtf8(text.replace('"holdBackChars":20', `"holdBackChars":${chars}`));
    const configuration = { ...world.configuration, safeguards: digestOf(bytes, primitives) };
    return {
      bytes,
      certify: async () => {
        await openModel(world.world, { model: small, stage: "trusted", configuration });
        await world.publish();
        return configDigest(configuration, primitives);
      },
    };
  };
  const [before, now] = [await heldBack(21), await heldBack(22)];
  world.documents.set(digestOf(now.bytes, primitives), now.bytes);
  // Nothing that a gateway loads ahead: a request waits for it, and meanwhile another takes its place.
  await before.certify();
  assert.notEqual((await world.ask(said("x"))).status, 200);
  let config: Digest | undefined;
  world.switches.tamperArtefact = async (bytes) => {
    if (config === undefined && bytes === before.bytes) config = await now.certify();
    return bytes;
  };
  world.documents.set(digestOf(before.bytes, primitives), before.bytes);
  let code = "";
  await until(async () => {
    code = await codeOf(await world.ask(said("x")));
    return config !== undefined;
  });
  assert.equal(code, "stage_closed:changed");
  const served = await world.ask(said("x"));
  assert.equal(served.status, 200);
  const { receipt } = await openReceipt(served.headers.get("x-headgate-receipt") ?? "", primitives);
  assert.equal(receipt.config, config);
});

test("an older copy of the ledger opens nothing in a gateway that saw more", async (t) => {
  const world = await held(t);
  const size = world.gateway().gateway.follower.replica.size();
  await until(() => world.gateway().gateway.follower.replica.size() === size);
  // The hold is the last entry: a copy without it would be open.
  world.switches.lease = "off";
  world.switches.tamperBatch = async (batch) => {
    const records = batch.records.slice(0, size - 1 - batch.from);
    return { ...batch, records, checkpoint: await world.ledger.checkpointAt(batch.from + records.length) };
  };
  await world.restart("kill");
  await until(() => world.gateway().gateway.follower.replica.size() === size - 1);
  assert.equal(world.gateway().gateway.follower.closure(), "behind-mark");
  assert.notEqual((await world.ask(said("x"))).status, 200);
});

test("a fork of the ledger, signed by the log's own key, is not followed by a gateway that saw the other branch", async (t) => {
  const world = await held(t);
  const other = await worldOfTwo();
  await openModel(other, { model: small, stage: "trusted", configuration: world.configuration });
  const size = world.ledger.head().size;
  while (other.entries.length < size) {
    await other.say({
      verb: "fact",
      body: { fact: { kind: "drill", attempts: 1, opened: 0, unfinished: 0 }, model: null },
      by: [ada],
    });
  }
  const records = other.entries.map(({ act, envelope }) => ({
    envelope,
    leaf: formatLeaf(act.envelope, act.predicate.verb),
  }));
  const root = rootOf(
    records.map(({ leaf }) => leafHash(leaf, primitives)),
    primitives,
  );
  const tree = { origin: "headgate.test/log", size: records.length, root };
  const checkpoint = fromUtf8(await signCheckpoint(tree, servers.log, primitives)) ?? "";
  world.switches.tamperBatch = (batch) => (batch.from === 0 ? { from: 0, records, checkpoint } : batch);
  await world.restart("kill");
  await until(() => world.reports.some((report) => report.includes("differs from the one seen here before")));
  assert.notEqual((await world.ask(said("x"))).status, 200);
});

test("another root than the pinned one is not taken", async (t) => {
  const world = await openGatewayWorld({ leaseMs: 900 });
  t.after(world.close);
  const other = await worldOfTwo({ personsForChange: 2 });
  const records = other.entries.map(({ act, envelope }) => ({
    envelope,
    leaf: formatLeaf(act.envelope, act.predicate.verb),
  }));
  const root = rootOf(
    records.map(({ leaf }) => leafHash(leaf, primitives)),
    primitives,
  );
  const tree = { origin: "headgate.test/log", size: records.length, root };
  const checkpoint = fromUtf8(await signCheckpoint(tree, servers.log, primitives)) ?? "";
  await rm(path.join(world.folder, "mark"));
  world.switches.tamperBatch = (batch) => (batch.from === 0 ? { from: 0, records, checkpoint } : batch);
  await world.restart("kill");
  await until(() => world.reports.some((report) => report.includes("another trust root")));
  assert.equal(await codeOf(await world.ask(said("x"))), "gateway_closed:starting");
});

test("the mark survives a torn write of either slot, and no readable slot is a closed gateway", async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), "headgate-mark-"));
  t.after(async () => rm(folder, { recursive: true, force: true }));
  const file = path.join(folder, "mark");
  const first = await openMark(file);
  await first.advance({ size: 5, root: digestOfLabel("root"), latest: Instant.parse(1000) });
  await first.advance({ size: 6, root: digestOfLabel("root 6"), latest: Instant.parse(2000) });
  await first.hold({ act: digestOfLabel("a hold"), scope: { kind: "everything" } });
  const { sequence } = first.content();
  await first.close();
  const tear = async (slot: number): Promise<void> => {
    const handle = await open(file, "r+");
    await handle.write(Buffer.from("torn"), 0, 4, slot * 65_536 + 100);
    await handle.close();
  };
  await tear(sequence % 2);
  const second = await openMark(file);
  assert.deepEqual([second.content().size, second.content().latest], [6, 2000]);
  await second.close();
  await tear((sequence + 1) % 2);
  await assert.rejects(openMark(file), (error: unknown) => failureCode(error) === "mark_ahead");
});
