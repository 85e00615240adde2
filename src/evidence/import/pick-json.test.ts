import assert from "node:assert/strict";
import { test } from "node:test";
import { array, assert as holds, asyncProperty, boolean, integer, jsonValue, record } from "fast-check";
import { z } from "zod";
import { parseLooseJson } from "./loose-json.ts";
import { type Picked, type Shape, pickJson } from "./pick-json.ts";

const seed = 20261130;

const Log = z.object({
  head: z.object({ name: z.unknown() }),
  samples: z.array(z.object({ id: z.unknown() })),
  after: z.unknown(),
});

async function pick(chunks: readonly Uint8Array[], shape: Shape): Promise<readonly Picked[]> {
  return all(pickJson(chunks, shape, "This file"));
}

async function all(picking: AsyncIterable<Picked>): Promise<readonly Picked[]> {
  const picked: Picked[] = [];
  for await (const one of picking) picked.push(one);
  return picked;
}

function cut(text: string, size: number): readonly Uint8Array[] {
  const bytes = Buffer.from(text);
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.subarray(at * size, (at + 1) * size));
}

test("what is picked is what reading the whole finds there, however the bytes are cut and whatever lies between", async () => {
  const value = jsonValue({ maxDepth: 4 });
  const log = record({
    before: value,
    head: record({ name: value, other: value }),
    samples: array(record({ skipped: value, id: value, messages: value }), { maxLength: 5 }),
    after: value,
  });
  const shape: Shape = {
    members: {
      head: { members: { name: "whole" } },
      samples: { elements: { members: { id: "whole" } } },
      after: "whole",
    },
  };
  await holds(
    asyncProperty(log, integer({ min: 1, max: 40 }), boolean(), async (given, size, isSpaced) => {
      const text = JSON.stringify(given, undefined, isSpaced ? 2 : 0);
      const same = Log.parse(parseLooseJson(text, { charsMax: text.length, depthMax: 20 }));
      const picked = await pick(cut(text, size), shape);
      assert.deepEqual(
        picked.map((one) => one.value),
        [...same.samples.map(({ id }) => ({ id })), { head: { name: same.head.name }, samples: [], after: same.after }],
      );
    }),
    { seed, numRuns: 300 },
  );
});

test("a cut anywhere is refused, and so is whatever stands behind the end", async () => {
  const text = '{"a":{"deep":[1,"}",{"x":"\\\\\\""}]},"b":[{"id":1},{"id":2}],"c":-1.5e3}';
  const shape: Shape = { members: { b: { elements: "whole" }, c: "whole" } };
  assert.equal((await pick(cut(text, 7), shape)).length, 3);
  for (let length = 0; length < text.length; length += 1)
    await assert.rejects(pick([Buffer.from(text.slice(0, length))], shape), { code: "request_invalid" }, `${length}`);
  for (const behind of ["}", "{}", " 1", ","])
    await assert.rejects(pick([Buffer.from(text + behind)], shape), { code: "request_invalid" });
});

test("a wanted key that stands there twice is refused; a value of another form than asked for is left out", async () => {
  const shape: Shape = { members: { id: "whole", error: { members: {} } } };
  await assert.rejects(pick([Buffer.from('{"id":1,"id":2}')], shape), { code: "request_invalid" });
  const found = await pick([Buffer.from('{"id":NaN,"error":null}'), Buffer.from("\n")], shape);
  assert.deepEqual(found, [{ kind: "root", value: { id: Number.NaN, error: null } }]);
  assert.deepEqual(await pick([Buffer.from('{"error":[1,2],"id":3}')], shape), [{ kind: "root", value: { id: 3 } }]);
  assert.deepEqual(await pick([Buffer.from('{"error":{"message":"x"}}')], shape), [
    { kind: "root", value: { error: {} } },
  ]);
});

test("a value that is kept has a bound, one that is passed over has none", async () => {
  assert.deepEqual(await all(pickJson(long(), { members: { kept: "whole" } }, "This file")), [
    { kind: "root", value: { kept: 1 } },
  ]);
  await assert.rejects(all(pickJson(long(), { members: { passed: "whole" } }, "This file")), {
    code: "request_invalid",
  });
});

function* long(): Generator<Uint8Array> {
  yield Buffer.from('{"passed":"');
  for (let piece = 0; piece < 300; piece += 1) yield Buffer.alloc(65_536, "x");
  yield Buffer.from('","kept":1}');
}
