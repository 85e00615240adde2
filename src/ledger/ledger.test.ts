import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, describe, test } from "node:test";
import { clusterForTests } from "../../test/postgres/cluster.ts";
import { openCheckpoint } from "../proof/checkpoint.ts";
import { digestOf, digestOfHash, hashOfDigest } from "../proof/digest.ts";
import { toBase64, toUtf8 } from "../proof/encoding.ts";
import { formatLeaf } from "../proof/leaf.ts";
import { leafHash, rootOf, verifyConsistency, verifyInclusion } from "../proof/merkle.ts";
import { nodePrimitives as primitives, newSigner, signerFromSeed } from "../proof/node.ts";
import { decodeBundle, entryTiles, formatTilePath, hashTiles, rootFromTiles } from "../proof/tile.ts";
import type { Database } from "../store/database.ts";
import { failingDatabase } from "../store/failing.ts";
import { migrate } from "../store/migrations.ts";
import { schema } from "../store/schema.ts";
import { parsePostgresAddress } from "../store/postgres-address.ts";
import { openPostgres } from "../store/postgres.ts";
import { openSqlite } from "../store/sqlite.ts";
import { failureCode } from "../terms/failure.ts";
import { Instant } from "../terms/ids.ts";
import type { NewRecord } from "./append.ts";
import { openLedger, type Ledger, type LedgerOptions } from "./ledger.ts";

const origin = "log.example/test";
const signer = signerFromSeed(toBase64(new Uint8Array(32).fill(9)));
const log = { name: origin, publicKey: signer.publicKey };
const clock = (): Instant => Instant.parse(1_800_000_000_000);
const fails = (code: string) => (error: unknown) => failureCode(error) === code;

const folder = await mkdtemp(join(tmpdir(), "headgate-ledger-"));
after(async () => rm(folder, { recursive: true, force: true }));
let files = 0;

/** Stands for an act: the ledger does not look into envelopes. */
function record(n: number): NewRecord {
  const envelope = toUtf8(`{"envelope":${n}}`);
  return { verb: n % 2 === 0 ? "grant" : "sign-off", envelope, actDigest: digestOf(toUtf8(`act ${n}`), primitives) };
}
const records = (from: number, count: number): readonly NewRecord[] =>
  Array.from({ length: count }, (_, at) => record(from + at));

/** A kind of database that the ledger lives in: all tests below run on each. */
interface Store {
  readonly name: string;
  /** Where a new one may be: empty, and openable more than once. */
  readonly newPlace: () => Promise<string>;
  /** A place that only one opening needs, and what is done with it once that is closed. */
  readonly newOwnPlace: () => Promise<string>;
  readonly dropOwnPlace: (place: string) => Promise<void>;
  readonly open: (place: string) => Promise<Database>;
  /** Source that defines `database` from `place` in another process. */
  readonly opening: string;
  /** SQL for so many zero bytes. */
  readonly zeroes: (count: string) => string;
  /** SQL for the bytes of a text. */
  readonly bytes: (text: string) => string;
}

const moduleAt = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);

const sqlite: Store = {
  name: "SQLite",
  newPlace: async () => join(folder, `${files++}.db`),
  newOwnPlace: async () => ":memory:",
  dropOwnPlace: async () => undefined,
  open: openSqlite,
  opening: `const { openSqlite } = await import(${moduleAt("../store/sqlite.ts")});
const database = await openSqlite(place);`,
  zeroes: (count) => `zeroblob(${count})`,
  bytes: (text) => `CAST('${text}' AS BLOB)`,
};

const stores: Store[] = [sqlite];
const cluster = await clusterForTests();
if (cluster !== undefined) {
  stores.push({
    name: "PostgreSQL",
    newPlace: cluster.newDatabase,
    newOwnPlace: cluster.newDatabase,
    dropOwnPlace: cluster.giveBack,
    open: async (place) => openPostgres(parsePostgresAddress(place), { isExclusive: false }),
    opening: `const { openPostgres } = await import(${moduleAt("../store/postgres.ts")});
const { parsePostgresAddress } = await import(${moduleAt("../store/postgres-address.ts")});
const database = await openPostgres(parsePostgresAddress(place), { isExclusive: true });`,
    zeroes: (count) => `decode(repeat('00', (${count})::int), 'hex')`,
    bytes: (text) => `convert_to('${text}', 'UTF8')`,
  });
}

const open = async (database: Database, more: Partial<LedgerOptions> = {}): Promise<Ledger> =>
  openLedger({ database, primitives, signer, origin, clock, ...more });

