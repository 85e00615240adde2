// Who notices when an entry of the ledger is dropped, moved, edited or put in: a replica that checks the tree against the
// log's signature; and, where the log's own key lies, whoever saw the ledger before. Beside the properties of
// src/acts/fold-properties.test.ts: what a dropped hold would open, and that it is not dropped unseen.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type Signed,
  ada,
  bo,
  certify,
  configurationOf,
  digestOfLabel,
  documentsOf,
  firstRootBody,
  idOf,
  join,
  openModel,
  playerOf,
  releaseOf,
  servers,
  worldOfOne,
} from "../../src/acts/fixtures.ts";
import { holdsOn, latestCertificate } from "../../src/acts/state.ts";
import type { Batch, LedgerRecord } from "../../src/feed/batch.ts";
import { type Mark, type Replica, createReplica } from "../../src/feed/replica.ts";
import { formatLeaf } from "../../src/proof/leaf.ts";
import { signCheckpoint } from "../../src/proof/checkpoint.ts";
import { digestOfHash } from "../../src/proof/digest.ts";
import { leafHash, rootOf } from "../../src/proof/merkle.ts";
import { nodePrimitives } from "../../src/proof/node.ts";
import { failureCode } from "../../src/terms/failure.ts";
import { type Digest, Name } from "../../src/terms/ids.ts";

const small = Name.parse("small");

/** Ada and Bo open a model to partners; Cy joins; then Bo holds it. */
async function story(): Promise<readonly Signed[]> {
  const world = await worldOfOne();
  await join(world, bo, [ada]);
  await openModel(world, { model: small, stage: "trusted", configuration: configurationOf("one") });
  await join(world, playerOf("Cy", "assurance"), [ada, bo]);
  const scope = { kind: "model", model: small } as const;
  await world.say({ verb: "hold", body: { hold: idOf.hold("one"), scope, reason: digestOfLabel("reason") }, by: [bo] });
  await world.say({ verb: "document", body: documentsOf(small, configurationOf("two")), by: [ada] });
  return world.entries;
}

function recordOf({ act, envelope }: Signed): LedgerRecord {
  return { leaf: formatLeaf(act.envelope, act.predicate.verb), envelope };
}

function treeRoot(records: readonly LedgerRecord[]): Uint8Array {
  return rootOf(
    records.map(({ leaf }) => leafHash(leaf, nodePrimitives)),
    nodePrimitives,
  );
}

/** The checkpoint that the log signs over these records. */
async function checkpointOver(records: readonly LedgerRecord[]): Promise<string> {
  const { origin } = firstRootBody.log;
  const checkpoint = { origin, size: records.length, root: treeRoot(records) };
  return new TextDecoder().decode(await signCheckpoint(checkpoint, servers.log, nodePrimitives));
}

async function batchOf(records: readonly LedgerRecord[]): Promise<Batch> {
  return { from: 0, records, checkpoint: await checkpointOver(records) };
}

function replicaWith(mark?: Mark, pin?: Digest): Replica {
  return createReplica({ primitives: nodePrimitives, pin, mark });
}

function markAfter(records: readonly LedgerRecord[]): Mark {
  return { size: records.length, root: digestOfHash(treeRoot(records)) };
}

async function codeOf(replica: Replica, batch: Batch): Promise<string | undefined> {
  try {
    await replica.receive(batch);
    return undefined;
  } catch (error) {
    return failureCode(error) ?? "not a Failure";
  }
}

/** Every way to meddle with one place of a ledger. */
function meddled(records: readonly LedgerRecord[], at: number): readonly (readonly LedgerRecord[])[] {
  const [one, next] = [records[at], records[at + 1]];
  assert.ok(one !== undefined);
  const middle = Math.floor(one.envelope.length / 2);
  const edited = { ...one, envelope: one.envelope.with(middle, (one.envelope[middle] ?? 0) ^ 1) };
  const dropped = records.toSpliced(at, 1);
  const swapped = next === undefined ? dropped : records.toSpliced(at, 2, next, one);
  return [dropped, swapped, records.toSpliced(at, 0, one), records.toSpliced(at, 1, edited)];
}

