// Looking through the ledger over HTTP: what is found by what, pages that stay what they were while it grows, what proves an entry
// to somebody who believes no server, rows that somebody edited in the database, and questions nobody should ask.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { LedgerProof, checkLedgerProof } from "../../src/acts/ledger-proof.ts";
import { ReceiptProof, checkGateway, checkProof } from "../../src/acts/receipt-proof.ts";
import { openReceipt } from "../../src/acts/receipt.ts";
import { openStatement } from "../../src/acts/statement.ts";
import { LedgerEntryView, LedgerView, ledgerRoutes } from "../../src/control/contract-ledger.ts";
import { openCheckpoint } from "../../src/proof/checkpoint.ts";
import { signerIdOf } from "../../src/proof/digest.ts";
import { fromBase64, toUtf8 } from "../../src/proof/encoding.ts";
import { verifyConsistency } from "../../src/proof/merkle.ts";
import { nodePrimitives, randomId } from "../../src/proof/node.ts";
import { failureCode } from "../../src/terms/failure.ts";
import { type Digest, HoldId } from "../../src/terms/ids.ts";
import {
  type Desk,
  type Member,
  type Run,
  acme,
  committed,
  dropFolder,
  exchange,
  get,
  model,
  must,
  openDesk,
  refusalOf,
  released,
  resolved,
  run,
} from "./control-desk.ts";

let desk: Desk;
let owner: Member;
let safety: Member;
let ran: Run;

before(async () => {
  desk = await openDesk();
  ({ owner, safety } = await released(desk));
  ran = await run(desk, owner);
});
after(async () => {
  await desk.close();
  dropFolder(desk.folder);
});

async function look(query: Readonly<Record<string, string>> = {}): Promise<LedgerView> {
  const answered = await get(desk, `${ledgerRoutes.ledger}?${new URLSearchParams(query).toString()}`, owner);
  assert.equal(answered.status, 200, JSON.stringify(answered.json));
  return LedgerView.parse(answered.json);
}

async function entry(index: number, from?: number): Promise<LedgerEntryView> {
  const path = ledgerRoutes.ledgerEntry.replace(":index", String(index));
  const answered = await get(desk, from === undefined ? path : `${path}?from=${from}`, owner);
  assert.equal(answered.status, 200, JSON.stringify(answered.json));
  return LedgerEntryView.parse(answered.json);
}

async function hold(): Promise<{ readonly hold: HoldId; readonly reason: string }> {
  const id = HoldId.parse(randomId("hold_", 16));
  const reason = committed(`because of <b>${id}</b>`);
  const body = { hold: id, scope: { kind: "model", model }, reason: reason.digest } as const;
  await must(desk, { verb: "hold", body, by: [safety.signer] }, { openings: [reason.opening] });
  return { hold: id, reason: reason.opening.text };
}

function bytes(base64: string): Uint8Array {
  const found = fromBase64(base64);
  assert.ok(found !== undefined);
  return found;
}

function logKey(): { readonly name: string; readonly publicKey: Member["signer"]["publicKey"] } {
  const root = desk.control.state.root?.body.log;
  assert.ok(root !== undefined);
  return { name: root.origin, publicKey: root.key };
}

