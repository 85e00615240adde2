// The misuse detector: two views of a text that err differently, one by its spelling (hashed n-grams, linear), one by
// its meaning (a small network over static token vectors), mixed into one score for misuse and one for attacks on the
// model (jailbreaks, planted orders); other heads say which category it is. Requests that the two leave in doubt get a
// second look (second-look.ts), whose word is mixed in. Trained by scripts/train-misuse.py.
import { Failure } from "../terms/failure.ts";
import { Category, type Band, type Finding, type Inspection, type Span, type UnknownCause } from "../terms/finding.ts";
import { detectorShape } from "./detector-shape.ts";
import { networkOf } from "./network.ts";
import { type Folded, foldText, textOf } from "./normalise.ts";
import type { Safeguard, Scores, Settle, Thresholds } from "./safeguard.ts";
import { type Limits, type Screen, screenOf } from "./screen.ts";
import type { SecondLook } from "./second-look.ts";
import { windowsOfStretches } from "./stretches.ts";
import type { ThresholdTable, Weights } from "./weights.ts";
import { type FirstLook, type Judge, familyOf, finalOf, isBelow, judgeOf, noScores, spread } from "./views.ts";
import { type Stretch, wholeWindows } from "./windows.ts";

type Detector = Omit<Safeguard, "name" | "version" | "digest">;

const maxChars = 400_000;

export function detectorOf(weights: Weights, secondLook: SecondLook): Detector {
  const network = networkOf(weights);
  const judge = judgeOf(weights, network);
  const label = weights.detector;
  const gate: Limits = { misuse: weights.number("misuse-input:gate"), attack: weights.number("attack-input:gate") };
  const parts: Parts = { judge, label, gate, askAbout: askingOf(weights, secondLook) };
  return {
    maxChars,
    thresholds: (rates, surface) => {
      const review: Partial<Record<Category, number>> = {};
      const block: Partial<Record<Category, number>> = {};
      for (const category of Category.options) {
        const table = weights.thresholds[`${surface}:${familyOf(category)}`];
        if (table === undefined) continue;
        review[category] = thresholdAt(table, rates.review);
        block[category] = thresholdAt(table, rates.block);
      }
      return { review, block };
    },
    scores: async (text, surface) => {
      const windows = readAll(foldText(text));
      if (surface === "output") return highest(scored(windows, judge));
      const looks = windows.map(({ span, text: part }) => ({ span, look: judge.request(part) }));
      const answer = await parts.askAbout(looks.filter(({ look }) => !isBelow(look, gate)));
      if (answer.kind === "asked") return highest(answer.windows);
      throw new Failure("safeguard_unavailable", `The second look of ${label} gave no answer (${answer.cause}).`);
    },
    inspectRequest: inspectRequestBy(parts, screenOf(weights, network, "input")),
    ...answersBy(parts, screenOf(weights, network, "output")),
  };
}

interface Parts {
  readonly judge: Judge;
  readonly label: string;
  /** Requests below it are clear without a second look. */
  readonly gate: Limits;
  readonly askAbout: (windows: readonly LookedAt[]) => Promise<Asked>;
}

function inspectRequestBy({ judge, label, gate, askAbout }: Parts, screen: Screen): Inspector["inspectRequest"] {
  return function* inspectRequest(text, thresholds): Generator<void, Settle, void> {
    if (text.length > maxChars) return () => Promise.resolve(tooLong);
    const folded = keptFold(foldText(text));
    const windows = wholeWindows(folded.length, detectorShape.windowChars);
    const doubtful: LookedAt[] = [];
    for (let at = 0; at < windows.length; at += windowsAStep) {
      if (at > 0) yield;
      const some = windows.slice(at, at + windowsAStep);
      const from = some[0]?.[0] ?? 0;
      const part = { units: folded.units.subarray(from), length: (some.at(-1)?.[1] ?? 0) - from };
      const shifted = some.map(([start, end]): Stretch => [start - from, end - from]);
      const clear = screen(part, shifted, gate);
      const left = some.filter((_, index) => clear[index] !== true);
      const looks = readEach(folded, left).map(({ span, text: read }) => ({ span, look: judge.request(read) }));
      doubtful.push(...looks.filter(({ look }) => !isBelow(look, gate)));
    }
    return async () => {
      const answer = await askAbout(doubtful);
      return answer.kind === "unknown" ? answer : findingsOf(answer.windows, thresholds, label);
    };
  };
}

type Inspector = Required<Pick<Safeguard, "inspect" | "inspectRequest" | "inspectStretches">>;

function answersBy({ judge, label }: Parts, screen: Screen): Pick<Inspector, "inspect" | "inspectStretches"> {
  return {
    inspect: (text, surface, thresholds) => {
      if (surface === "input")
        throw new Failure("safeguard_unavailable", "Requests are looked at twice: ask inspectRequest.");
      if (text.length > maxChars) return tooLong;
      const folded = foldText(text);
      const windows = wholeWindows(folded.length, detectorShape.windowChars);
      const clear = screen(folded, windows, limitsOf(thresholds));
      const doubtful = readEach(
        folded,
        windows.filter((_, at) => clear[at] !== true),
      );
      return findingsOf(scored(doubtful, judge), thresholds, label);
    },
    inspectStretches: (text, stretches, thresholds) => {
      if (text.length > maxChars) return stretches.map(() => tooLong);
      const folded = foldText(text);
      const windows = windowsOfStretches(text, folded, stretches);
      // In the order of the text, as they are screened: those of one stretch may go beyond the first ones of the next.
      const all = windows
        .flatMap((some) => some ?? [])
        .toSorted((one, other) => one[0] - other[0] || one[1] - other[1]);
      const isClear = screen(folded, all, limitsOf(thresholds));
      if (!windows.includes(undefined) && !isClear.includes(false)) return stretches.map(() => nothingFound);
      const doubtful = new Set(all.filter((_, at) => isClear[at] !== true).map(String));
      // Screening is over before the exact look folds other text into the same memory.
      const areClear = windows.map((some) => some?.every((window) => !doubtful.has(String(window))) ?? false);
      return stretches.map(([start, end], at) => {
        if (areClear[at] === true) return nothingFound;
        const stretch = foldText(text.slice(start, end));
        return findingsOf(scored(readAll(stretch), judge), thresholds, label);
      });
    },
  };
}

