import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import * as native from "./encoding.ts";

const runs = { seed: 20260101, numRuns: 300 };

/** The same module as a browser has it: without Node's Buffer. */
async function inBrowser(): Promise<typeof native> {
  const { Buffer: kept } = globalThis;
  Reflect.deleteProperty(globalThis, "Buffer");
  try {
    const address: string = "./encoding.ts?browser";
    const loaded: unknown = await import(address);
    assert.ok(isEncoding(loaded) && loaded !== native);
    return loaded;
  } finally {
    globalThis.Buffer = kept;
  }
}

function isEncoding(value: unknown): value is typeof native {
  return typeof value === "object" && value !== null && Object.keys(native).every((name) => name in value);
}

for (const [where, encoding] of [
  ["in Node", native],
  ["in a browser", await inBrowser()],
] as const) {
  const { fromBase64, fromBase64Url, fromHex, toBase64, toBase64Url, textToBase64Url, toHex } = encoding;

  test(`base64 and hex agree with Node's and come back as the same bytes, ${where}`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        assert.equal(toBase64(bytes), Buffer.from(bytes).toString("base64"));
        assert.equal(toBase64Url(bytes), Buffer.from(bytes).toString("base64url"));
        assert.deepEqual(fromBase64(toBase64(bytes)), bytes);
        assert.deepEqual(fromBase64Url(toBase64Url(bytes)), bytes);
        assert.equal(toHex(bytes), Buffer.from(bytes).toString("hex"));
        assert.deepEqual(fromHex(toHex(bytes)), bytes);
      }),
      runs,
    );
    assert.equal(textToBase64Url("é\u{1f600}?"), Buffer.from("é\u{1f600}?").toString("base64url"));
  });

  test(`whatever text base64 decodes re-encodes to that very text, ${where}`, () => {
    const text = fc.string({ unit: fc.constantFrom(..."AQgw/+=-_ \n9z\u0100".split("")), maxLength: 12 });
    fc.assert(
      fc.property(text, (candidate) => {
        const bytes = fromBase64(candidate);
        if (bytes !== undefined) assert.equal(toBase64(bytes), candidate);
        const ofUrl = fromBase64Url(candidate);
        if (ofUrl !== undefined) assert.equal(toBase64Url(ofUrl), candidate);
      }),
      { ...runs, numRuns: 5000 },
    );
  });

  test(`no second spelling of base64 or hex decodes, ${where}`, () => {
    for (const text of [
      "AAA",
      "AA=A",
      "=AAA",
      "A===",
      "AB==",
      "AAB=",
      "AA==AA==",
      "-_AA",
      "AA A",
      "AAAA\n",
      "AA\u0141A",
    ]) {
      assert.equal(fromBase64(text), undefined, JSON.stringify(text));
    }
    for (const text of ["A", "AB", "AAB", "AA==", "+/AA", "AA A", "AAAA\n", "AA\u0141A", "AAAAA"]) {
      assert.equal(fromBase64Url(text), undefined, JSON.stringify(text));
    }
    for (const text of ["0", "0G", "AB", " 0", "0x"]) assert.equal(fromHex(text), undefined, text);
  });
}

const { fromUtf8, toUtf8 } = native;

test("bad UTF-8 does not decode, and a byte order mark stays in the text", () => {
  for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82], [0xf4, 0x90, 0x80, 0x80]]) {
    assert.equal(fromUtf8(new Uint8Array(bytes)), undefined);
  }
  assert.equal(fromUtf8(new Uint8Array([0xef, 0xbb, 0xbf, 0x61])), "\ufeffa");
  assert.equal(fromUtf8(toUtf8("é\u{1f600}")), "é\u{1f600}");
});