describe("a search", () => {
  test("finds an act by its number, digest, ids, signer, model and organisation, a person by a part of their name", async () => {
    const held = await hold();
    const { rows } = await look({ q: held.hold });
    assert.equal(rows.length, 1);
    const [row] = rows;
    assert.ok(row?.act !== undefined && row.act !== null);
    assert.match(row.words ?? "", /^Holds /);
    assert.deepEqual(row.models, [model]);
    assert.equal(row.signers[0]?.person, safety.person);
    const same = [
      String(row.first),
      row.act,
      row.act.slice("sha256:".length),
      `${model} ${held.hold}`,
      `hold ${safety.person} ${held.hold}`,
      `${signerIdOf(safety.signer.publicKey, nodePrimitives)} ${held.hold}`,
      `${safety.signer.publicKey} ${held.hold}`,
    ];
    for (const q of same)
      assert.deepEqual(
        (await look({ q })).rows.map(({ first }) => first),
        [row.first],
        q,
      );
    assert.ok((await look({ q: acme })).rows.some(({ verb }) => verb === "organisation"));
    const named = await look({ q: "safety" });
    assert.ok(named.rows.length > 0 && named.people.some(({ name }) => name === "a safety"));
  });

  test("finds the interval of a receipt by its id, its digest and its text; what is not there finds nothing", async () => {
    const [id] = ran.receipts;
    assert.ok(id !== undefined);
    const [row] = (await look({ q: id })).rows;
    assert.equal(row?.verb, "receipts");
    const text = await desk.control.feed.receipt(id);
    assert.ok(text !== undefined);
    const { digest } = await openReceipt(text, nodePrimitives);
    for (const q of [text, digest]) assert.equal((await look({ q })).rows[0]?.first, row.first, q.slice(0, 20));
    for (const q of [
      "hold_0000000000000000",
      `sha256:${"0".repeat(64)}`,
      "hgr1.a.b.c",
      "999999999",
      "rcpt_000000000000000000000000",
    ])
      assert.deepEqual((await look({ q })).rows, [], q);
  });

  test("takes verbs and times as filters, and says what it cannot be asked", async () => {
    assert.ok(
      (await look({ verb: "hold,certificate" })).rows.every(({ verb }) => verb === "hold" || verb === "certificate"),
    );
    assert.ok((await look({ q: "certificate" })).rows.every(({ verb }) => verb === "certificate"));
    assert.deepEqual((await look({ until: "2020-01-01" })).rows, []);
    assert.ok((await look({ since: "2020-01-01T00:00:00Z" })).rows.length > 0);
    const hostile = [
      "verb=%27%20OR%201%3D1",
      "verb=__proto__",
      "since=yesterday",
      "limit=100000",
      "limit=0",
      "before=-1",
      "before=1e400",
      "other=1",
    ];
    for (const query of hostile) {
      const answered = await get(desk, `${ledgerRoutes.ledger}?${query}`, owner);
      assert.equal(answered.status, 400, query.slice(0, 60));
      assert.equal(refusalOf(answered).code, "request_invalid");
    }
    for (const q of [
      "%",
      "'; DROP TABLE envelope; --",
      "<script>alert(1)</script>",
      "\u0000",
      "😀".repeat(50),
      "__proto__",
      "constructor",
    ])
      assert.deepEqual((await look({ q })).rows, [], q);
    assert.equal((await get(desk, ledgerRoutes.ledger)).status, 401);
  });
});

describe("pages", () => {
  test("stay what they were while the ledger grows, and intervals that follow one another are one row", async () => {
    const [item] = resolvedItems();
    for (let at = 0; at < 3; at += 1) await exchange(desk, ran.permit, [item]);
    const first = await look({ limit: "3" });
    assert.equal(first.rows[0]?.verb, "receipts");
    assert.ok((first.rows[0]?.last ?? 0) - (first.rows[0]?.first ?? 0) >= 2);
    assert.match(first.rows[0]?.words ?? "", /receipts in \d+ intervals/);
    assert.ok(first.next !== null);
    const older = await look({ limit: "3", before: String(first.next) });
    await hold();
    await exchange(desk, ran.permit, [item]);
    const grown = await look({ limit: "3", before: String(first.next) });
    assert.deepEqual(grown.rows, older.rows);
    assert.equal(grown.size, older.size + 2);
    const all: number[] = [];
    for (let next: number | null = grown.size; next !== null;) {
      const page = await look({ limit: "5", before: String(next) });
      for (const { first: from, last } of page.rows) for (let one = last; one >= from; one -= 1) all.push(one);
      next = page.next;
    }
    assert.deepEqual(
      all,
      Array.from({ length: grown.size }, (_, at) => grown.size - 1 - at),
    );
    assert.ok((await look({ verb: "receipts" })).rows.every(({ first: from, last }) => from === last));
  });
});

