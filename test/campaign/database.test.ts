// Rows forged and deleted: a model that was released and then held, and a database that somebody edits by hand. Whatever they
// change, in any table, control plane and gateway start again on it as far as they will, and nothing is served; nor is it
// where the control plane goes on while its rows change under it.
import assert from "node:assert/strict";
import { once } from "node:events";
import { copyFileSync, cpSync, mkdirSync } from "node:fs";
import path from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { after, test } from "node:test";
import { openGateway, type OpenGateway } from "../../src/gateway/open.ts";
import { digestOf } from "../../src/proof/digest.ts";
import { toUtf8 } from "../../src/proof/encoding.ts";
import { nodePrimitives as primitives, randomBytes, randomId } from "../../src/proof/node.ts";
import type { Safeguard } from "../../src/safeguards/safeguard.ts";
import { Instant, KeyId } from "../../src/terms/ids.ts";
import { openUpstream } from "../../src/upstream/open-upstream.ts";
import { upstreamBounds } from "../../src/upstream/upstream.ts";
import { type Chance, chanceOf } from "../fuzz/seeded.ts";
import {
  type Desk,
  acme,
  databaseFile,
  digestOfSecret,
  dropFolder,
  hold,
  must,
  newFolder,
  newKeys,
  openDesk,
  released,
} from "../flows/control-desk.ts";
import { until } from "../flows/gateway-world.ts";
import { attemptOf, draftOf, tagOf } from "./attempt.ts";
import { gift, startCountingUpstream } from "./counting-upstream.ts";
import { giftsIn } from "./oracle.ts";
import { sendRaw } from "./raw-http.ts";

const seed = 20_261_124;
const forgeries = 48;
const secret = "hg_good_0123456789abcdef0123456789abcdef";
const olderFile = "older.db";

const keys = newKeys();
const base = newFolder();
const upstream = await startCountingUpstream();
after(async () => {
  await upstream.close();
  dropFolder(base);
});

/** What the certificate names by its digest; here it lets everything pass, so that only the release is in the way. */
const nothing: Safeguard = {
  name: "nothing",
  version: 1,
  digest: digestOf(toUtf8("nothing@1"), primitives),
  maxChars: 1_000,
  thresholds: () => ({ review: {}, block: {} }),
  scores: () => {
    throw new Error("not asked here");
  },
  inspect: () => ({ kind: "inspected", findings: [] }),
};

interface Standing {
  readonly gateway: OpenGateway;
  readonly port: number;
}

async function gatewayOn(desk: Desk, folder: string): Promise<Standing> {
  const environment = {
    secrets: { environment: {}, folder: undefined },
    ownPorts: new Set<number>(),
    cacheFolder: folder,
    modelFile: undefined,
    bounds: upstreamBounds,
    onProgress: () => undefined,
    onEmbeddedEvent: () => undefined,
  };
  const [signer] = desk.keys.gateways;
  assert.ok(signer !== undefined);
  mkdirSync(folder, { recursive: true });
  const gateway = await openGateway({
    feed: desk.control.connect(),
    pin: undefined,
    signer,
    folder,
    registry: { names: ["nothing@1"], get: () => nothing },
    openUpstream: async (document) => {
      const server = document.upstream;
      if (server?.dialect !== "openai-chat") throw new Error("the model of these tests speaks chat");
      const url = `http://127.0.0.1:${upstream.port}/v1`;
      return openUpstream({ ...document, upstream: { ...server, url } }, environment);
    },
    clock: { now: () => Instant.parse(Date.now()), monotonic: () => performance.now() },
    primitives,
    randomBytes,
    contact: "release@example.test",
    hosts: [],
    report: () => undefined,
  });
  gateway.server.listen(0, "127.0.0.1");
  await once(gateway.server, "listening");
  const address = gateway.server.address();
  assert.ok(address !== null && typeof address === "object");
  return { gateway, port: address.port };
}