const write = async (database: Database, sql: string, params: readonly (string | number | Uint8Array)[] = []) =>
  database.transaction(async (transaction) => transaction.query(sql, params));

/** All entries, and that they make the signed root, as an outsider would find it. */
async function verifyWhole(ledger: Ledger): Promise<readonly Uint8Array[]> {
  const head = ledger.head();
  const checkpoint = await openCheckpoint(toUtf8(ledger.readCheckpoint()), log, primitives);
  assert.equal(checkpoint.size, head.size);
  assert.equal(digestOfHash(checkpoint.root), head.root);
  const envelopes: Uint8Array[] = [];
  const leaves: Uint8Array[] = [];
  while (leaves.length < head.size) {
    const entries = await ledger.entries(leaves.length, 1000);
    assert.ok(entries.length > 0);
    for (const { index, leaf, envelope } of entries) {
      assert.equal(index, leaves.length);
      leaves.push(leafHash(leaf, primitives));
      envelopes.push(envelope);
    }
  }
  assert.equal(digestOfHash(rootOf(leaves, primitives)), head.root);
  return envelopes;
}

const sizes = [1, 2, 255, 256, 257, 511, 512, 700];

async function checkProofs(
  ledger: Ledger,
  leaves: readonly Uint8Array[],
  roots: ReadonlyMap<number, Uint8Array>,
): Promise<void> {
  for (const [size, root] of roots) {
    assert.deepEqual((await openCheckpoint(toUtf8(await ledger.checkpointAt(size)), log, primitives)).root, root);
    for (const index of [0, Math.floor(size / 2), size - 1]) {
      const path = await ledger.inclusionProof(index, size);
      const leaf = leaves[index] ?? assert.fail("leaf");
      assert.ok(verifyInclusion({ leafHash: leaf, index, size, path, root }, primitives));
    }
    for (const [size1, root1] of roots) {
      if (size1 > size) continue;
      const path = await ledger.consistencyProof(size1, size);
      assert.ok(verifyConsistency({ size1, root1, size2: size, root2: root, path }, primitives));
    }
  }
}

const alongside = (fail: boolean) => ({
  alongside: async (transaction: Parameters<Parameters<Database["transaction"]>[0]>[0], indexes: readonly number[]) => {
    const sql = "INSERT INTO receipt_interval (root, ledger_index, leaves) VALUES ('r', ?, ?) ON CONFLICT DO NOTHING";
    await transaction.query(sql, [indexes[0] ?? -1, new Uint8Array(1)]);
    if (fail) throw new Error("of the caller");
  },
});

// What somebody who can write to the database may try while the ledger is down.
const tamperings = ({ zeroes, bytes }: Store): readonly (readonly [string, string])[] => [
  ["a deleted last entry", "DELETE FROM ledger_leaf WHERE idx = 299"],
  ["a smaller head", "UPDATE ledger_head SET size = 299"],
  ["a larger head", "UPDATE ledger_head SET size = 301"],
  ["another root", `UPDATE ledger_head SET root = ${zeroes("32")}`],
  ["no checkpoint", "UPDATE ledger_head SET checkpoint = NULL"],
  ["a changed checkpoint", "UPDATE ledger_head SET checkpoint = replace(checkpoint, '300', '299')"],
  [
    "another envelope",
    `UPDATE envelope SET bytes = ${bytes('{"envelope":"other"}')} WHERE digest = (SELECT statement FROM ledger_leaf WHERE idx = 298)`,
  ],
  ["another leaf", "UPDATE ledger_leaf SET leaf = (SELECT leaf FROM ledger_leaf WHERE idx = 3) WHERE idx = 298"],
  ["a changed tile", `UPDATE ledger_tile SET hashes = ${zeroes("32 * width")} WHERE level = 0 AND tile_index = 1`],
  ["a changed upper tile", `UPDATE ledger_tile SET hashes = ${zeroes("32 * width")} WHERE level = 1`],
  ["a missing tile", "DELETE FROM ledger_tile WHERE level = 1"],
  ["no head", "DELETE FROM ledger_head"],
];

