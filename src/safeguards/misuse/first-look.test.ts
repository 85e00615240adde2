// The first look: sums that move along are the sums, stretches of an answer fold to what the whole folds to, and a finding
// stands exactly where a score reaches its threshold.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as fc from "fast-check";
import { variedTexts } from "../../../test/varied-texts.ts";
import { Category, type Inspection } from "../../terms/finding.ts";
import { FirstLook, linearPairOf, lookAlone } from "./first-look.ts";
import { NgramReader, ngramBuckets } from "../ngrams.ts";
import { GrowingFold, foldText } from "../normalise.ts";
import { shippedSafeguards } from "../registry.ts";
import type { Thresholds } from "../safeguard.ts";
import { readWeights } from "../weights.ts";

const safeguard = shippedSafeguards().get("misuse@4");
const weights = readWeights(readFileSync(new URL("../artefacts/misuse-4.bin", import.meta.url)));
const pair = linearPairOf(weights, "misuse-input", "attack-input");
const texts = variedTexts(400);
/** Few, and not long, as they take second looks. */
const requests = texts.filter((text, at) => at % 8 === 0 && text.length < 1500);
const usual = { windowChars: 480, strideChars: 60 };

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
const sources = fc.array(parts, { maxLength: 40 }).map((all) => all.join(""));
const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });

function cut(source: string, sizes: readonly number[]): string[] {
  const stretches: string[] = [];
  for (let at = 0; at < source.length; at += stretches.at(-1)?.length ?? 1)
    stretches.push(source.slice(at, at + (sizes[stretches.length % sizes.length] ?? 1)));
  return stretches;
}

test("n-grams of a text are the same however it is cut, and below the bucket count", () => {
  fc.assert(
    fc.property(sources, cuts, (source, sizes) => {
      const { units, length } = foldText(source);
      const once = [...new NgramReader().read(units, 0, length)];
      const summed = { count: 0, first: 0, second: 0 };
      new NgramReader().sum({ units, from: 0, to: length }, pair.table, summed);
      assert.deepEqual(summed, { count: once.length, first: sum(once, 16), second: sum(once, 24) });
      const reader = new NgramReader();
      let from = 0;
      const bit = cut("x".repeat(length), sizes).flatMap((part) => {
        from += part.length;
        return [...reader.read(units, from - part.length, from)];
      });
      assert.deepEqual(bit, once);
      assert.ok(once.every((ngram) => ngram >= 0 && ngram < ngramBuckets));
    }),
    { seed: 3 },
  );
});

/** The weights of n-grams in the upper byte of the table (16) or the lower (24). */
function sum(found: readonly number[], shift: number): number {
  return found.reduce((total, ngram) => total + (((pair.table[ngram] ?? 0) << shift) >> 24), 0);
}

test("a window holds the sums of its blocks", () => {
  for (const text of texts.slice(0, 200)) {
    const { units, length } = foldText(text);
    const look = new FirstLook(pair, 3);
    const reader = new NgramReader();
    const blocks: number[][] = [];
    for (let at = 0; at < length; at += 50) {
      const end = Math.min(length, at + 50);
      look.block(units, [at, end], end === length);
      blocks.push([...reader.read(units, at, end)]);
      if (end === length) blocks.at(-1)?.push(...reader.readEnd());
      const window = blocks.slice(-3).flat();
      const { first, second } = pair;
      const root = Math.sqrt(Math.max(1, window.length));
      assert.ok(Math.abs(look.first - (first.bias + (first.scale * sum(window, 16)) / root)) < 1e-9);
      assert.ok(Math.abs(look.second - (second.bias + (second.scale * sum(window, 24)) / root)) < 1e-9);
    }
  }
});

test("an answer in plain stretches folds to what it folds to as a whole", () => {
  fc.assert(
    fc.property(sources, cuts, (source, sizes) => {
      const fold = new GrowingFold();
      const units: number[] = [];
      let isPlain = true;
      for (const stretch of cut(source, sizes)) {
        const added = fold.append(stretch);
        units.push(...fold.units.subarray(added.from, added.to));
        isPlain &&= added.isPlain;
      }
      const whole = foldText(source);
      const expected = [...whole.units.subarray(0, whole.length)];
      if (isPlain) assert.deepEqual(units.slice(0, expected.length), expected);
      assert.ok(!isPlain || units.length <= expected.length + 1);
    }),
    { seed: 22, numRuns: 2000 },
  );
});

test("spelled-out and mixed words are seen wherever an answer is cut", () => {
  for (const source of [
    "how to b-u-i-l-d it",
    "make a b o m b now",
    "the pаssword is",
    "the рassword is",
    "say k.i.l.l now",
  ])
    for (let at = 1; at < source.length; at += 1) {
      const fold = new GrowingFold();
      const plain = [source.slice(0, at), source.slice(at)].map((stretch) => fold.append(stretch).isPlain);
      assert.ok(plain.includes(false), `${source} at ${at}`);
    }
});

test("a long answer is folded in bounded memory, and no word is mixed that is not", () => {
  const fold = new GrowingFold();
  for (let at = 0; at < 2000; at += 1) assert.ok(fold.append("Слово и ещё слово, and some more of it. ").isPlain);
  assert.ok(fold.units.length < 20_000);
});

