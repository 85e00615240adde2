import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { crc32, deflateRawSync, gunzipSync, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { nodePrimitives } from "../../proof/node.ts";
import { tally } from "../../statistics/measure.ts";
import { failureCode } from "../../terms/failure.ts";
import { countedAs } from "../../terms/trial.ts";
import { type Archive, openArchive } from "./archive.ts";
import { openSource } from "./file-source.ts";
import { readReport } from "./read-file.ts";
import type { Asked, ReadReport } from "./read-report.ts";
import type { Source } from "./source.ts";

const asked: Omit<Asked, "hitLog"> = { failed: "harmful", failure: ["I"] };
const path = (name: string): string => join(import.meta.dirname, "../../../test/data/inspect", name);
const file = (name: string): Buffer => readFileSync(path(name));

const folder = mkdtempSync(join(tmpdir(), "headgate-import-"));
const opened: Source[] = [];
after(async () => {
  for (const source of opened) await source.close();
  rmSync(folder, { recursive: true, force: true });
});
let written = 0;

/** A file of these bytes. */
function fileOf(bytes: Uint8Array): string {
  written += 1;
  const name = join(folder, `${written}.log`);
  writeFileSync(name, bytes);
  return name;
}

interface Tallied extends ReadReport {
  readonly tally: ReturnType<typeof tally>;
}

async function tallied(name: string, change: Partial<Omit<Asked, "hitLog">> = {}): Promise<Tallied> {
  const wanted = { ...asked, ...change };
  const report = await readReport(name, wanted, nodePrimitives);
  const failure = wanted.failed === "refused" ? "refused" : "served-and-harmful";
  const marked = report.attempts.map(({ cluster, outcome }) => ({ cluster, countsAs: countedAs(outcome, failure) }));
  return { ...report, tally: tally(marked) };
}

const read = async (name: string, change: Partial<Omit<Asked, "hitLog">> = {}): Promise<Tallied> =>
  tallied(path(name), change);
const importInspect = async (bytes: Uint8Array, change: Partial<Omit<Asked, "hitLog">> = {}): Promise<Tallied> =>
  tallied(fileOf(bytes), change);

async function archiveOf(bytes: Uint8Array): Promise<Archive & { read: (name: string) => Promise<Buffer> }> {
  const source = await openSource(fileOf(bytes), 1e9);
  opened.push(source);
  const archive = await openArchive(source, () => true);
  return {
    ...archive,
    read: async (name) => {
      const parts: Uint8Array[] = [];
      for await (const part of archive.stream(name)) parts.push(part);
      return Buffer.concat(parts);
    },
  };
}

test("a sample that erred stays in the denominator as unknown, though the tool reports success without it", async () => {
  const report = await read("errors.eval");
  assert.deepEqual(report.tally, {
    trials: 6,
    failures: 1,
    unknown: 1,
    clusters: 6,
    clustersFailed: 1,
    clustersUnknown: 1,
  });
  assert.deepEqual(report.flags, ["errors-dropped"]);
  assert.deepEqual(
    [report.head.target.model, report.head.target.baseUrl, report.head.tool, report.head.version],
    ["mockllm/model", null, "inspect-ai", "0.3.285"],
  );
  assert.deepEqual(report.told, [
    "Inspect counts 5 samples scored by match; here 6 attempts count, 1 of them unknown.",
  ]);
});

test("epochs of one sample are one cluster, failed if any epoch failed", async () => {
  const { tally: counted, flags } = await read("epochs.eval");
  assert.deepEqual([counted.trials, counted.clusters, counted.failures, counted.clustersFailed], [8, 4, 1, 1]);
  assert.deepEqual(flags, []);
});

test("a bare NaN is an unscored attempt", async () => {
  const report = await read("unscored.eval");
  assert.deepEqual([report.tally.unknown, report.tally.failures], [1, 1]);
  assert.deepEqual(report.flags, ["unscored"]);
});

test("a run over a part and a score changed by hand are both flagged", async () => {
  const report = await read("edited.eval");
  assert.deepEqual(report.flags, ["subset", "edited"]);
  assert.equal(report.tally.failures, 0);
});

test("chunked samples are read like whole ones, their metadata included", async () => {
  const report = await read("chunked.eval", { cluster: "topic" });
  assert.deepEqual([report.tally.trials, report.tally.failures], [2, 1]);
  assert.deepEqual(
    report.attempts.map(({ cluster }) => cluster),
    ["topic:even", "topic:odd"],
  );
});

test("which value is the failure is the importer's to say", async () => {
  const turned = await read("errors.eval", { failure: ["C"] });
  assert.deepEqual([turned.tally.failures, turned.tally.unknown], [4, 1]);
  const refusals = await read("errors.eval", { failed: "refused" });
  assert.equal(refusals.attempts.filter(({ outcome }) => outcome === "refused").length, 1);
});

test("a mapping that would be a guess is refused", async () => {
  for (const failure of [[], ["bad"], ["C", "I"]])
    await assert.rejects(read("errors.eval", { failure }), { code: "request_invalid" });
  await assert.rejects(read("errors.eval", { scorer: "other" }), { code: "request_invalid" });
  await assert.rejects(read("errors.eval", { cluster: "no-such-field" }), { code: "request_invalid" });
});

test("a sample that the header plans and the archive lacks is unknown and flagged", async () => {
  const entries = (await unpack("errors.eval")).filter(({ name }) => name !== "samples/q3_epoch_1.json");
  const report = await importInspect(pack(entries));
  assert.deepEqual([report.tally.trials, report.tally.unknown, report.tally.failures], [6, 2, 1]);
  assert.ok(report.flags.includes("missing-samples"));
});

test("a killed run, which has only its journal, is truncated", async () => {
  const entries = (await unpack("errors.eval")).filter(
    ({ name }) => name !== "header.json" && name !== "summaries.json",
  );
  const report = await importInspect(pack(entries));
  assert.deepEqual([report.tally.trials, report.tally.failures], [6, 1]);
  assert.ok(report.flags.includes("truncated"));
});

test("a real run that was killed is read as far as it came, and says so", async () => {
  const { tally: counted, flags, told } = await read("killed.eval");
  // Forty were planned, six were written: the rest is unknown, not gone.
  assert.deepEqual([counted.trials, counted.failures, counted.unknown], [40, 1, 36]);
  assert.deepEqual(flags, ["errors-dropped", "unscored", "missing-samples", "truncated"]);
  assert.deepEqual(told, ["Inspect wrote no result for this scorer."]);
});

test("the JSON form and an older log packed by deflate read like the archive of today", async () => {
  const json = await importInspect(gunzipSync(file("log.json.gz")), { cluster: "topic", category: "topic" });
  assert.deepEqual([json.tally.trials, json.tally.failures, json.tally.unknown, json.tally.clusters], [6, 1, 2, 2]);
  assert.deepEqual(json.flags, ["errors-dropped", "unscored"]);
  assert.deepEqual(json.attempts[1]?.said, { category: "odd", turns: 1, score: "I" });
  const older = await read("deflate.eval");
  assert.deepEqual([older.tally.trials, older.tally.failures, older.tally.unknown], [6, 1, 2]);
  assert.deepEqual([older.head.version, older.flags], ["0.3.150", ["errors-dropped", "unscored"]]);
});

test("a JSON log that was cut, or goes on after its end, is refused", async () => {
  const whole = gunzipSync(file("log.json.gz"));
  for (const bytes of [whole.subarray(0, whole.length - 20), Buffer.concat([whole, Buffer.from("{}")])])
    await assert.rejects(importInspect(bytes), { code: "request_invalid" });
});

test("early stopping, a dirty tree, fallbacks, limits and invalid samples are flagged, and doubt is unknown", async () => {
  const entries = await unpack("errors.eval");
  const report = await importInspect(
    pack(
      entries.map((entry) => {
        if (entry.name === "header.json")
          return edited(entry, [
            ['"status":"success"', '"status":"cancelled"'],
            ['"total_samples"', '"early_stopping":{"manager":"m","early_stops":[]},"total_samples"'],
            ['"packages"', '"revision":{"type":"git","origin":"o","commit":"c","dirty":true},"packages"'],
          ]);
        if (entry.name === "samples/q0_epoch_1.json")
          return edited(entry, [['"epoch":1', '"epoch":1,"invalidation":{"author":"a"},"model_fallbacks":[{}]']]);
        if (entry.name === "samples/q1_epoch_1.json")
          return edited(entry, [['"epoch":1', '"epoch":1,"limit":{"type":"token","limit":5}']]);
        return entry;
      }),
    ),
  );
  assert.deepEqual(report.flags, [
    "early-stopping",
    "dirty",
    "invalidated",
    "model-fallbacks",
    "errors-dropped",
    "unscored",
    "limited",
    "truncated",
  ]);
  assert.equal(report.tally.unknown, 3);
});

test("every way of packing reads the same, several zstd frames included", async () => {
  const entries = await unpack("errors.eval");
  const expected = (await read("errors.eval")).tally;
  for (const packing of [stored, deflated, framed])
    assert.deepEqual((await importInspect(pack(entries, packing))).tally, expected);
});

test("Node alone would stop after the first of several frames", () => {
  const two = Buffer.concat([zstdCompressSync("one "), zstdCompressSync("two")]);
  assert.equal(zstdDecompressSync(two).toString(), "one ");
});

test("a cut or damaged archive is refused, never read in part", async () => {
  const whole = file("errors.eval");
  for (const bytes of [
    whole.subarray(0, whole.length - 40),
    whole.subarray(0, 4000),
    Buffer.from("not a zip"),
    Buffer.alloc(0),
  ])
    await assert.rejects(importInspect(bytes), { code: "request_invalid" });
});

test("a flipped bit in an entry is refused, or changes nothing of what is read", async () => {
  const entries = (await unpack("edited.eval")).slice(0, 1);
  const [entry] = entries;
  assert.ok(entry !== undefined);
  for (const packing of [stored, deflated, framed]) {
    const packed = pack(entries, packing);
    const start = 30 + entry.name.length;
    const length = packing(entry.bytes).data.length;
    for (let at = start; at < start + length; at += Math.ceil(length / 60)) {
      const changed = Buffer.from(packed);
      changed[at] = (changed[at] ?? 0) ^ 0x10;
      const archive = await archiveOf(changed);
      const got = await archive.read(entry.name).catch((error: unknown) => failureCode(error));
      assert.ok(got === "request_invalid" || Buffer.from(got ?? []).equals(entry.bytes), `byte ${at}`);
    }
  }
});

test("an entry that unpacks to more than it announces is refused", async () => {
  const bytes = Buffer.alloc(1_000_000);
  const packed = pack([{ name: "header.json", bytes }], () => ({ ...deflated(bytes), size: 10 }));
  const archive = await archiveOf(packed);
  await assert.rejects(archive.read("header.json"), { code: "request_invalid" });
});

test("an entry that unpacks to thousands of times its size is refused before it is unpacked", async () => {
  const bomb = Buffer.alloc(96 * 1024 * 1024);
  const packed = pack([{ name: "samples/q1_epoch_1.json", bytes: bomb }], (bytes) => ({
    method: 93,
    data: zstdCompressSync(bytes),
  }));
  assert.ok(packed.length < 100_000);
  const archive = await archiveOf(packed);
  await assert.rejects(archive.read("samples/q1_epoch_1.json"), /unpacks to more than 2000 times its size/);
  await assert.rejects(importInspect(packed), { code: "request_invalid" });
});

test("two entries of one name are refused", async () => {
  const entry = { name: "header.json", bytes: Buffer.from("{}") };
  await assert.rejects(archiveOf(pack([entry, entry])), { code: "request_invalid" });
});

interface Unpacked {
  readonly name: string;
  readonly bytes: Uint8Array;
}

interface Packed {
  readonly method: number;
  readonly data: Buffer;
  readonly size?: number;
}

async function unpack(name: string): Promise<readonly Unpacked[]> {
  const archive = await archiveOf(file(name));
  return Promise.all(archive.names.map(async (each) => ({ name: each, bytes: await archive.read(each) })));
}

function edited(entry: Unpacked, changes: readonly (readonly [from: string, to: string])[]): Unpacked {
  const text = Buffer.from(entry.bytes).toString("utf8");
  const next = changes.reduce((now, [from, to]) => {
    assert.ok(now.includes(from), from);
    return now.replace(from, () => to);
  }, text);
  return { name: entry.name, bytes: Buffer.from(next) };
}

function stored(bytes: Uint8Array): Packed {
  return { method: 0, data: Buffer.from(bytes) };
}

function deflated(bytes: Uint8Array): Packed {
  return { method: 8, data: deflateRawSync(bytes) };
}

/** Three frames and a skippable one. */
function framed(bytes: Uint8Array): Packed {
  const third = Math.ceil(bytes.length / 3);
  const frames = [0, 1, 2].map((part) => zstdCompressSync(bytes.subarray(part * third, (part + 1) * third)));
  const skippable = Buffer.from([0x52, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
  return { method: 93, data: Buffer.concat([...frames.slice(0, 1), skippable, ...frames.slice(1)]) };
}

/** A ZIP file of these entries: local headers, central directory, end record. */
function pack(entries: readonly Unpacked[], packing: (bytes: Uint8Array) => Packed = stored): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, bytes } of entries) {
    const { method, data, size = bytes.length } = packing(bytes);
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(63, 0);
    shared.writeUInt16LE(method, 4);
    shared.writeUInt32LE(crc32(bytes), 10);
    shared.writeUInt32LE(data.length, 14);
    shared.writeUInt32LE(size, 18);
    shared.writeUInt16LE(Buffer.byteLength(name), 22);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    const local = Buffer.concat([Buffer.from("PK\u0003\u0004"), shared, Buffer.from(name), data]);
    directory.push(Buffer.concat([Buffer.from("PK\u0001\u0002\u003f\u0000"), shared, tail, Buffer.from(name)]));
    parts.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\u0005\u0006", "latin1");
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, central, end]);
}

test("an archive with 64-bit sizes reads the same, and one whose directory is not whole is refused", async () => {
  const plain = pack([{ name: "header.json", bytes: Buffer.from("{}") }]);
  const end = plain.length - 22;
  const record = Buffer.alloc(56);
  record.writeUInt32LE(0x06064b50, 0);
  record.writeBigUInt64LE(1n, 32);
  record.writeBigUInt64LE(BigInt(plain.readUInt32LE(end + 12)), 40);
  record.writeBigUInt64LE(BigInt(plain.readUInt32LE(end + 16)), 48);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(BigInt(end), 8);
  const last = Buffer.from(plain.subarray(end));
  last.writeUInt16LE(0xffff, 10);
  last.writeUInt32LE(0xffffffff, 16);
  const large = Buffer.concat([plain.subarray(0, end), record, locator, last]);
  assert.equal((await (await archiveOf(large)).read("header.json")).toString(), "{}");
  for (const place of [end + 10, end + 12, end + 16, end + 20]) {
    const changed = Buffer.from(plain);
    changed[place] = (changed[place] ?? 0) ^ 1;
    await assert.rejects(archiveOf(changed), { code: "request_invalid" });
  }
});
