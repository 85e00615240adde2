// What many keys cost a gateway: reading the ledger that names them, the memory of what it came to, the memory of their
// quotas, and the time of one admission (hash of the secret, exposure, reservation at every limit, settlement) over keys
// drawn at random. A process for each size, so that neither warms the other. In-process: sockets and safeguards are not in it.
// node bench/keys.ts [--keys 100000] [--organisations 10000] [--admissions 300000]
import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import {
  ada,
  callerKeyOf,
  configurationOf,
  digestOfLabel,
  idOf,
  openModel,
  organisationOf,
  servers,
  worldOfTwo,
} from "../src/acts/fixtures.ts";
import type { State } from "../src/acts/state.ts";
import { signStatement } from "../src/acts/statement.ts";
import { expose } from "../src/exposure/exposure.ts";
import type { LedgerRecord } from "../src/feed/batch.ts";
import { createReplica } from "../src/feed/replica.ts";
import { type Quotas, askOf, createQuotas } from "../src/gateway/quota.ts";
import { signCheckpoint } from "../src/proof/checkpoint.ts";
import { digestOf } from "../src/proof/digest.ts";
import { fromUtf8, toUtf8 } from "../src/proof/encoding.ts";
import { formatLeaf } from "../src/proof/leaf.ts";
import { appendLeaf, emptyFrontier, frontierRoot, leafHash } from "../src/proof/merkle.ts";
import { nodePrimitives as primitives } from "../src/proof/node.ts";
import { Instant, Name, timestampOf } from "../src/terms/ids.ts";

const { values } = parseArgs({
  options: {
    keys: { type: "string", default: "100000" },
    organisations: { type: "string", default: "10000" },
    admissions: { type: "string", default: "300000" },
    out: { type: "string", default: path.join(import.meta.dirname, "results", "keys.json") },
    alone: { type: "boolean", default: false },
  },
});

const Measured = z.object({
  keys: z.number(),
  organisations: z.number(),
  readSeconds: z.number(),
  /** Of one core, where others work on the machine. */
  readCpuSeconds: z.number(),
  stateMib: z.number(),
  quotasMib: z.number(),
  admissionUs: z.object({ p50: z.number(), p99: z.number(), p999: z.number() }),
  newDayMs: z.number(),
});
type Measured = z.infer<typeof Measured>;

const small = Name.parse("small");
const dayMs = 86_400_000;

/** The figures are the median of so many slices: others work on this machine, too. */
const slicesCount = 20;

function secretOf(number: number): string {
  return `hg_secret_of_caller_number_${number}_________________________`;
}

function nonceOf(label: string): string {
  return digestOfLabel(label).slice("sha256:".length, "sha256:".length + 32);
}

function nameOf(number: number): Name {
  return Name.parse(`organisation-${number}`);
}

interface Written {
  readonly records: readonly LedgerRecord[];
  readonly at: Instant;
}

/** The ledger of a deployment with one open model and so many callers. */
async function write(keys: number, organisations: number): Promise<Written> {
  const world = await worldOfTwo();
  await openModel(world, { model: small, stage: "trusted", configuration: configurationOf("one") });
  const records = world.entries.map(({ act, envelope }) => recordOf(act.predicate.verb, envelope));
  const base = organisationOf(world, { model: small, stage: "trusted" });
  const limits = { requestsPerMinute: 1_000_000, tokensPerDay: 1_000_000_000 };
  const grants = base.grants.map((grant) => ({ ...grant, ...limits }));
  const known = { deployment: world.deployment, at: timestampOf(world.now()), seen: null };
  for (let number = 0; number < organisations; number++) {
    const body = { ...base, grants, organisation: nameOf(number), limits };
    const draft = { ...known, verb: "organisation", body, nonce: nonceOf(`organisation ${number}`) } as const;
    records.push(recordOf("organisation", await signStatement(draft, [ada.signer], primitives)));
  }
  for (let number = 0; number < keys; number++) {
    const hash = digestOf(toUtf8(secretOf(number)), primitives);
    const body = {
      ...callerKeyOf(hash),
      key: idOf.key(`${number}`),
      organisation: nameOf(number % organisations),
      limits,
    };
    const draft = { ...known, verb: "key", body, nonce: nonceOf(`key ${number}`) } as const;
    records.push(recordOf("key", await signStatement(draft, [ada.signer], primitives)));
  }
  return { records, at: Instant.parse(world.now() + 60_000) };
}

function recordOf(verb: string, envelope: Uint8Array): LedgerRecord {
  return { leaf: formatLeaf(digestOf(envelope, primitives), verb), envelope };
}

interface Read {
  readonly state: State;
  readonly seconds: number;
  readonly cpuSeconds: number;
}

