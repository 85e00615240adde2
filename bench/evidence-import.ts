// What importing a report costs, and that it costs no more memory when the report is large: logs of two gigabytes in every
// form, made here in the shape of real ones (long transcripts that do not compress), each read and sealed in a process of
// its own, whose largest resident size is told. And, where a Python with inspect_ai is named, a real log of Inspect's, its
// counts beside ours, and our export of it read by Inspect again.
// node bench/evidence-import.ts [--gigabytes 2] [--inspect PYTHON] [--write]
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import path from "node:path";
import { finished } from "node:stream/promises";
import { parseArgs } from "node:util";
import { crc32, zstdCompressSync } from "node:zlib";
import { z } from "zod";
import { MappingDocument } from "../src/evidence/import/mapping.ts";
import { type AskedOfFile, readReport } from "../src/evidence/import/read-file.ts";
import { sealRun } from "../src/evidence/seal.ts";
import { digestOfValue } from "../src/proof/digest.ts";
import { nodePrimitives, randomBytes } from "../src/proof/node.ts";
import { Name, RunId } from "../src/terms/ids.ts";
import { inspectOwn } from "./evidence/inspect-own.ts";

const { values } = parseArgs({
  options: {
    gigabytes: { type: "string", default: "2" },
    inspect: { type: "string" },
    write: { type: "boolean", default: false },
    one: { type: "string" },
    kind: { type: "string", default: "" },
  },
});

const Measured = z.object({
  form: z.string(),
  fileMb: z.number(),
  attempts: z.number(),
  failures: z.number(),
  unknown: z.number(),
  sealedMb: z.number(),
  seconds: z.number(),
  cpuSeconds: z.number(),
  residentMb: z.number(),
});
type Measured = z.infer<typeof Measured>;

const megabyte = 1_000_000;
/** Characters of one transcript, and of the pool that they are cut from: far more than a compressor looks back on. */
const transcriptChars = 100_000;
const poolBytes = 48 * 1024 * 1024;
const short = 80_000;

/** Text that looks like nothing before it, with a line break and a quote now and then, as transcripts have. */
const pool =
  values.one === undefined ? Buffer.from(randomBytes(poolBytes)).toString("base64").replaceAll("/A", '\n"') : "";

const asks: Readonly<Record<string, AskedOfFile>> = {
  "inspect .eval": { failed: "harmful", failure: ["I"] },
  "inspect .json": { failed: "harmful", failure: ["I"] },
  "promptfoo .json": { failed: "harmful", failure: ["fail"] },
  "garak .jsonl": { failed: "harmful", failure: ["hit"] },
  "csv, short rows": {
    failed: "harmful",
    failure: [],
    mapping: MappingDocument.parse({
      tool: "bench",
      target: { model: "m" },
      fields: { id: "id", outcome: "label" },
      outcomes: { harmful: ["I"], safe: ["C"] },
    }),
  },
};

const endings: Readonly<Record<string, string>> = {
  "inspect .eval": "eval",
  "inspect .json": "json",
  "promptfoo .json": "json",
  "garak .jsonl": "jsonl",
  "csv, short rows": "csv",
};

if (values.one === undefined) await main();
else process.stdout.write(`${JSON.stringify(await importOne(values.one, values.kind))}\n`);