let tags = 0;

/** Characters that a few requests were served, in three formats. */
async function servedBy({ port }: Standing): Promise<number> {
  const formats = ["chat", "messages", "responses"] as const;
  const asked = formats.map(async (format, at) => {
    tags += 1;
    const attempt = attemptOf(draftOf({ secret, model: "small", format, stream: at === 1, tag: tagOf(tags) }));
    return giftsIn((await sendRaw({ port, packets: attempt.packets, silenceMs: 3_000 })).bytes);
  });
  return (await Promise.all(asked)).reduce((sum, count) => sum + count, 0);
}

const isReady = ({ gateway: { gateway } }: Standing): boolean =>
  gateway.follower.closure() === undefined && gateway.recorder.isReady();

/** Ready, or closed for long enough to say that it stays so. */
async function settled(standing: Standing): Promise<void> {
  await until(() => isReady(standing), 500).catch(() => undefined);
}

test("before the hold the model is served, and after it not", async () => {
  const folder = path.join(base, "control");
  mkdirSync(folder);
  const desk = await openDesk({ folder, keys });
  const { owner, safety } = await released(desk);
  const key = KeyId.parse(randomId("key_", 16));
  const body = { key, organisation: acme, hash: digestOfSecret(secret), notAfter: null };
  await must(desk, { verb: "key", body, by: [owner.signer] });
  const standing = await gatewayOn(desk, path.join(base, "gateway"));
  await until(() => isReady(standing));
  const served = await servedBy(standing);
  assert.ok(served > 0, `of ${gift} there is nothing`);
  const older = new DatabaseSync(path.join(folder, databaseFile));
  older.exec(`VACUUM INTO '${path.join(folder, olderFile)}'`);
  older.close();
  await hold(desk, safety);
  await until(async () => (await servedBy(standing)) === 0);
  await standing.gateway.close();
  await desk.close();
});

type Row = Record<string, SQLInputValue>;

/** Changes rows of any table by hand, and says what it did. */
function forge(file: string, older: string, chance: Chance): string {
  const database = new DatabaseSync(file);
  database.exec("PRAGMA foreign_keys=OFF");
  const names = database
    .prepare("SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite_%'")
    .all();
  const table = String(chance.pick(names)["name"]);
  const rows = database.prepare(`SELECT rowid AS at, * FROM ${table} LIMIT 400`).all();
  try {
    return `${table}: ${change({ database, table, rows, older }, chance)}`;
  } catch (error) {
    return `${table}: the database itself refused (${error instanceof Error ? error.message : "?"})`;
  } finally {
    database.close();
  }
}

interface Place {
  readonly database: DatabaseSync;
  readonly table: string;
  readonly rows: readonly Row[];
  readonly older: string;
}

function change({ database, table, rows, older }: Place, chance: Chance): string {
  const way = chance.below(6);
  if (way === 0) {
    database.exec(
      `ATTACH '${older}' AS older; DELETE FROM main.${table}; INSERT INTO main.${table} SELECT * FROM older.${table}`,
    );
    return "put back as before the hold";
  }
  const row =
    rows.length === 0 ? undefined : rows[Math.max(0, rows.length - 1 - chance.below(Math.min(rows.length, 12)))];
  if (row === undefined) return "has no rows";
  const at = Number(row["at"]);
  const columns = Object.keys(row).filter((name) => name !== "at");
  const column = chance.pick(columns);
  if (way === 1) {
    database.prepare(`DELETE FROM ${table} WHERE rowid = ?`).run(at);
    return `row ${at} deleted`;
  }
  if (way === 2) {
    database.prepare(`DELETE FROM ${table} WHERE rowid >= ?`).run(at);
    return `rows from ${at} on deleted`;
  }
  if (way === 3) {
    const other = chance.pick(rows)[column] ?? null;
    database.prepare(`UPDATE ${table} SET ${column} = ? WHERE rowid = ?`).run(other, at);
    return `${column} of row ${at} taken from another row`;
  }
  const value = edited(row[column] ?? null, chance);
  database.prepare(`UPDATE ${table} SET ${column} = ? WHERE rowid = ?`).run(value, at);
  return `${column} of row ${at} edited`;
}