/** As a gateway reads it at its start: verified and folded, a thousand entries at a time. */
async function readLedger(records: readonly LedgerRecord[]): Promise<Read> {
  const replica = createReplica({ primitives, pin: undefined, mark: undefined });
  let frontier = emptyFrontier;
  let seconds = 0;
  let cpuSeconds = 0;
  for (let from = 0; from < records.length; from += 1000) {
    const batch = records.slice(from, from + 1000);
    for (const { leaf } of batch) frontier = appendLeaf(frontier, leafHash(leaf, primitives), primitives);
    const tree = { origin: "headgate.test/log", size: frontier.size, root: frontierRoot(frontier, primitives) };
    const checkpoint = fromUtf8(await signCheckpoint(tree, servers.log, primitives)) ?? "";
    const startedAt = performance.now();
    const cpu = process.cpuUsage();
    await replica.receive({ from, records: batch, checkpoint });
    const { user, system } = process.cpuUsage(cpu);
    cpuSeconds += (user + system) / 1_000_000;
    seconds += (performance.now() - startedAt) / 1000;
  }
  if (replica.state.anomalies.length > 0) throw new Error(`the rules refuse: ${replica.state.anomalies[0]?.why}`);
  return { state: replica.state, seconds, cpuSeconds };
}

function admit(state: State, quotas: Quotas, { number, at }: { readonly number: number; readonly at: Instant }): void {
  const hash = digestOf(toUtf8(secretOf(number)), primitives);
  const exposure = expose(state, { hash, model: small, from: "192.0.2.1" }, { at, early: [] });
  if (exposure.kind !== "open") throw new Error(`not open: ${exposure.kind}`);
  const answer = quotas.reserve(askOf(exposure, 10, at));
  if (answer.kind === "exhausted") throw new Error(`exhausted: ${answer.what} of the ${answer.of}`);
  answer.settle(5);
}

function heapMib(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1024 / 1024;
}

async function measure(keys: number, organisations: number): Promise<Measured> {
  const { records, at } = await write(keys, organisations);
  const before = heapMib();
  const { state, seconds, cpuSeconds } = await readLedger(records);
  const folded = heapMib();
  const quotas = createQuotas([], at);
  for (let number = 0; number < keys; number++) admit(state, quotas, { number, at });
  const filled = heapMib();
  let random = 1;
  const slices: Float64Array[] = [];
  for (let slice = 0; slice < slicesCount; slice++) {
    const times = new Float64Array(Number(values.admissions) / slicesCount);
    for (let count = 0; count < times.length; count++) {
      random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
      const asked = { number: random % keys, at };
      const startedAt = performance.now();
      admit(state, quotas, asked);
      times[count] = (performance.now() - startedAt) * 1000;
    }
    slices.push(times.toSorted());
  }
  const share = (part: number): number => {
    const each = slices.map((times) => times[Math.floor(part * (times.length - 1))] ?? 0);
    return Number((each.toSorted((one, other) => one - other)[slicesCount / 2] ?? 0).toFixed(1));
  };
  const startedAt = performance.now();
  admit(state, quotas, { number: 0, at: Instant.parse(at + dayMs) });
  const newDayMs = performance.now() - startedAt;
  // Named again, so that the ledger was there whenever memory was measured.
  if (records.length < keys) throw new Error("the ledger is too short");
  if (quotas.size() > 4) throw new Error("idle accounts were not forgotten");
  return {
    keys,
    organisations,
    readSeconds: Number(seconds.toFixed(2)),
    readCpuSeconds: Number(cpuSeconds.toFixed(2)),
    stateMib: Number((folded - before).toFixed(1)),
    quotasMib: Number((filled - folded).toFixed(1)),
    admissionUs: { p50: share(0.5), p99: share(0.99), p999: share(0.999) },
    newDayMs: Number(newDayMs.toFixed(1)),
  };
}

function inProcess(keys: string, organisations: string): Measured {
  const wanted = ["--keys", keys, "--organisations", organisations, "--admissions", values.admissions];
  const args = ["--expose-gc", import.meta.filename, "--alone", ...wanted];
  return Measured.parse(JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" })));
}

if (values.alone) console.log(JSON.stringify(await measure(Number(values.keys), Number(values.organisations))));
else {
  const results = [inProcess("10", "1"), inProcess(values.keys, values.organisations)];
  const cpu = cpus()[0]?.model ?? "unknown";
  const record = { bench: "keys", at: new Date().toISOString(), node: process.version, cpu, results };
  await writeFile(values.out, `${JSON.stringify(record)}\n`);
  console.log(JSON.stringify(record));
  console.log(
    "| keys | organisations | read s | of one core | state MiB | quotas MiB | admission p50 µs | p99 µs | new day ms |",
  );
  console.log("|---|---|---|---|---|---|---|---|---|");
  for (const one of results) {
    const { p50, p99 } = one.admissionUs;
    const read = [one.readSeconds, one.readCpuSeconds, one.stateMib];
    console.log(`| ${[one.keys, one.organisations, ...read, one.quotasMib, p50, p99, one.newDayMs].join(" | ")} |`);
  }
}