const appender = (store: Store): string => `
import { openLedger } from ${JSON.stringify(new URL("ledger.ts", import.meta.url).href)};
import { nodePrimitives as primitives, signerFromSeed } from ${JSON.stringify(new URL("../proof/node.ts", import.meta.url).href)};
const place = process.argv[1];
${store.opening}
const signer = signerFromSeed(process.argv[2]);
const ledger = await openLedger({ database, primitives, signer, origin: "log.example/test", clock: () => Date.now() });
const start = ledger.head().size;
for (let n = start; ; n += 7) {
  const calls = Array.from({ length: 7 }, (_, at) => {
    const envelope = new TextEncoder().encode(JSON.stringify({ envelope: n + at }));
    const actDigest = "sha256:" + (n + at).toString(16).padStart(64, "0");
    return ledger.append([{ verb: "grant", envelope, actDigest }]);
  });
  for (const { firstIndex } of await Promise.all(calls)) process.stdout.write(firstIndex + "\\n");
}`;

async function appendUntilDone(ledger: Ledger, tries: number): Promise<ReadonlyMap<number, Uint8Array>> {
  const acknowledged = new Map<number, Uint8Array>();
  const parts = [records(254, 1), records(255, 3), records(258, 2)];
  for (const part of parts) {
    for (let round = 0; round < tries; round++) {
      const appended = await ledger.append(part).catch((error: unknown) => {
        assert.equal(failureCode(error), "disk_full");
        return undefined;
      });
      if (appended === undefined) continue;
      for (const [at, index] of appended.indexes.entries()) {
        acknowledged.set(index, part[at]?.envelope ?? assert.fail("record"));
      }
      break;
    }
  }
  await ledger.close().catch((error: unknown) => assert.equal(failureCode(error), "disk_full"));
  return acknowledged;
}