describe("an entry", () => {
  test("comes with what proves it to whoever believes no server", async () => {
    const held = await hold();
    const seen = (await look({ limit: "1" })).size;
    const seenRoot = desk.control.head().root;
    await hold();
    const index = seen - 1;
    const view = await entry(index, seen);
    const act = await openStatement(bytes(view.envelope), nodePrimitives);
    assert.equal(act.predicate.verb, "hold");
    const proof = LedgerProof.parse({
      format: "headgate-ledger-proof/1",
      kind: "inclusion",
      index,
      leaf: view.leaf,
      path: view.inclusion,
      checkpoint: view.checkpoint,
    });
    const { head, entry: leaf } = await checkLedgerProof(proof, logKey(), nodePrimitives);
    assert.equal(leaf?.statement, act.envelope);
    const checkpoint = await openCheckpoint(toUtf8(view.checkpoint), logKey(), nodePrimitives);
    const path = view.growth?.path.map(bytes) ?? [];
    const size2 = head.size;
    const root1 = Buffer.from(seenRoot.slice(7), "hex");
    assert.ok(verifyConsistency({ size1: seen, root1, size2, root2: checkpoint.root, path }, nodePrimitives));
    assert.ok(view.openings.some(({ text }) => text === held.reason));
    const moved = LedgerProof.parse({ ...proof, index: index - 1 });
    await assert.rejects(checkLedgerProof(moved, logKey(), nodePrimitives));
  });

  test("says what else names the same: a proposal's sign-offs, its certificate and its evidence", async () => {
    const [row] = (await look({ verb: "proposal" })).rows;
    const view = await entry(row?.first ?? 0);
    const verbs = new Set(view.related.map(({ verb }) => verb));
    for (const verb of ["sign-off", "certificate", "evidence"]) assert.ok(verbs.has(verb), verb);
  });

  test("that is not there is not found, by whatever it is named", async () => {
    for (const index of ["999999", "-1", "x", "1.5", "%00"]) {
      const answered = await get(desk, ledgerRoutes.ledgerEntry.replace(":index", index), owner);
      assert.equal(answered.status, 404, index);
    }
  });
});

test("the proof of a receipt is what `receipt verify` checks; of one that is not logged there is none", async () => {
  const text = await desk.control.feed.receipt(ran.receipts[0] ?? never());
  const receipt = await openReceipt(text ?? "", nodePrimitives);
  const answered = await get(desk, ledgerRoutes.receiptProof.replace(":digest", receipt.digest), owner);
  const { log, gateways } = desk.control.state.root?.body ?? never();
  checkGateway(receipt, { gateways });
  const tree = await checkProof(receipt, ReceiptProof.parse(answered.json), {
    trust: { log },
    primitives: nodePrimitives,
  });
  assert.ok(tree.size > 0);
  const other = await get(desk, ledgerRoutes.receiptProof.replace(":digest", `sha256:${"0".repeat(64)}`), owner);
  assert.equal(refusalOf(other).code, "not_found");
});

test("an edited row is shown as one that cannot be read, and what is given of it fails its own check", async () => {
  const { hold: id } = await hold();
  const [row] = (await look({ q: id })).rows;
  const index = row?.first ?? never();
  const recorded = await entry(index);
  const edited = new Uint8Array(bytes(recorded.envelope));
  const at = Buffer.from(edited).indexOf(toUtf8('"payload":"')) + 60;
  edited[at] = edited[at] === 0x41 ? 0x42 : 0x41;
  await desk.database.transaction(async (transaction) => {
    await transaction.query("UPDATE envelope SET bytes = ? WHERE act = ?", [edited, row?.act ?? never()]);
  });
  const [shown, next] = (await look({ limit: "2" })).rows;
  assert.equal(shown?.words, null);
  assert.equal(shown?.verb, "hold");
  assert.notEqual(next?.words, null);
  const view = await entry(index);
  assert.notEqual(view.envelope, recorded.envelope);
  await assert.rejects(openStatement(bytes(view.envelope), nodePrimitives), (error) =>
    ["signature_invalid", "statement_invalid"].includes(String(failureCode(error))),
  );
  await desk.database.transaction(async (transaction) => {
    await transaction.query("UPDATE envelope SET bytes = ? WHERE act = ?", [
      bytes(recorded.envelope),
      row?.act ?? never(),
    ]);
  });
});

function resolvedItems(): readonly [Digest] {
  const suite = resolved().find(({ kind }) => kind === "Suite");
  return [suite?.digest ?? never()];
}

function never(): never {
  throw new Error("it is there");
}