/** Windows judged in one step: a millisecond or two of work where all of them are doubtful. */
const windowsAStep = 8;

/** A copy, which other texts that are folded between two steps do not write over. */
function keptFold(folded: Folded): Folded {
  const { units, offsets, length } = folded;
  return { ...folded, units: units.slice(0, length), offsets: offsets.slice(0, length + 1) };
}

const tooLong: Inspection = { kind: "unknown", cause: "too-long" };
const nothingFound: Inspection = { kind: "inspected", findings: [] };

interface LookedAt {
  readonly span: Span;
  readonly look: FirstLook;
}

interface ScoredWindow {
  readonly span: Span;
  readonly scores: Scores;
}

/** A window with its text and where it lies in the source. */
interface ReadWindow {
  readonly span: Span;
  readonly text: string;
}

function readAll(folded: Folded): ReadWindow[] {
  return readEach(folded, wholeWindows(folded.length, detectorShape.windowChars));
}

function readEach(folded: Folded, windows: readonly Stretch[]): ReadWindow[] {
  const { offsets } = folded;
  return windows.map(([start, end]) => ({
    span: [offsets[start] ?? 0, offsets[end] ?? 0],
    text: textOf(folded, start, end),
  }));
}

function scored(windows: readonly ReadWindow[], judge: Judge): ScoredWindow[] {
  return windows.map(({ span, text }) => ({ span, scores: judge.answer(text) }));
}

type Asked =
  | { readonly kind: "asked"; readonly windows: readonly ScoredWindow[] }
  | { readonly kind: "unknown"; readonly cause: UnknownCause };

/** The second look at windows, mixed with the first. */
function askingOf(weights: Weights, secondLook: SecondLook): (windows: readonly LookedAt[]) => Promise<Asked> {
  const misuseOf = finalOf(weights, "misuse-input");
  const attackOf = finalOf(weights, "attack-input");
  return async (windows) => {
    const answer = await secondLook.ask(windows.flatMap(({ look }) => look.readings));
    if (answer.kind === "unknown") return answer;
    let read = 0;
    const scores = windows.map(({ span, look }) => {
      const logits = answer.logits.slice(read, read + look.readings.length);
      read += look.readings.length;
      // The worst of what is read of a window; no number at all where there is none, which is not clear.
      const worst = (head: number): number => Math.max(...logits.map((all) => all[head] ?? Number.NaN));
      const families = { misuse: misuseOf(look.misuse, worst(0)), attack: attackOf(look.attack, worst(1)) };
      return { span, scores: spread(families, look.categories) };
    });
    return { kind: "asked", windows: scores };
  };
}

/** What a text must stay below to have no finding. No score of a category is higher than that of its family. */
function limitsOf({ review, block }: Thresholds): Limits {
  const least = { misuse: Infinity, attack: Infinity };
  for (const category of Category.options) {
    const family = familyOf(category);
    least[family] = Math.min(least[family], review[category] ?? Infinity, block[category] ?? Infinity);
  }
  return least;
}

function highest(windows: readonly ScoredWindow[]): Scores {
  const scores = noScores();
  for (const window of windows)
    for (const category of Category.options) scores[category] = Math.max(scores[category], window.scores[category]);
  return scores;
}

/** One finding a category, at its highest window. */
function findingsOf(windows: readonly ScoredWindow[], thresholds: Thresholds, detector: string): Inspection {
  const findings: Finding[] = [];
  for (const category of Category.options) {
    let best: ScoredWindow | undefined;
    for (const window of windows)
      if (best === undefined || window.scores[category] > best.scores[category]) best = window;
    if (best === undefined) continue;
    const score = best.scores[category];
    const band = bandOf(score, thresholds, category);
    if (band !== "clear") findings.push({ category, score, band, span: best.span, detector });
  }
  return { kind: "inspected", findings };
}

function bandOf(score: number, thresholds: Thresholds, category: Category): Band {
  // A score that is not a number compares false with everything: it must not look clear.
  if (!Number.isFinite(score)) throw new Failure("safeguard_unavailable", "A safeguard gave no number as its score.");
  if (score >= (thresholds.block[category] ?? Infinity)) return "block";
  return score >= (thresholds.review[category] ?? Infinity) ? "review" : "clear";
}

/** The score at a benign rate, interpolated between the entries of the table by the logarithm of the rate. */
function thresholdAt(table: ThresholdTable, rate: number): number {
  const above = table.findIndex((entry) => entry.benignRate >= rate);
  const right = table[above];
  const left = table[Math.max(0, above - 1)];
  if (right === undefined || left === undefined || rate < (table[0]?.benignRate ?? 0))
    throw new Failure("configuration_invalid", `No threshold is calibrated for a benign rate of ${rate}.`, {
      detail: { rateMin: table[0]?.benignRate ?? 0, rateMax: table.at(-1)?.benignRate ?? 0 },
    });
  if (left === right) return right.score;
  const share = Math.log(rate / left.benignRate) / Math.log(right.benignRate / left.benignRate);
  return left.score + share * (right.score - left.score);
}