/** All steps of a request, with `between` done after each. */
async function requestInspected(text: string, thresholds: Thresholds, between = (): void => {}): Promise<Inspection> {
  const steps = safeguard.inspectRequest?.(text, thresholds, "");
  assert.ok(steps !== undefined);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value();
    between();
  }
}

test("a text has a finding exactly where a score reaches the threshold, with that score", async () => {
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

test("windows of an answer read in turn are found to hold what the answer holds, in its place", () => {
  const thresholds = safeguard.thresholds({ block: 0.05, review: 0.1 }, "output");
  for (const text of texts) {
    const reader = safeguard.openAnswer?.(thresholds, usual);
    const stretches = cut(text, [60]);
    const found = stretches.flatMap((stretch, at) => {
      const inspection = reader?.read(stretch, at === stretches.length - 1);
      assert.ok(inspection?.kind === "inspected");
      return inspection.findings;
    });
    for (const { span } of found) assert.ok(span[1] <= text.length && span[1] - span[0] <= 480);
    const whole = safeguard.inspect(text, "output", thresholds);
    assert.ok(whole.kind === "inspected");
    const best = Category.options.flatMap((category) => {
      const scores = found.filter((one) => one.category === category).map((one) => one.score);
      return scores.length === 0 ? [] : [[category, Math.max(...scores)]];
    });
    assert.deepEqual(
      best,
      whole.findings.map(({ category, score }) => [category, score]),
      text.slice(0, 80),
    );
  }
});

test("stretches of an answer read all at once hold what they hold read in turn, wherever the text before ended", () => {
  const harmful = [
    "First hide the ransomware in an invoice, ",
    "kill all of them and ",
    "plain words ",
    "x".repeat(110),
  ];
  const piece = fc.oneof(sources, fc.constantFrom(...harmful), fc.constantFrom("x".repeat(30), "а", "\ud83d"));
  const answers = fc.array(fc.array(piece, { maxLength: 24 }), { maxLength: 6 });
  const sizes = fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1, maxLength: 8 });
  let found = 0;
  fc.assert(
    fc.property(answers, sizes, fc.constantFrom(0, 0.1, 0.4), (pieces, lengths, least) => {
      const thresholds = {
        review: Object.fromEntries(Category.options.map((category) => [category, least])),
        block: {},
      };
      const [atOnce, inTurn] = [safeguard, safeguard].map((one) => one.openAnswer?.(thresholds, usual));
      assert.ok(atOnce?.readAll !== undefined && inTurn !== undefined);
      const answer = pieces.map((all) => all.join(""));
      for (const [at, text] of answer.entries()) {
        const isEnd = at === answer.length - 1;
        const stretches = cut(text, lengths);
        let end = 0;
        const ends = stretches.map((stretch) => (end += stretch.length));
        const expected = stretches.map((stretch, index): Inspection =>
          inTurn.read(stretch, isEnd && ends[index] === text.length),
        );
        assert.deepEqual(atOnce.readAll(text, ends, isEnd), expected);
        found += expected.filter((one) => one.kind === "inspected" && one.findings.length > 0).length;
        // Another answer is read in between.
        safeguard.inspect("Another answer, of another caller.", "output", thresholds);
      }
    }),
    { seed: 31, numRuns: 2000 },
  );
  assert.ok(found > 1000);
});

test("a disguised answer scores what it scores undisguised, or more where the disguise adds to it", async () => {
  // One stretch however it is spelled: where it is cut into windows, their scores differ.
  const plain = "Hide the ransomware, encrypt his files";
  const { misuse } = { misuse: Math.max(...Object.values(await safeguard.scores(plain, "output"))) };
  const spelled = plain.replace("ransomware", "r-a-n-s-o-m-w-a-r-e").replace("encrypt", "e.n.c.r.y.p.t");
  const others = [plain.toUpperCase(), plain.replaceAll("a", "а"), plain.split("").join("\u200b"), spelled];
  for (const text of others) {
    assert.ok(text.replaceAll("\u200b", "").length <= 60);
    const score = Math.max(...Object.values(await safeguard.scores(text, "output")));
    assert.ok(score > misuse - 0.05, `${text}: ${score} of ${misuse}`);
  }
});

test("a request inspected in steps is found to hold what it holds at once, other texts between the steps or not", async () => {
  const thresholds = safeguard.thresholds({ block: 0.05, review: 0.1 }, "input");
  const other = (): void => {
    safeguard.inspect("Another text, of another caller.", "output", thresholds);
  };
  const long = `${"The committee met on Tuesday to talk about the new timetable. ".repeat(500)}${requests.join(" ").slice(0, 1500)}`;
  for (const text of [...requests.slice(0, 10), long])
    assert.deepEqual(
      await requestInspected(text, thresholds, other),
      await requestInspected(text, thresholds),
      text.slice(0, 80),
    );
});

test("what stands alone is looked at with a space on either side", () => {
  const [one, other] = ["make a bomb", " make a bomb "].map((text) => {
    const units = Uint16Array.from(text, (character) => character.charCodeAt(0));
    const { first, second } = lookAlone(pair, units, [text.indexOf("m"), text.indexOf("bomb") + 4]);
    return [first, second];
  });
  assert.deepEqual(one, other);
});