for (const store of stores) {
  describe(`the ledger in ${store.name}`, () => {
    const opened: Database[] = [];
    const own: string[] = [];
    afterEach(async () => {
      await Promise.all(opened.splice(0).map(async (database) => database.close().catch(() => undefined)));
      await Promise.all(own.splice(0).map(async (place) => store.dropOwnPlace(place)));
    });

    async function newOwnPlace(): Promise<string> {
      const place = await store.newOwnPlace();
      own.push(place);
      return place;
    }

    async function newDatabase(place?: string): Promise<Database> {
      const database = await store.open(place ?? (await newOwnPlace()));
      opened.push(database);
      await migrate(database, schema);
      return database;
    }

    test("an empty ledger has a signed checkpoint of the empty tree", async () => {
      const ledger = await open(await newDatabase());
      assert.match(
        ledger.readCheckpoint(),
        /^log\.example\/test\n0\n47DEQpj8HBSa\+\/TImW\+5JCeuQeRkm5NMpJWZG3hSuFU=\n/,
      );
      assert.deepEqual(await ledger.entries(0, 10), []);
      await verifyWhole(ledger);
    });

    test("entries are where append said, as leaf and envelope, under the signed head", async () => {
      const ledger = await open(await newDatabase());
      const first = await ledger.append(records(0, 3));
      assert.deepEqual(first.indexes, [0, 1, 2]);
      const second = await ledger.append([record(3)]);
      assert.deepEqual([second.firstIndex, second.size, second.checkpoint], [3, 4, ledger.readCheckpoint()]);
      const [entry] = await ledger.entries(3, 1);
      const { envelope, verb } = record(3);
      assert.deepEqual(entry?.envelope, envelope);
      assert.deepEqual(entry?.leaf, formatLeaf(digestOf(envelope, primitives), verb));
      assert.equal((await verifyWhole(ledger)).length, 4);
    });

    test("an act that is there keeps its index, alone, in a mixed batch and twice in one call", async () => {
      const ledger = await open(await newDatabase());
      await ledger.append(records(0, 5));
      const head = ledger.head();
      const again = await ledger.append([record(2)]);
      assert.deepEqual([again.firstIndex, again.size, again.checkpoint], [2, 5, head.checkpoint]);
      const mixed = await ledger.append([record(7), record(1), record(7), record(8)]);
      assert.deepEqual(mixed.indexes, [5, 1, 5, 6]);
      const together = await Promise.all([ledger.append([record(9)]), ledger.append([record(9), record(10)])]);
      assert.deepEqual(
        together.map(({ indexes }) => indexes),
        [[7], [7, 8]],
      );
    });

    test("the same act in another envelope is a conflict for its caller only", async () => {
      const ledger = await open(await newDatabase());
      await ledger.append([record(0)]);
      const other: NewRecord = { ...record(0), envelope: toUtf8('{"more":"signatures"}') };
      const results = await Promise.allSettled([
        ledger.append([record(1)]),
        ledger.append([record(2), other]),
        ledger.append([record(3)]),
      ]);
      assert.deepEqual(
        results.map(({ status }) => status),
        ["fulfilled", "rejected", "fulfilled"],
      );
      await assert.rejects(ledger.append([other]), fails("conflict"));
      assert.equal((await verifyWhole(ledger)).length, 3);
    });

    test("what was judged on a smaller ledger is refused, unless it is there already", async () => {
      const ledger = await open(await newDatabase());
      await ledger.append([record(0)], { onlyAtSize: 0 });
      await assert.rejects(ledger.append([record(1)], { onlyAtSize: 0 }), fails("conflict"));
      assert.equal((await ledger.append([record(0)], { onlyAtSize: 0 })).firstIndex, 0);
      const racing = await Promise.allSettled(
        [1, 2, 3].map(async (n) => ledger.append([record(n)], { onlyAtSize: 1 })),
      );
      assert.deepEqual(
        racing.map(({ status }) => status),
        ["fulfilled", "rejected", "rejected"],
      );
      assert.equal(ledger.head().size, 2);
    });

    test("what is written alongside is written with the act or not at all", async () => {
      const database = await newDatabase();
      const ledger = await open(database);
      const results = await Promise.allSettled([
        ledger.append([record(0)]),
        ledger.append([record(1)], alongside(true)),
        ledger.append([record(2)]),
      ]);
      assert.deepEqual(
        results.map(({ status }) => status),
        ["fulfilled", "rejected", "fulfilled"],
      );
      assert.deepEqual(await database.query("SELECT * FROM receipt_interval"), []);
      for (let n = 0; n < 2; n++) assert.equal((await ledger.append([record(1)], alongside(false))).firstIndex, 2);
      assert.equal((await database.query("SELECT ledger_index FROM receipt_interval"))[0]?.["ledger_index"], 2);
      assert.equal((await verifyWhole(ledger)).length, 3);
    });

    test("callers that come together share signatures, keep their order and all get their place", async () => {
      const ledger = await open(await newDatabase());
      const results = await Promise.all(records(0, 1000).map(async (one) => ledger.append([one])));
      assert.deepEqual(
        results.map(({ firstIndex }) => firstIndex),
        [...results.keys()],
      );
      assert.equal(new Set(results.map(({ checkpoint }) => checkpoint)).size, 4);
      await verifyWhole(ledger);
    });

    test("past the bound callers are told to come back, and nothing that was accepted is lost", async () => {
      const ledger = await open(await newDatabase());
      const results = await Promise.allSettled(records(0, 4200).map(async (one) => ledger.append([one])));
      const refused = results.filter(({ status }) => status === "rejected");
      assert.equal(refused.length, 4200 - 4096);
      for (const result of refused)
        assert.ok(result.status === "rejected" && fails("store_unavailable")(result.reason));
      assert.equal(ledger.head().size, 4096);
    });

    test("malformed records are refused before they reach the database", async () => {
      const ledger = await open(await newDatabase());
      const bad = [
        [],
        records(0, 257),
        [{ ...record(0), verb: "Grant" }],
        [{ ...record(0), verb: "" }],
        [{ ...record(0), envelope: new Uint8Array(65_537) }],
        [{ ...record(0), envelope: new Uint8Array(0) }],
      ];
      for (const wrong of bad) await assert.rejects(ledger.append(wrong), fails("statement_invalid"));
      assert.equal(ledger.head().size, 0);
    });

    test("at every size every tile, bundle, proof and earlier checkpoint is the tree's", async () => {
      const ledger = await open(await newDatabase());
      const roots = new Map<number, Uint8Array>();
      for (const size of sizes) {
        while (ledger.head().size < size) {
          const from = ledger.head().size;
          await ledger.append(records(from, Math.min(100, size - from)));
        }
        roots.set(size, hashOfDigest(ledger.head().root));
        const readTile = async (tile: Parameters<typeof formatTilePath>[0]): Promise<Uint8Array> =>
          (await ledger.readTile(formatTilePath(tile))) ?? assert.fail(formatTilePath(tile));
        assert.deepEqual(digestOfHash(await rootFromTiles({ size, readTile }, primitives)), ledger.head().root);
        const bundles = await Promise.all([...entryTiles(size)].map(readTile));
        const leaves = bundles.flatMap((bundle) => decodeBundle(bundle)).map((leaf) => leafHash(leaf, primitives));
        assert.equal(digestOfHash(rootOf(leaves, primitives)), ledger.head().root);
        for (const tile of hashTiles(size)) assert.equal((await readTile(tile)).length, tile.width * 32);
        await checkProofs(ledger, leaves, roots);
      }
    });

    test("the public files are those of tlog-tiles, older partial ones included, and nothing past the head", async () => {
      const ledger = await open(await newDatabase());
      await ledger.append(records(0, 250));
      await ledger.append(records(250, 20));
      const checkpoint = await ledger.logFile("checkpoint");
      assert.deepEqual(checkpoint?.body, toUtf8(ledger.readCheckpoint()));
      assert.equal(checkpoint?.contentType, "text/plain; charset=utf-8");
      assert.equal(checkpoint?.cacheControl, "no-cache");
      const there = ["tile/0/000", "tile/0/000.p/250", "tile/0/001.p/14", "tile/0/001.p/3", "tile/1/000.p/1"];
      for (const path of [...there, "tile/entries/000", "tile/entries/001.p/14", "tile/entries/000.p/7"]) {
        const file = await ledger.logFile(path);
        assert.ok(file !== undefined, path);
        assert.match(file.cacheControl, /immutable/);
      }
      const absent = [
        "tile/0/001",
        "tile/0/001.p/15",
        "tile/0/002.p/1",
        "tile/1/000",
        "tile/2/000.p/1",
        "tile/entries/001",
      ];
      for (const path of [
        ...absent,
        "",
        "tile",
        "tile/entries/000.p/0",
        "../checkpoint",
        "/checkpoint",
        "tile/0/x000/000",
      ]) {
        assert.equal(await ledger.logFile(path), undefined, path);
      }
    });

    test("proofs past the signed head are not_found", async () => {
      const ledger = await open(await newDatabase());
      await ledger.append(records(0, 3));
      for (const [index, size] of [
        [3, 3],
        [0, 4],
        [-1, 3],
        [0.5, 3],
        [0, Number.NaN],
      ] as const) {
        await assert.rejects(ledger.inclusionProof(index, size), fails("not_found"));
      }
      for (const [size1, size2] of [
        [0, 3],
        [3, 4],
        [3, 2],
        [-1, 3],
      ] as const) {
        await assert.rejects(ledger.consistencyProof(size1, size2), fails("not_found"));
      }
      await assert.rejects(ledger.checkpointAt(4), fails("not_found"));
    });

    test("a ledger comes back as it was, closed or not, with the mark of any earlier size", async () => {
      const path = await store.newPlace();
      let database = await newDatabase(path);
      let ledger = await open(database);
      const marks = [];
      for (let round = 0; round < 6; round++) {
        await ledger.append(records(round * 90, 90));
        const head = ledger.head();
        marks.push(head);
        if (round % 2 === 0) await ledger.close();
        await database.close();
        database = await newDatabase(path);
        for (const mark of marks) ledger = await open(database, { mark });
        assert.deepEqual(ledger.head(), head);
      }
      assert.equal((await verifyWhole(ledger)).length, 540);
      await database.close();
    });

    test("a ledger that does not extend its mark is not opened", async () => {
      const database = await newDatabase();
      const ledger = await open(database);
      await ledger.append(records(0, 10));
      const { root } = ledger.head();
      await assert.rejects(open(database, { mark: { size: 11, root } }), fails("mark_ahead"));
      await assert.rejects(open(database, { mark: { size: 9, root } }), fails("fork_detected"));
      await assert.rejects(open(await newDatabase(), { mark: { size: 10, root } }), fails("mark_ahead"));
      await open(database, { mark: { size: 10, root } });
    });

    test("another origin, another key and a clock before the last entry are refused", async () => {
      const database = await newDatabase();
      await (await open(database)).append([record(0)]);
      await assert.rejects(open(database, { origin: "log.example/other" }), fails("configuration_invalid"));
      await assert.rejects(open(database, { signer: newSigner().signer }), fails("signature_invalid"));
      await assert.rejects(open(database, { clock: () => Instant.parse(clock() - 3_600_000) }), fails("clock_behind"));
    });

    for (const [what, sql] of tamperings(store)) {
      test(`a database with ${what} is not opened`, async () => {
        const database = await newDatabase();
        const ledger = await open(database);
        await ledger.append(records(0, 200));
        await ledger.append(records(200, 100));
        await ledger.close();
        await write(database, sql);
        await assert.rejects(open(database), (error) =>
          ["fork_detected", "proof_invalid", "signature_invalid"].includes(failureCode(error) ?? String(error)),
        );
      });
    }

    test("a head that was committed and not signed is signed alike, but only if it extends what was signed", async () => {
      const database = await newDatabase();
      const ledger = await open(database);
      await ledger.append(records(0, 5));
      await ledger.append(records(5, 5));
      const head = ledger.head();
      // Not closed: the row holds the checkpoint of size 5 and the head of size 10.
      assert.match(String((await database.query("SELECT checkpoint FROM ledger_head"))[0]?.["checkpoint"]), /\n5\n/);
      assert.deepEqual((await open(database)).head(), head);
      await write(database, "UPDATE ledger_leaf SET leaf = (SELECT leaf FROM ledger_leaf WHERE idx = 6) WHERE idx = 7");
      await assert.rejects(open(database), fails("fork_detected"));
    });

    test("a database that is changed under a running ledger gets nothing signed", async () => {
      const database = await newDatabase();
      const ledger = await open(database);
      await ledger.append(records(0, 10));
      const before = ledger.readCheckpoint();
      await write(database, `UPDATE ledger_tile SET hashes = ${store.zeroes("32 * width")}`);
      await assert.rejects(ledger.checkpointAt(5), fails("fork_detected"));
      await write(database, "UPDATE ledger_head SET size = 9");
      await assert.rejects(ledger.append([record(20)]), fails("fork_detected"));
      await assert.rejects(ledger.append([record(21)]), fails("fork_detected"));
      assert.equal(ledger.readCheckpoint(), before);
    });

    test("two ledgers on one database take turns and never fork", async () => {
      const path = await store.newPlace();
      const [one, two] = [await newDatabase(path), await newDatabase(path)];
      const [left, right] = [await open(one), await open(two)];
      for (let round = 0; round < 10; round++) {
        await left.append([record(round * 2)]);
        await right.append([record(round * 2 + 1)]);
      }
      const root1 = hashOfDigest(left.head().root);
      const path1 = await right.consistencyProof(left.head().size, 20);
      assert.ok(
        verifyConsistency(
          { size1: 19, root1, size2: 20, root2: hashOfDigest(right.head().root), path: path1 },
          primitives,
        ),
      );
      assert.equal((await verifyWhole(right)).length, 20);
      await Promise.all([one.close(), two.close()]);
    });

    for (const lasting of [false, true]) {
      test(`whichever write fails, ${lasting ? "with all after it" : "alone"}, nothing acknowledged is lost and the tree is whole`, async () => {
        let writes = 0;
        for (let n = 1; n <= Math.max(writes, 1); n++) {
          const database = await newDatabase();
          const ledger = await open(database);
          await ledger.append(records(0, 254));
          const failing = failingDatabase(database, n, { lasting });
          const beneath = await open(failing.database);
          const acknowledged = await appendUntilDone(beneath, lasting ? 1 : 4);
          writes = Math.max(writes, failing.count());
          const again = await open(database, { mark: beneath.head() });
          const envelopes = await verifyWhole(again);
          for (const [index, envelope] of acknowledged) assert.deepEqual(envelopes[index], envelope);
          // Whatever was not acknowledged can be asked for again, and is there once.
          await again.append(records(254, 6));
          const texts = (await verifyWhole(again)).map((envelope) => toBase64(envelope));
          assert.equal(new Set(texts).size, 260);
          assert.equal(texts.length, 260);
        }
        assert.ok(writes > 15, `${writes} writes were made to fail`);
      });
    }

    test("what was acknowledged before kill -9 is there afterwards and the tree extends every head seen", async () => {
      const path = await store.newPlace();
      await (await newDatabase(path)).close();
      const seed = toBase64(new Uint8Array(32).fill(9));
      let mark: LedgerOptions["mark"];
      for (let round = 0; round < 8; round++) {
        const child = spawn(process.execPath, ["--input-type=module", "-e", appender(store), path, seed], {
          stdio: ["ignore", "pipe", "inherit"],
        });
        const exited = once(child, "exit");
        let answered = "";
        child.stdout.on("data", (chunk: Buffer) => {
          answered += chunk.toString();
          if (answered.length > 300 * (round + 1)) child.kill("SIGKILL");
        });
        await exited;
        const acknowledged = answered.split("\n").slice(0, -1).map(Number);
        const database = await newDatabase(path);
        const ledger = await open(database, { mark, clock: () => Instant.parse(Date.now()) });
        const envelopes = await verifyWhole(ledger);
        assert.ok(acknowledged.length > 0);
        for (const index of acknowledged)
          assert.deepEqual(envelopes[index], toUtf8(JSON.stringify({ envelope: index })));
        mark = ledger.head();
        await ledger.close();
        await database.close();
      }
    });
  });
}
