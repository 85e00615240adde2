import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { signCheckpoint } from "../../proof/checkpoint.ts";
import { digestOfHash } from "../../proof/digest.ts";
import { concatBytes, toUtf8 } from "../../proof/encoding.ts";
import { leafHash, rootOf } from "../../proof/merkle.ts";
import { nodePrimitives, signerFromSeed } from "../../proof/node.ts";
import { encodeBundle, entryTiles, formatTilePath, fullTileRoot, hashTiles } from "../../proof/tile.ts";
import { Failure, failureCode } from "../../terms/failure.ts";
import { checkLog } from "./check.ts";

const signer = signerFromSeed("AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=");
const key = { name: "test/log", publicKey: signer.publicKey };

/** All files of a log with `size` entries. */
async function filesOf(size: number): Promise<Map<string, Uint8Array>> {
  const entries = Array.from({ length: size }, (_, index) => toUtf8(`entry ${index}`));
  const files = new Map<string, Uint8Array>();
  for (const tile of entryTiles(size)) {
    files.set(formatTilePath(tile), encodeBundle(entries.slice(tile.index * 256, tile.index * 256 + tile.width)));
  }
  let row = entries.map((entry) => leafHash(entry, nodePrimitives));
  const root = rootOf(row, nodePrimitives);
  let level = 0;
  for (const tile of hashTiles(size)) {
    if (tile.level > level) {
      const below = row;
      row = Array.from({ length: Math.floor(below.length / 256) }, (_, index) =>
        fullTileRoot(below.slice(index * 256, (index + 1) * 256), nodePrimitives),
      );
      level = tile.level;
    }
    files.set(formatTilePath(tile), concatBytes(row.slice(tile.index * 256, tile.index * 256 + tile.width)));
  }
  files.set("checkpoint", await signCheckpoint({ origin: key.name, size, root }, signer, nodePrimitives));
  return files;
}

function logOf(files: ReadonlyMap<string, Uint8Array>): Parameters<typeof checkLog>[0] {
  const read = async (path: string): Promise<Uint8Array> => {
    const bytes = files.get(path);
    if (bytes === undefined) throw new Failure("not_found", path);
    return bytes;
  };
  return { read, key, primitives: nodePrimitives };
}

function isFork(error: unknown): boolean {
  return failureCode(error) === "fork_detected";
}

function isMissing(error: unknown): boolean {
  return failureCode(error) === "not_found";
}

describe("a whole ledger, checked", () => {
  test("ledgers of no entry, of one, and around the edges of tiles pass", async () => {
    for (const size of [0, 1, 255, 256, 257, 600]) {
      const checked = await checkLog(logOf(await filesOf(size)), []);
      assert.equal(checked.size, size);
    }
  });

  test("one byte changed in any file is noticed", async () => {
    const files = await filesOf(300);
    for (const [path, bytes] of files) {
      for (const at of [0, Math.floor(bytes.length / 2), bytes.length - 1]) {
        const changed = new Map(files).set(
          path,
          bytes.map((byte, index) => (index === at ? byte ^ 1 : byte)),
        );
        await assert.rejects(checkLog(logOf(changed), []), `${path} byte ${at}`);
      }
    }
  });

  test("a ledger that continues what was seen passes; a shorter and another one are forks", async () => {
    const short = await checkLog(logOf(await filesOf(200)), []);
    const long = await filesOf(300);
    await checkLog(logOf(long), [short]);
    await assert.rejects(checkLog(logOf(await filesOf(150)), [short]), isFork);
    const other = { size: 200, root: digestOfHash(nodePrimitives.sha256(toUtf8("another"))) };
    await assert.rejects(checkLog(logOf(long), [other]), isFork);
  });

  test("a missing file fails; nothing is skipped", async () => {
    const files = await filesOf(600);
    for (const path of files.keys()) {
      const fewer = new Map(files);
      fewer.delete(path);
      await assert.rejects(checkLog(logOf(fewer), []), isMissing);
    }
  });
});
