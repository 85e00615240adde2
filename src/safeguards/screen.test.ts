// The cheap look and the exact one agree: its sums are the sums, its bounds are bounds, and nothing that the exact look
// finds is called clear, whatever the text and wherever windows begin.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as fc from "fast-check";
import { variedTexts } from "../../test/varied-texts.ts";
import { Category, type Inspection } from "../terms/finding.ts";
import { detectorShape } from "./detector-shape.ts";
import { MeaningBound } from "./meaning-bound.ts";
import { headColumns, networkOf } from "./network.ts";
import { ngramsOf } from "./ngrams.ts";
import { foldText, normalise } from "./normalise.ts";
import { shippedSafeguards } from "./registry.ts";
import type { Thresholds } from "./safeguard.ts";
import { SpellingWindows } from "./spelling.ts";
import { windowsOfStretches } from "./stretches.ts";
import { readWeights } from "./weights.ts";
import { type Stretch, wholeWindows } from "./windows.ts";

const safeguard = shippedSafeguards().get("misuse@1");
const weights = readWeights(readFileSync(new URL("artefacts/misuse-1.bin", import.meta.url)));
const network = networkOf(weights);
const texts = variedTexts(400);
/** Few, and not long, as they take second looks. */
const requests = texts.filter((text, at) => at % 6 === 0 && text.length < 1500);
const heads = ["misuse-input", "attack-input", "misuse-output"] as const;

const words = fc.constantFrom(
  "a",
  "of",
  "don't",
  "wide",
  "wide ",
  " ",
  "  ",
  "-",
  "é",
  "中",
  "😀",
  "\ud83d",
  "x1",
  "zz top ",
);
const samples = fc.array(words, { maxLength: 80 }).map((parts) => parts.join(""));
const cuts = fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 2, maxLength: 12 });

/** Windows in order: each starts and ends a little further than the one before. */
function windowsBy(steps: readonly number[], length: number): Stretch[] {
  const windows: Stretch[] = [];
  let [start, end] = [0, 0];
  for (const [at, step] of steps.entries()) {
    if (at % 2 === 0) end = Math.min(length, end + step);
    else start = Math.min(end, start + step);
    if (start < end) windows.push([start, end]);
  }
  return windows;
}

test("a sliding window has the features of its own text, and their sums", () => {
  const buckets = 1 << 12;
  const first = Int8Array.from({ length: buckets }, (_, bucket) => (bucket * 37) % 256);
  const second = Int8Array.from({ length: buckets }, (_, bucket) => (bucket * 91) % 256);
  const spelling = new SpellingWindows([first, second], buckets);
  const check = (text: string, steps: readonly number[]): void => {
    const units = Uint16Array.from(text.split(""), (unit) => unit.charCodeAt(0));
    spelling.begin(units, units.length);
    for (const [start, end] of windowsBy(steps, units.length)) {
      spelling.moveTo(start, end);
      const features = ngramsOf(text.slice(start, end), buckets);
      assert.equal(spelling.features, features.length, `${start} to ${end}`);
      const sum = (table: Int8Array): number => features.reduce((before, feature) => before + (table[feature] ?? 0), 0);
      assert.deepEqual([spelling.first, spelling.second], [sum(first), sum(second)], `${start} to ${end}`);
    }
    spelling.rewind();
  };
  fc.assert(fc.property(samples, cuts, check), { seed: 21, numRuns: 500 });
});

test("the view by meaning never says more than its bounds, and the second bound is close", () => {
  for (const sign of [1, -1]) {
    const columns = heads.map((head) => ({ column: headColumns[head], weight: sign }));
    const bound = new MeaningBound(network, columns);
    for (const text of texts.slice(0, 200)) checkText(bound, text, sign);
  }
});

function checkText(bound: MeaningBound, text: string, sign: number): void {
  const { units, length } = foldText(text);
  const folded = normalise(text).text;
  bound.begin(units, length);
  for (const window of wholeWindows(length, 300))
    if (bound.bound(...window)) checkBounds(bound, folded.slice(...window), sign);
}