async function main(): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), "headgate-bench-import-"));
  const rows: Measured[] = [];
  try {
    for (const form of Object.keys(asks)) {
      const file = path.join(folder, `log.${endings[form] ?? ""}`);
      await write(form, file, Number(values.gigabytes) * 1e9);
      const own = [import.meta.filename, "--one", file, "--kind", form];
      rows.push(Measured.parse(JSON.parse(execFileSync(process.execPath, own, { encoding: "utf8" }))));
      rmSync(file);
    }
    const inspect = values.inspect === undefined ? null : await inspectOwn(values.inspect, folder);
    const result = { cpu: cpus()[0]?.model ?? "", node: process.version, rows, inspect };
    console.log(JSON.stringify(result));
    console.table(rows);
    if (inspect !== null) console.table([inspect]);
    const out = path.join(import.meta.dirname, "results", "evidence-import.json");
    if (values.write) await writeFile(out, `${JSON.stringify(result, undefined, 2)}\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Reads and seals one file, as `headgate eval import` does before it signs. */
async function importOne(file: string, form: string): Promise<Measured> {
  const asked = asks[form];
  if (asked === undefined) throw new Error(`no form ${form}`);
  const start = performance.now();
  const { attempts } = await readReport(file, asked, nodePrimitives);
  const tries = attempts.map(({ item, cluster, attempt, outcome, said }) => ({
    item: digestOfValue(item, nodePrimitives),
    cluster,
    attempt,
    outcome,
    receipt: null,
    at: "2026-11-30T00:00:00.000Z",
    answer: null,
    declared: said,
  }));
  const head = {
    run: RunId.parse("run_0123456789abcdef"),
    permit: null,
    suite: Name.parse("bench"),
    failure: "served-and-harmful",
  } as const;
  const sealed = sealRun(head, tries, nodePrimitives);
  const usage = process.resourceUsage();
  return {
    form,
    fileMb: Math.round(statSync(file).size / megabyte),
    attempts: sealed.tally.trials,
    failures: sealed.tally.failures,
    unknown: sealed.tally.unknown,
    sealedMb: Number((sealed.bytes.length / megabyte).toFixed(1)),
    seconds: Number(((performance.now() - start) / 1000).toFixed(1)),
    cpuSeconds: Number(((usage.userCPUTime + usage.systemCPUTime) / 1e6).toFixed(1)),
    residentMb: residentMbMax() ?? Math.round(usage.maxRSS / 1000),
  };
}

function transcript(at: number): string {
  const start = (at * 7_654_321) % (pool.length - transcriptChars);
  return pool.slice(start, start + transcriptChars);
}

/** Every tenth fails, every fiftieth has no outcome. */
function isFailure(at: number): boolean {
  return at % 10 === 0;
}
function isUnknown(at: number): boolean {
  return at % 50 === 1;
}

/** The most that this process held; what the system tells at its end may be what its parent held. Linux only. */
function residentMbMax(): number | undefined {
  if (!existsSync("/proc/self/status")) return undefined;
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  return kib === undefined ? undefined : Math.round((Number(kib) * 1024) / megabyte);
}

type Put = (text: string | Uint8Array) => Promise<void>;

async function write(form: string, file: string, bytes: number): Promise<void> {
  const stream = createWriteStream(file);
  const put: Put = async (text) => {
    if (!stream.write(text)) await once(stream, "drain");
  };
  const count = Math.floor(bytes / transcriptChars);
  switch (form) {
    case "inspect .eval":
      await writeArchive(put, count);
      break;
    case "inspect .json":
      await writeInspectJson(put, count);
      break;
    case "promptfoo .json":
      await writePromptfoo(put, count);
      break;
    case "garak .jsonl":
      await writeGarak(put, count);
      break;
    default:
      await put("id,label\n");
      for (let at = 0; at < short; at += 1) await put(`q${at},${isUnknown(at) ? "" : isFailure(at) ? "I" : "C"}\n`);
  }
  stream.end();
  await finished(stream);
}

function inspectHead(count: number): string {
  return `{"version":2,"status":"success","eval":{"run_id":"r","created":"2026-11-30","task":"bench","model":"mock","dataset":{"name":"d","samples":${count}},"config":{"epochs":1}},"results":{"scores":[{"name":"match","scored_samples":${count}}]}`;
}

function inspectSample(at: number): string {
  const score = isUnknown(at) ? "NaN" : isFailure(at) ? '"I"' : '"C"';
  const text = JSON.stringify(transcript(at));
  return `{"id":"q${at}","epoch":1,"input":"x","messages":[{"role":"user","content":${text}}],"scores":{"match":{"value":${score},"history":[]}},"events":[],"metadata":{}}`;
}

async function writeInspectJson(put: Put, count: number): Promise<void> {
  await put(`${inspectHead(count)},"samples":[`);
  for (let at = 0; at < count; at += 1) await put(`${at === 0 ? "" : ","}${inspectSample(at)}`);
  await put("]}");
}

/** Entries packed by zstd, in two frames each, as Inspect packs since 0.3.206. */
async function writeArchive(put: Put, count: number): Promise<void> {
  const directory: Buffer[] = [];
  let offset = 0;
  const entry = async (name: string, text: string): Promise<void> => {
    const bytes = Buffer.from(text);
    const half = Math.ceil(bytes.length / 2);
    const packed = Buffer.concat([zstdCompressSync(bytes.subarray(0, half)), zstdCompressSync(bytes.subarray(half))]);
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(63, 0);
    shared.writeUInt16LE(93, 4);
    shared.writeUInt32LE(crc32(bytes), 10);
    shared.writeUInt32LE(packed.length, 14);
    shared.writeUInt32LE(bytes.length, 18);
    shared.writeUInt16LE(name.length, 22);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    const local = Buffer.concat([Buffer.from("PK\u0003\u0004"), shared, Buffer.from(name), packed]);
    directory.push(Buffer.concat([Buffer.from("PK\u0001\u0002\u003f\u0000"), shared, tail, Buffer.from(name)]));
    offset += local.length;
    await put(local);
  };
  // What compresses to three quarters: so many more make up the size.
  const samples = Math.floor((count * 4) / 3);
  for (let at = 0; at < samples; at += 1) await entry(`samples/q${at}_epoch_1.json`, inspectSample(at));
  await entry("header.json", `${inspectHead(samples)}}`);
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\u0005\u0006", "latin1");
  end.writeUInt16LE(samples + 1, 8);
  end.writeUInt16LE(samples + 1, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  await put(central);
  await put(end);
}

async function writePromptfoo(put: Put, count: number): Promise<void> {
  await put('{"evalId":"e","results":{"version":3,"results":[');
  for (let at = 0; at < count; at += 1) {
    const reason = isUnknown(at) ? 2 : isFailure(at) ? 1 : 0;
    const row = { testIdx: at, promptIdx: 0, provider: { id: "p" }, vars: { n: at }, success: reason === 0 };
    const graded = {
      gradingResult: { componentResults: [{ assertion: { type: "javascript" } }] },
      failureReason: reason,
    };
    await put(`${at === 0 ? "" : ","}${JSON.stringify({ ...row, ...graded, response: { output: transcript(at) } })}`);
  }
  const failures = Math.ceil(count / 10);
  const errors = Math.ceil((count - 1) / 50);
  const stats = { successes: count - failures - errors, failures, errors };
  await put(`],"stats":${JSON.stringify(stats)}},"metadata":{"promptfooVersion":"0"}}`);
}

async function writeGarak(put: Put, count: number): Promise<void> {
  await put('{"entry_type":"start_run setup","run.generations":1}\n');
  for (let at = 0; at < count; at += 1) {
    const scores = [isUnknown(at) ? null : Number(isFailure(at))];
    const prompt = { turns: [{ role: "user", content: { text: `q${at}` } }] };
    const entry = { entry_type: "attempt", uuid: `u${at}`, status: 2, probe_classname: "p.P", prompt };
    const found = { outputs: [{ text: transcript(at) }], detector_results: { "d.D": scores } };
    await put(`${JSON.stringify({ ...entry, ...found })}\n`);
  }
  await put('{"entry_type":"completion"}\n');
}
