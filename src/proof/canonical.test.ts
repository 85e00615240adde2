import assert from "node:assert/strict";
import { test } from "node:test";
import canonicalize from "canonicalize";
import * as fc from "fast-check";
import { failureCode } from "../terms/failure.ts";
import { canonicalBytes, canonicalText, isCanonical, parseJson } from "./canonical.ts";
import { toUtf8 } from "./encoding.ts";

const limits = { bytesMax: 1 << 20, depthMax: 8 };
const parse = (text: string): unknown => parseJson(toUtf8(text), limits);

function refuses(text: string | Uint8Array): void {
  const bytes = typeof text === "string" ? toUtf8(text) : text;
  assert.throws(
    () => parseJson(bytes, limits),
    (error) => failureCode(error) === "request_invalid",
    JSON.stringify(text),
  );
}

// RFC 8785 section 3.2.2 and 3.2.3.
test("canonical text is that of the RFC 8785 examples", () => {
  const sample = String.raw`{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}`;
  assert.equal(
    canonicalText(JSON.parse(sample)),
    String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
  );
  const keys = '{"\\u20ac":1,"\\r":2,"\\ufb33":3,"1":4,"\\ud83d\\ude00":5,"\\u0080":6,"\\u00f6":7}';
  assert.equal(canonicalText(JSON.parse(keys)), '{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"\u{1f600}":5,"\ufb33":3}');
});

test("canonical text refuses what JSON cannot say", () => {
  for (const value of [Number.NaN, Infinity, undefined, "\ud800", { a: "\udfff" }]) {
    assert.throws(
      () => canonicalText(value),
      (error) => failureCode(error) === "statement_invalid",
    );
  }
});

test("a key named twice is refused, however it is spelt and wherever it is", () => {
  refuses('{"a":1,"a":2}');
  refuses(String.raw`{"a":1,"\u0061":2}`);
  refuses('[{"b":{"a":1,"x":[],"a":{"c":2}}}]');
  refuses(String.raw`{"a\\":1,"a\\":2}`);
  assert.deepEqual(parse('{"a":{"a":1},"b":[{"a":2},{"a":3}]}'), { a: { a: 1 }, b: [{ a: 2 }, { a: 3 }] });
});

test("colons and quotes inside strings do not pass for members", () => {
  const text = String.raw`{"a:\":":"x\\\":{\"y\":1}","b\\":":::","c":"\\"}`;
  assert.deepEqual(parse(text), JSON.parse(text));
});

test("bad UTF-8, a byte order mark and half a surrogate pair are refused", () => {
  refuses(new Uint8Array([0x22, 0xff, 0x22]));
  refuses(new Uint8Array([0xef, 0xbb, 0xbf, 0x31]));
  refuses(String.raw`"\ud800"`);
  refuses(String.raw`{"\udc00":1}`);
  assert.equal(parse(String.raw`"\ud83d\ude00"`), "\u{1f600}");
});

test("__proto__ is refused as a key and allowed as a text", () => {
  refuses('{"__proto__":{}}');
  refuses(String.raw`{"a":[{"__pr\u006fto__":1}]}`);
  assert.equal(parse('"__proto__"'), "__proto__");
});

test("numbers that a double cannot hold exactly are refused", () => {
  for (const text of ["1e400", "-1e999", "9007199254740993", "9007199254740992", "[12345678901234567890]"])
    refuses(text);
  for (const text of ["9007199254740991", "-9007199254740991", "0.1", "1e-7", "0", "-0.5"]) {
    assert.equal(parse(text), Number(text));
  }
});

test("nesting is refused past its bound and only past it", () => {
  assert.deepEqual(parse("[".repeat(8) + "]".repeat(8)), JSON.parse("[".repeat(8) + "]".repeat(8)));
  refuses("[".repeat(9) + "]".repeat(9));
  refuses('{"a":'.repeat(9) + "1" + "}".repeat(9));
  refuses("[".repeat(500_000) + "]".repeat(500_000));
  refuses("[".repeat(1_000_000));
});

