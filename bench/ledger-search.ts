// What looking through a ledger of 100,000 entries costs: the index that the control plane keeps from its fold, filled as a start fills
// it, and searches as people make them, a page of fifty rows each. Reading and checking entries is not in it: a start does that for the
// fold anyhow. Half of the entries are intervals of receipts, the others permits, holds and reviews.
// Usage: node --expose-gc bench/ledger-search.ts [--write]. One line of JSON, then a table.
import { writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { digestOfLabel, idOf, servers, signerOf } from "../src/acts/fixtures.ts";
import { emptyState } from "../src/acts/state.ts";
import type { Act } from "../src/acts/statement.ts";
import { type Sought, createLedgerIndex, everything } from "../src/control/ledger-index.ts";
import { nodePrimitives } from "../src/proof/node.ts";
import { DeploymentId, Instant, Name, timestampOf } from "../src/terms/ids.ts";

const entries = 100_000;
const times = 201;
const begun = Date.parse("2026-11-01T00:00:00.000Z");
const models = ["small", "large", "wide", "fast"].map((name) => Name.parse(name));
const signers = Array.from({ length: 40 }, (_, at) => signerOf(`person ${at}`).publicKey);
const state = emptyState();

function actAt(index: number): Act {
  const named = (what: string): Act["digest"] => digestOfLabel(`${what} ${index}`);
  const isInterval = index % 2 === 0;
  const signer = isInterval
    ? servers.gateway.publicKey
    : (signers[index % signers.length] ?? servers.control.publicKey);
  const frame = {
    deployment: DeploymentId.parse("dep_0123456789abcdef"),
    nonce: "0".repeat(32),
    at: timestampOf(Instant.parse(begun + index * 25_000)),
    seen: null,
  };
  const outer = { digest: named("act"), body: named("body"), envelope: named("envelope"), signers: [signer] };
  if (isInterval) {
    const body = {
      gateway: signer,
      interval: index + 1,
      first: index + 1,
      count: 40,
      root: named("root"),
      previous: null,
    };
    return { ...outer, predicate: { ...frame, verb: "receipts", body: { ...body, permits: [] } } };
  }
  const model = models[index % models.length] ?? Name.parse("small");
  const hold = { hold: idOf.hold(String(index)), scope: { kind: "model", model }, reason: named("reason") } as const;
  return { ...outer, predicate: { ...frame, verb: "hold", body: hold } };
}

function heapBytes(): number {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function middle(values: readonly number[], part = 0.5): number {
  return values.toSorted((one, other) => one - other)[Math.floor((values.length - 1) * part)] ?? 0;
}

const before = heapBytes();
const index = createLedgerIndex({ hasher: nodePrimitives, seeds: [0x12345678, 0x9abcdef0] });
let fillMs = 0;
for (let at = 0; at < entries; at += 1) {
  const act = actAt(at);
  const from = performance.now();
  index.add(at, act, state);
  fillMs += performance.now() - from;
}
const bytes = heapBytes() - before;

function searched(name: string, sought: (turn: number) => Partial<Sought>): object {
  const taken: number[] = [];
  for (let turn = 0; turn < times; turn += 1) {
    const begin = performance.now();
    index.page({ ...everything, limit: 50, ...sought(turn) });
    taken.push(performance.now() - begin);
  }
  return { name, p50Ms: Number(middle(taken).toFixed(3)), p99Ms: Number(middle(taken, 0.99).toFixed(3)) };
}

const searches = [
  searched("the newest page", () => ({})),
  searched("the oldest page", () => ({ before: 200 })),
  searched("one verb that is rare, none found", () => ({ verbs: ["root"] })),
  searched("a day in the middle", (turn) => ({
    since: begun + 12 * 86_400_000 + turn,
    until: begun + 13 * 86_400_000,
  })),
  searched("an id", (turn) => ({ among: index.naming(idOf.hold(String(2 * turn + 1))) })),
  searched("a model that 25,000 entries name", () => ({ among: index.naming("large") })),
  searched("nothing", (turn) => ({ among: index.naming(`nobody-${turn}`) })),
];

const result = {
  at: new Date().toISOString(),
  cores: cpus().length,
  load: Number((loadavg()[0] ?? 0).toFixed(1)),
  entries,
  fillMs: Math.round(fillMs),
  megabytes: Number((bytes / 1e6).toFixed(1)),
  searches,
};
console.log(JSON.stringify(result));
console.table(searches);
if (process.argv.includes("--write"))
  writeFileSync(join(import.meta.dirname, "results", "ledger-search.json"), `${JSON.stringify(result, null, 2)}\n`);
