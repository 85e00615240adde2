// The second look: the kernel's products, the thread, and that whatever goes wrong is a cause and never an answer.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import * as fc from "fast-check";
import { createKernel } from "./dot-kernel.ts";
import { encoderOf, encoderTokensMax } from "./encoder.ts";
import { secondLookAt, waitingMax, windowsMax } from "./second-look.ts";
import { readWeights } from "../weights.ts";

const file = fileURLToPath(new URL("../artefacts/misuse-4.encoder.bin", import.meta.url));
const bytes = readFileSync(file);
const sha256 = createHash("sha256").update(bytes).digest("hex");
const encode = encoderOf(readWeights(bytes));
const some = Uint16Array.of(2129, 2079, 1045, 5454, 1996, 4248);

function listOf(numbers: fc.Arbitrary<number>): fc.Arbitrary<number[]> {
  return fc.array(numbers, { minLength: 1, maxLength: 61 });
}

test("the kernel multiplies as plain arithmetic does, up to the largest numbers there are", () => {
  const numbers = fc.oneof(fc.integer({ min: -8191, max: 8191 }), fc.constantFrom(-8191, 8191));
  const weights = fc.oneof(fc.integer({ min: -127, max: 127 }), fc.constantFrom(-127, 127));
  const sizes = fc.record({
    rows: fc.constantFrom(2, 4),
    columns: fc.constantFrom(4, 12),
    depth: fc.constantFrom(8, 24, 1536),
  });
  const kernel = createKernel(200_000);
  fc.assert(
    fc.property(sizes, listOf(numbers), listOf(weights), (size, left, right) => {
      const { rows, columns, depth } = size;
      const one = new Int16Array(kernel.memory.buffer, 0, rows * depth).map((_, at) => left[at % left.length] ?? 0);
      const other = new Int16Array(kernel.memory.buffer, 20_000, columns * depth).map(
        (_, at) => right[at % right.length] ?? 0,
      );
      new Int16Array(kernel.memory.buffer, 0, one.length).set(one);
      new Int16Array(kernel.memory.buffer, 20_000, other.length).set(other);
      new Float32Array(kernel.memory.buffer, 60_000, rows).fill(1);
      new Float32Array(kernel.memory.buffer, 60_100, columns).fill(2);
      new Float32Array(kernel.memory.buffer, 60_200, columns).fill(0.5);
      kernel.multiply(
        { left: 0, right: 20_000, result: 61_000, factors: 60_000, scales: 60_100, biases: 60_200 },
        size,
      );
      const result = new Float32Array(kernel.memory.buffer, 61_000, rows * columns);
      for (let row = 0; row < rows; row += 1)
        for (let column = 0; column < columns; column += 1) {
          let sum = 0;
          for (let at = 0; at < depth; at += 1) sum += (one[row * depth + at] ?? 0) * (other[column * depth + at] ?? 0);
          assert.equal(result[row * columns + column], Math.fround(Math.fround(Math.fround(sum) * 2) + 0.5));
        }
    }),
    { seed: 5, numRuns: 40 },
  );
});

test("sizes that the kernel was not made for are refused", () => {
  const kernel = createKernel(1000);
  const places = { left: 0, right: 0, result: 0, factors: 0, scales: 0, biases: 0 };
  for (const size of [
    { rows: 1, columns: 4, depth: 8 },
    { rows: 2, columns: 3, depth: 8 },
    { rows: 2, columns: 4, depth: 9 },
  ])
    assert.throws(() => kernel.multiply(places, size), RangeError);
});

test("the thread says what the encoder says, in the order of the windows", async () => {
  const look = secondLookAt({ file, sha256 });
  const windows = [some, Uint16Array.of(), some.slice(0, 3)];
  const answer = await look.ask(windows, "acme");
  assert.ok(answer.kind === "asked");
  assert.deepEqual(answer.logits, windows.map(encode));
  assert.deepEqual(await look.ask(windows, "acme"), answer);
  assert.deepEqual(await look.ask([], "acme"), { kind: "asked", logits: [] });
});

