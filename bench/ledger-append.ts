// Appends a second into the ledger, in a file with every commit on the disk, at 1, 16 and 256 callers at a time; beside it the
// same bytes into a bare SQLite table with the same settings, which is what no ledger can be faster than. No proportion of
// this is a promise for other disks: the price of a commit is the disk's.
// Usage: node bench/ledger-append.ts [seconds a figure, 3 unless told]. One line of JSON, then a table.
import { mkdtemp, rm } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { openLedger } from "../src/ledger/ledger.ts";
import { digestOf } from "../src/proof/digest.ts";
import { toUtf8 } from "../src/proof/encoding.ts";
import { newSigner, nodePrimitives as primitives } from "../src/proof/node.ts";
import type { Database } from "../src/store/database.ts";
import { migrate } from "../src/store/migrations.ts";
import { schema } from "../src/store/schema.ts";
import { openSqlite } from "../src/store/sqlite.ts";
import { Instant } from "../src/terms/ids.ts";

const seconds = Number(process.argv[2] ?? "3");
const batches = [1, 16, 256];
/** About what a signed act weighs. */
const envelopeBytes = 1200;

/** Writes records `from` up to but without `from + count`, and answers when they are on the disk. */
type Append = (from: number, count: number) => Promise<void>;

interface Figure {
  readonly batch: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

async function measure(append: Append, batch: number, from: number): Promise<Figure & { readonly next: number }> {
  const times: number[] = [];
  const start = performance.now();
  let next = from;
  while (performance.now() - start < seconds * 1000) {
    const begun = performance.now();
    await append(next, batch);
    times.push(performance.now() - begun);
    next += batch;
  }
  const elapsed = (performance.now() - start) / 1000;
  times.sort((a, b) => a - b);
  const at = (share: number): number => Number((times[Math.floor(times.length * share)] ?? 0).toFixed(2));
  return { batch, perSecond: Math.round((next - from) / elapsed), p50Ms: at(0.5), p99Ms: at(0.99), next };
}

async function measureAll(open: (database: Database) => Promise<Append>, folder: string): Promise<readonly Figure[]> {
  const database = await openSqlite(join(folder, "headgate.db"));
  const append = await open(database);
  await append(0, 100);
  const figures: Figure[] = [];
  let from = 100;
  for (const batch of batches) {
    const { next, ...figure } = await measure(append, batch, from);
    figures.push(figure);
    from = next;
  }
  await database.close();
  return figures;
}

const envelopeOf = (n: number): Uint8Array => toUtf8(String(n).padStart(envelopeBytes, " "));

const now = (): Instant => Instant.parse(Date.now());

async function ledgerAppend(database: Database): Promise<Append> {
  await migrate(database, schema);
  const { signer } = newSigner();
  const ledger = await openLedger({ database, primitives, signer, origin: "bench.example/log", clock: now });
  return async (from, count) => {
    const calls = Array.from({ length: count }, async (_, at) => {
      const envelope = envelopeOf(from + at);
      // The digest of what was signed; here of other bytes, as it is in an act.
      const actDigest = digestOf(toUtf8(`act ${from + at}`), primitives);
      return ledger.append([{ verb: "grant", envelope, actDigest }]);
    });
    await Promise.all(calls);
  };
}

async function bareAppend(database: Database): Promise<Append> {
  await database.transaction(async (transaction) =>
    transaction.script("CREATE TABLE bare (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT"),
  );
  return async (from, count) =>
    database.transaction(async (transaction) => {
      for (let n = from; n < from + count; n++) {
        await transaction.query("INSERT INTO bare (id, bytes) VALUES (?, ?)", [n, envelopeOf(n)]);
      }
    });
}

const results: Record<string, readonly Figure[]> = {};
for (const [name, open] of Object.entries({ ledger: ledgerAppend, bare: bareAppend })) {
  const folder = await mkdtemp(join(tmpdir(), "headgate-bench-"));
  try {
    results[name] = await measureAll(open, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const machine = { cpus: cpus().length, node: process.version };
console.log(
  JSON.stringify({
    bench: "ledger-append",
    at: new Date().toISOString(),
    envelopeBytes,
    seconds,
    ...machine,
    ...results,
  }),
);
for (const [name, figures] of Object.entries(results)) {
  console.log(`\n${name}`);
  console.table(figures);
}