describe("a ledger meddled with by someone who does not hold the log's key", () => {
  test("the story as it was is folded whole, and the model is held", async () => {
    const records = (await story()).map(recordOf);
    const replica = replicaWith();
    await replica.receive(await batchOf(records));
    assert.equal(replica.size(), records.length);
    assert.deepEqual(replica.state.anomalies, []);
    assert.equal(latestCertificate(replica.state, small)?.release.stage, "trusted");
    assert.equal(holdsOn(replica.state, small).length, 1);
  });

  test("dropped, swapped, repeated or edited, any single entry keeps the whole batch out", async () => {
    const records = (await story()).map(recordOf);
    const checkpoint = await checkpointOver(records);
    for (const at of records.keys()) {
      for (const changed of meddled(records, at)) {
        const replica = replicaWith();
        const code = await codeOf(replica, { from: 0, records: changed, checkpoint });
        assert.ok(code === "proof_invalid" || code === "trust_unknown", `entry ${at}: ${code}`);
        assert.equal(replica.size(), 0);
        assert.equal(replica.state.root, undefined);
      }
    }
  });

  test("a checkpoint signed by any other key keeps it out", async () => {
    const records = (await story()).map(recordOf);
    const root = { origin: firstRootBody.log.origin, size: records.length, root: treeRoot(records) };
    for (const signer of [servers.control, servers.gateway, ada.signer]) {
      const checkpoint = new TextDecoder().decode(await signCheckpoint(root, signer, nodePrimitives));
      assert.equal(await codeOf(replicaWith(), { from: 0, records, checkpoint }), "signature_invalid");
    }
  });

  test("another trust root than the pinned one keeps it out, however well it is signed", async () => {
    const records = (await story()).map(recordOf);
    assert.equal(
      await codeOf(replicaWith(undefined, digestOfLabel("another")), await batchOf(records)),
      "trust_unknown",
    );
  });
});

describe("a ledger meddled with by whoever holds the log's key", () => {
  test("without its hold it opens to whoever never saw it, and to nobody who did", async () => {
    const entries = await story();
    const records = entries.map(recordOf);
    const at = entries.findIndex(({ act }) => act.predicate.verb === "hold");
    const batch = await batchOf(records.toSpliced(at, 1));
    const naive = replicaWith();
    assert.equal(await codeOf(naive, batch), undefined);
    assert.equal(holdsOn(naive.state, small).length, 0);
    const witness = replicaWith(markAfter(records.slice(0, at + 1)));
    assert.equal(await codeOf(witness, batch), "fork_detected");
    assert.equal(witness.size(), 0);
  });

  test("whoever saw the ledger at any size after a change refuses the changed one", async () => {
    const records = (await story()).map(recordOf);
    for (const at of records.keys()) {
      const [dropped] = meddled(records, at);
      assert.ok(dropped !== undefined);
      for (let size = at + 1; size <= dropped.length; size++) {
        const code = await codeOf(replicaWith(markAfter(records.slice(0, size))), await batchOf(dropped));
        assert.ok(code === "fork_detected" || (at === 0 && code === "trust_unknown"), `${at} ${size}: ${code}`);
      }
    }
  });

  test("a loosening by someone who saw the true ledger is refused on the false one, and their hold is not", async () => {
    const world = await worldOfOne();
    await join(world, bo, [ada]);
    const seen = { size: world.entries.length, root: markAfter(world.entries.map(recordOf)).root };
    const document = await world.sign({
      verb: "document",
      body: documentsOf(small, configurationOf("x")),
      by: [ada],
      seen,
    });
    const body = { hold: idOf.hold("one"), scope: { kind: "everything" }, reason: digestOfLabel("reason") } as const;
    const hold = await world.sign({ verb: "hold", body, by: [bo], seen });
    const fact = { fact: { kind: "drill", attempts: 1, opened: 0, unfinished: 0 }, model: null } as const;
    const inserted = await world.sign({ verb: "fact", body: fact, by: [ada] });
    const forged = [...world.entries.slice(0, 1), inserted, ...world.entries.slice(1), document, hold].map(recordOf);
    const replica = replicaWith();
    await replica.receive(await batchOf(forged));
    assert.equal(replica.state.documents.get("Model"), undefined);
    assert.equal(replica.state.holds.size, 1);
    assert.equal(replica.state.anomalies.length, 2);
  });

  test("entries that nobody entitled signed change nothing, though the log signed the tree they stand in", async () => {
    const world = await worldOfOne();
    await join(world, bo, [ada]);
    await world.say({ verb: "document", body: documentsOf(small, configurationOf("one")), by: [ada] });
    const release = releaseOf(world, { model: small, stage: "general", configuration: configurationOf("one") });
    for (const signer of [servers.log, servers.control, servers.gateway]) {
      world.record(await world.sign({ verb: "proposal", body: { release }, by: [signer] }));
      world.record(await world.sign({ verb: "certificate", body: { release }, by: [signer] }));
    }
    await assert.rejects(certify(world, release, [ada]));
    const replica = replicaWith();
    await replica.receive(await batchOf(world.entries.map(recordOf)));
    assert.equal(replica.state.certificates.size, 0);
    assert.ok(replica.state.anomalies.length >= 6);
  });
});