function edited(value: SQLInputValue, chance: Chance): SQLInputValue {
  if (typeof value === "number" || typeof value === "bigint") return Number(value) + chance.pick([-1, 1, 1_000]);
  if (typeof value === "string") return value.replace(/[0-9a-f](?=[^0-9a-f]*$)/, chance.pick(["0", "1", "e"]));
  if (value === null) return 0;
  const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength).slice();
  const at = chance.below(Math.max(1, bytes.length));
  bytes[at] = (bytes[at] ?? 0) ^ (1 + chance.below(255));
  return bytes;
}

test("on no database that was edited by hand is the held model served", async (t) => {
  const before = upstream.calls.length;
  const did: string[] = [];
  let opened = 0;
  for (let count = 0; count < forgeries; count += 1) {
    const chance = chanceOf(seed + count);
    const folder = path.join(base, `forged-${count}`);
    cpSync(path.join(base, "control"), folder, { recursive: true });
    cpSync(path.join(base, "gateway"), path.join(folder, "gateway"), { recursive: true });
    const [file, older] = [path.join(folder, databaseFile), path.join(folder, olderFile)];
    did.push(forge(file, older, chance));
    if (chance.oneIn(3)) did.push(forge(file, older, chance));
    const desk = await openDesk({ folder, keys }).catch(() => undefined);
    if (desk !== undefined) {
      opened += 1;
      const standing = await gatewayOn(desk, path.join(folder, "gateway")).catch(() => undefined);
      if (standing !== undefined) {
        await settled(standing);
        assert.equal(await servedBy(standing), 0, did.at(-1));
        await standing.gateway.close();
      }
      await desk.close().catch(() => undefined);
    }
    dropFolder(folder);
  }
  t.diagnostic(`${did.length} forgeries, ${opened} of ${forgeries} databases opened, ${new Set(did).size} kinds`);
  assert.equal(upstream.calls.length, before);
});

test("rows changed under a running control plane open nothing in a gateway that starts then", async (t) => {
  const before = upstream.calls.length;
  const folder = path.join(base, "running");
  cpSync(path.join(base, "control"), folder, { recursive: true });
  const desk = await openDesk({ folder, keys });
  const file = path.join(folder, databaseFile);
  const older = path.join(base, olderFile);
  copyFileSync(path.join(folder, olderFile), older);
  for (let count = 0; count < 12; count += 1) {
    const what = forge(file, older, chanceOf(seed + 1_000 + count));
    cpSync(path.join(base, "gateway"), path.join(folder, `gateway-${count}`), { recursive: true });
    const standing = await gatewayOn(desk, path.join(folder, `gateway-${count}`)).catch(() => undefined);
    if (standing === undefined) continue;
    await settled(standing);
    assert.equal(await servedBy(standing), 0, what);
    await standing.gateway.close();
  }
  await desk.close().catch(() => undefined);
  t.diagnostic(`12 forgeries, ${upstream.calls.length - before} model calls`);
  assert.equal(upstream.calls.length, before);
});

test("put back whole, with the gateway's mark gone too, the older database is served: what nobody inside can notice", async () => {
  const folder = path.join(base, "older");
  cpSync(path.join(base, "control"), folder, { recursive: true });
  copyFileSync(path.join(folder, olderFile), path.join(folder, databaseFile));
  const desk = await openDesk({ folder, keys });
  const standing = await gatewayOn(desk, path.join(folder, "gateway"));
  await until(() => isReady(standing));
  assert.ok((await servedBy(standing)) > 0, "these tests would see a character");
  await standing.gateway.close();
  await desk.close();
});
