import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { fromBase64, toUtf8 } from "../proof/encoding.ts";
import { open, seal } from "../feed/hpke.ts";
import { type Instant, instantOf, toInstant } from "../terms/ids.ts";
import { openSealingKeys } from "./sealing-keys.ts";

const dayMs = 86_400_000;
const bound = { info: toUtf8("info"), aad: toUtf8("aad") };

function place(t: TestContext): {
  readonly folder: string;
  readonly clock: () => Instant;
  readonly wait: (ms: number) => void;
} {
  const folder = mkdtempSync(path.join(tmpdir(), "headgate-sealing-"));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  let now = Date.parse("2026-03-01T12:00:00.000Z");
  return {
    folder,
    clock: () => toInstant(now),
    wait: (ms) => {
      now += ms;
    },
  };
}

test("a day has one key, for its owner only, which a restart finds again; the next day has another", (t) => {
  const { folder, clock, wait } = place(t);
  const keys = openSealingKeys(folder, clock);
  assert.deepEqual(readdirSync(folder), [], "no key before anything is to be sealed");
  const first = keys.current();
  assert.equal(instantOf(first.notAfter) - clock(), 3_600_000);
  assert.equal(keys.current().key, first.key);
  const again = openSealingKeys(folder, clock);
  assert.equal(again.current().key, first.key);
  assert.equal(statSync(path.join(folder, "sealing-2026-03-01.key")).mode & 0o777, 0o600);
  wait(dayMs);
  assert.notEqual(keys.current().key, first.key);
  const raw = fromBase64(first.key);
  const [one, other] = [keys.find(first.key), openSealingKeys(folder, clock).find(first.key)];
  assert.ok(raw !== undefined && one !== undefined && other !== undefined);
  const sealed = seal(toUtf8("text"), raw, bound);
  for (const key of [one, other]) assert.deepEqual(open(sealed, key, bound), toUtf8("text"));
});

test("a key that is over is destroyed once no text needs it, and never while one does or somebody may still seal to it", (t) => {
  const { folder, clock, wait } = place(t);
  const keys = openSealingKeys(folder, clock);
  const { key } = keys.current();
  keys.destroy(new Set());
  wait(dayMs);
  keys.destroy(new Set());
  assert.ok(keys.find(key) !== undefined, "yesterday's may be on its way still");
  wait(dayMs);
  keys.destroy(new Set([key]));
  assert.ok(keys.find(key) !== undefined);
  keys.destroy(new Set());
  assert.equal(keys.find(key), undefined);
  assert.deepEqual(readdirSync(folder), []);
  assert.equal(openSealingKeys(folder, clock).find(key), undefined);
});

test("a file that is no key refuses to start, and names itself", (t) => {
  const { folder, clock } = place(t);
  writeFileSync(path.join(folder, "sealing-2026-03-01.key"), "nonsense\n");
  assert.throws(() => openSealingKeys(folder, clock), { code: "configuration_invalid" });
  assert.equal(readFileSync(path.join(folder, "sealing-2026-03-01.key"), "utf8"), "nonsense\n");
});