function checkBounds(bound: MeaningBound, text: string, sign: number): void {
  const meaning = network.judge(text);
  const loose = [...bound.most];
  bound.tighten();
  for (const [at, head] of heads.entries()) {
    const exact = sign * meaning[head];
    const most = bound.most[at] ?? 0;
    assert.ok((loose[at] ?? 0) >= exact && most >= exact, `${head}: ${most} of ${exact}`);
    assert.ok(most - exact < 0.1, `${head}: ${most} is far from ${exact}`);
  }
}

test("a text has a finding exactly where an unscreened score reaches the threshold, with that score", async () => {
  for (const rate of [0.005, 0.1])
    for (const surface of ["input", "output"] as const) {
      const thresholds = safeguard.thresholds({ block: rate / 2, review: rate }, surface);
      for (const text of surface === "output" ? texts : requests) {
        const scores = await safeguard.scores(text, surface);
        const inspection =
          surface === "output"
            ? safeguard.inspect(text, surface, thresholds)
            : await requestInspected(text, thresholds);
        assert.ok(inspection.kind === "inspected");
        const found = inspection.findings.map(({ category, score }) => [category, score]);
        const expected = Category.options
          .filter((category) => scores[category] >= (thresholds.review[category] ?? Infinity))
          .map((category) => [category, scores[category]]);
        assert.deepEqual(found, expected, text.slice(0, 80));
      }
    }
});

/** All steps of a request, with `between` done after each. */
async function requestInspected(text: string, thresholds: Thresholds, between = (): void => {}): Promise<Inspection> {
  const steps = safeguard.inspectRequest?.(text, thresholds);
  assert.ok(steps !== undefined);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value();
    between();
  }
}

test("a request inspected in steps is found to hold what it holds at once, other texts between the steps or not", async () => {
  const thresholds = safeguard.thresholds({ block: 0.05, review: 0.1 }, "input");
  const other = (): void => {
    safeguard.inspect("Another text, of another caller.", "output", thresholds);
  };
  for (const text of [...requests, texts.join(" ").slice(0, 6000)])
    assert.deepEqual(
      await requestInspected(text, thresholds, other),
      await requestInspected(text, thresholds),
      text.slice(0, 80),
    );
});

test("stretches inspected together are found to hold what each holds alone", () => {
  const thresholds = safeguard.thresholds({ block: 0.05, review: 0.1 }, "output");
  for (const text of texts) {
    const stretches: Stretch[] = [];
    for (let end = 37; end < text.length + 37; end += 37)
      stretches.push([Math.max(0, Math.min(end, text.length) - 480), Math.min(end, text.length)]);
    const together = safeguard.inspectStretches?.(text, stretches, thresholds);
    const alone = stretches.map(([start, end]) => safeguard.inspect(text.slice(start, end), "output", thresholds));
    assert.deepEqual(together, alone, text.slice(0, 80));
  }
});

test("a stretch of folded text that is shared is the stretch folded alone", () => {
  const parts = fc.constantFrom(
    "word ",
    "A ",
    " ",
    "\n",
    "b o m b",
    "x.y.z.w",
    "e\u0301",
    "½",
    "…",
    "😀",
    "\u200b",
    "pаss",
    "да ",
    "ﷺ",
    ".",
  );
  const from = fc.integer({ min: 0, max: 60 });
  fc.assert(fc.property(fc.array(parts, { maxLength: 40 }), from, from, checkShared), { seed: 22, numRuns: 2000 });
});

function checkShared(pieces: readonly string[], from: number, size: number): void {
  const source = pieces.join("");
  const stretch: Stretch = [Math.min(from, source.length), Math.min(from + size, source.length)];
  const folded = foldText(source);
  const [windows] = windowsOfStretches(source, folded, [stretch]);
  if (windows === undefined) return;
  const whole = normalise(source).text;
  const alone = normalise(source.slice(...stretch)).text;
  const expected = wholeWindows(alone.length, detectorShape.windowChars).map(([start, end]) => alone.slice(start, end));
  assert.deepEqual(
    windows.map(([start, end]) => whole.slice(start, end)),
    expected,
  );
}