test("texts take turns: a short one does not wait for all windows of a long one", async () => {
  const look = secondLookAt({ file, sha256 });
  const order: string[] = [];
  const ask = async (name: string, count: number): Promise<void> => {
    const windows = Array.from({ length: count }, (_, index) => Uint16Array.of(2000 + index, name.length));
    assert.equal((await look.ask(windows, "acme")).kind, "asked");
    order.push(name);
  };
  await Promise.all([ask("long", 60), ask("short one", 1)]);
  assert.deepEqual(order, ["short one", "long"]);
});

test("a window of more pieces than are read is read as far as that", () => {
  const long = Uint16Array.from({ length: 300 }, (_, index) => 2000 + index);
  assert.deepEqual(encode(long), encode(long.slice(0, encoderTokensMax - 2)));
  assert.ok(encode(long).every((logit) => Number.isFinite(logit)));
});

test("weights with another digest are not used: the cause is failed, each time", async () => {
  const look = secondLookAt({ file, sha256: "0".repeat(64) });
  for (const round of [1, 2])
    assert.deepEqual(await look.ask([some], "acme"), { kind: "unknown", cause: "failed" }, `round ${round}`);
});

test("a file that is not there is a failure, not an answer", async () => {
  const look = secondLookAt({ file: `${file}.gone`, sha256 });
  assert.deepEqual(await look.ask([some], "acme"), { kind: "unknown", cause: "failed" });
});

test("more windows than are looked at are refused as overloaded, before any is", async () => {
  const look = secondLookAt({ file, sha256 });
  const windows = Array.from({ length: 513 }, (_, index) => Uint16Array.of(index));
  assert.deepEqual(await look.ask(windows, "acme"), { kind: "unknown", cause: "overloaded" });
});

const texts = (count: number): Uint16Array[] => Array.from({ length: count }, (_, index) => Uint16Array.of(index));

test("one caller who has filled the queue gives way to another with its last text, and is refused more", async () => {
  // Nothing is read there: what was taken to wait fails, what was not is overloaded.
  const look = secondLookAt({ file: `${file}.gone`, sha256 });
  const filled = [look.ask(texts(windowsMax), "large"), look.ask(texts(windowsMax), "large")];
  assert.equal(filled.length * windowsMax, waitingMax);
  const more = look.ask([some], "large");
  const other = look.ask(texts(100), "small");
  const causes = await Promise.all([...filled, more, other]);
  assert.deepEqual(
    causes.map((answer) => (answer.kind === "unknown" ? answer.cause : "")),
    ["failed", "overloaded", "overloaded", "failed"],
  );
});

test("callers take turns: one text of one is read before the many that another sent first", async () => {
  const look = secondLookAt({ file, sha256 });
  const order: string[] = [];
  const ask = async (caller: string, first: number): Promise<void> => {
    assert.equal((await look.ask([Uint16Array.of(first, 7), Uint16Array.of(first, 8)], caller)).kind, "asked");
    order.push(caller);
  };
  await Promise.all([...[1, 2, 3, 4, 5, 6, 7, 8].map(async (first) => ask("many", first)), ask("one", 9)]);
  assert.ok(order.indexOf("one") < 3, order.join(" "));
});

test("what one caller had read is read again for another, who could tell by the time otherwise", async () => {
  const look = secondLookAt({ file, sha256 });
  const order: string[] = [];
  const ask = async (name: string, window: Uint16Array, caller: string): Promise<void> => {
    assert.equal((await look.ask([window], caller)).kind, "asked");
    order.push(name);
  };
  await ask("first", some, "acme");
  const waiting = ask("new to acme", Uint16Array.of(5), "acme");
  await Promise.all([waiting, ask("known to acme only", some, "other"), ask("known", some, "acme")]);
  assert.deepEqual(order, ["first", "known", "new to acme", "known to acme only"]);
});
