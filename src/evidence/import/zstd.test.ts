// Our own zstd against Node's: every level, texts and noise, long distances; and damage that is refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { constants, crc32, zstdCompressSync } from "node:zlib";
import { failureCode } from "../../terms/failure.ts";
import { crc32Of } from "./crc32.ts";
import { unpackZstd } from "./zstd.ts";

async function unpacked(bytes: Uint8Array, pieceBytes = bytes.length): Promise<Buffer> {
  async function* pieces(): AsyncGenerator<Uint8Array, void> {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
  }
  const parts: Uint8Array[] = [];
  for await (const part of unpackZstd(pieces())) parts.push(part);
  return Buffer.concat(parts);
}

/** The same each time: a small generator with a seed. */
function noise(length: number, letters: number, seed = 7): Buffer {
  let state = seed;
  return Buffer.from(
    Array.from({ length }, () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return (state >>> 16) % letters;
    }),
  );
}

const words = Array.from(
  { length: 4000 },
  (_, at) => `{"id":"q${at}","role":"user","text":"attempt ${at * 7919} of ${at % 13}"}`,
);
const contents: readonly (readonly [string, Buffer])[] = [
  ["nothing", Buffer.alloc(0)],
  ["one byte", Buffer.from("a")],
  ["a run of one byte", Buffer.alloc(400_000, 0x61)],
  ["a short text", Buffer.from("the quick brown fox jumps over the lazy dog; the quick brown fox")],
  ["JSON of many lines", Buffer.from(words.join("\n"))],
  ["noise of 256 letters", noise(300_000, 256)],
  ["noise of 3 letters", noise(300_000, 3)],
  ["noise of 40 letters", noise(70_000, 40)],
  ["the same megabyte twice", Buffer.concat([noise(1_000_000, 200), noise(1_000_000, 200)])],
];

for (const [name, content] of contents) {
  test(`${name} comes out of every level as it went in`, async () => {
    for (const level of [1, 3, 9, 19]) {
      const params = { [constants.ZSTD_c_compressionLevel]: level };
      const packed = zstdCompressSync(content, { params });
      assert.ok((await unpacked(packed)).equals(content), `level ${level}`);
    }
  });
}

test("what comes in small pieces, or with a checksum behind it, is the same", async () => {
  const content = Buffer.from(words.join(" "));
  const packed = zstdCompressSync(content, { params: { [constants.ZSTD_c_checksumFlag]: 1 } });
  assert.ok((await unpacked(packed, 11)).equals(content));
});

test("no cut and no changed byte makes it fail in another way than a refusal, or run on", async () => {
  const content = Buffer.from(words.slice(0, 60).join("\n"));
  const packed = zstdCompressSync(content);
  for (let at = 0; at < packed.length; at += 1) {
    await unpacked(packed.subarray(0, at)).catch((error: unknown) => {
      assert.equal(failureCode(error), "request_invalid");
    });
    const changed = Buffer.from(packed);
    changed[at] = (changed[at] ?? 0) ^ 0x20;
    await unpacked(changed).catch((error: unknown) => {
      assert.equal(failureCode(error), "request_invalid", `byte ${at}`);
    });
  }
});

test("a sum over pieces is the sum of the whole, as Node has it", () => {
  const bytes = noise(10_000, 256);
  assert.equal(crc32Of(bytes.subarray(5000), crc32Of(bytes.subarray(0, 5000), 0)), crc32(bytes));
});