test("too many bytes, nothing, and what is nearly JSON are refused", () => {
  refuses("1".repeat((1 << 20) + 1));
  for (const text of [
    "",
    " ",
    "{",
    "{'a':1}",
    '{"a":1,}',
    "[1,]",
    "NaN",
    "01",
    "+1",
    "1 2",
    '"a\n"',
    "//\n1",
    "\u00a01",
  ]) {
    refuses(text);
  }
});

test("the caller chooses the code", () => {
  assert.throws(
    () => parseJson(toUtf8("{"), { ...limits, code: "document_invalid" }),
    (error) => failureCode(error) === "document_invalid",
  );
});

test("any JSON value comes back equal from its canonical bytes, and only those bytes are canonical", () => {
  const value = fc.jsonValue({ maxDepth: 5, stringUnit: "grapheme" });
  fc.assert(
    fc.property(value, (candidate) => {
      if (/__proto__/.test(JSON.stringify(candidate)) || /\d{16}|e\+/.test(JSON.stringify(candidate))) return;
      const bytes = canonicalBytes(candidate);
      const back = parseJson(bytes, { bytesMax: 1 << 20, depthMax: 64 });
      assert.equal(canonicalText(back), canonicalText(candidate));
      assert.ok(isCanonical(bytes, back));
      assert.ok(!isCanonical(toUtf8(` ${canonicalText(candidate)}`), back));
    }),
    { seed: 20260102, numRuns: 500 },
  );
});

function membered(count: number): Uint8Array {
  return toUtf8(`{${Array.from({ length: count }, (_, at) => `"k${at}":":,"`).join(",")}}`);
}

test("plain data is written as the library writes it, and everything else by the library", () => {
  const odd = fc.constantFrom<unknown>(
    undefined,
    -0,
    1e21,
    5e-324,
    "\u2028\u{1f600}",
    new Date(0),
    [undefined],
    () => 1,
  );
  const values = fc.oneof(fc.jsonValue(), fc.array(odd), fc.dictionary(fc.string({ unit: "binary" }), odd));
  fc.assert(
    fc.property(values, (value) => {
      assert.equal(canonicalText(value), canonicalize(value));
    }),
    { seed: 20260104, numRuns: 2_000 },
  );
});

test("a document of more parts than allowed is refused before it is parsed", () => {
  const few = { bytesMax: 1_000_000, depthMax: 4, partsMax: 10 };
  assert.doesNotThrow(() => parseJson(membered(10), few));
  assert.throws(() => parseJson(membered(11), few), /more than 10 parts/);
  assert.throws(() => parseJson(toUtf8(`[${"1,".repeat(11)}1]`), few), /more than 10 parts/);
  assert.throws(
    () => parseJson(toUtf8(`[${"[],".repeat(9)}${"[".repeat(2)}${"]".repeat(2)}]`), few),
    /more than 10 parts/,
  );
  assert.throws(() => parseJson(toUtf8("[".repeat(3) + ",".repeat(11)), few), /more than 10 parts/);
});

test("members that stand in order already are written as the library writes them, and so are holes", () => {
  const inOrder = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(inOrder);
    if (typeof value !== "object" || value === null) return value;
    const members = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
    return Object.fromEntries(members.map(([key, member]) => [key, inOrder(member)]));
  };
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: "binary" }), (value) => {
      const ordered = inOrder(value);
      assert.equal(canonicalText(ordered), canonicalize(ordered));
    }),
    { seed: 4, numRuns: 1_000 },
  );
  const withHole = Array.from<unknown>({ length: 2 });
  withHole.length = 3;
  assert.equal(canonicalText(withHole), canonicalize(withHole));
  assert.equal(canonicalText({ "9": 1, "10": 2 }), '{"10":2,"9":1}');
  assert.equal(canonicalText({ a: -0, b: 1e21 }), '{"a":0,"b":1e+21}');
});
