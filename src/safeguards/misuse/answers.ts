// Judges an answer as it grows, stretch by stretch: each stretch is folded and summed once, and ends a window of the last
// ones. Which category it is, is asked only of windows that are flagged.
import type { Inspection } from "../../terms/finding.ts";
import { namesBySpelling } from "./categories.ts";
import { detectorShape } from "./detector-shape.ts";
import { FirstLook, type LinearPair, linearPairOf, lookAlone } from "./first-look.ts";
import { GrowingFold, foldText } from "../normalise.ts";
import type { AnswerReader, Thresholds } from "../safeguard.ts";
import { type Scored, findingsOf, leastOf, probability, spread } from "../scoring.ts";
import type { Weights } from "../weights.ts";
import type { WindowShape } from "../windows.ts";

/** Judges answers by one detector. */
export interface AnswerJudge {
  readonly open: (thresholds: Thresholds, shape: WindowShape) => AnswerReader;
  /** Every window of a whole answer, in the usual shape. */
  readonly scored: (text: string) => Scored[];
}

/** Reads the head for answers and that of the categories. */
export function answerJudgeOf(weights: Weights, detector: string): AnswerJudge {
  const pair = linearPairOf(weights, "misuse-output");
  const categoriesOf = namesBySpelling(weights);
  const leastMisuse = rememberedLast((thresholds: Thresholds) => leastOf(thresholds, "misuse"));
  return {
    open: (thresholds, shape) => {
      const windows = new AnswerWindows(pair, shape);
      const least = leastMisuse(thresholds);
      const findings = (found: readonly JudgedWindow[]): Inspection => {
        const flagged = found.filter(({ score }) => !(score < least));
        return flagged.length === 0
          ? nothingFound
          : findingsOf(flagged.map(scoredBy(categoriesOf)), thresholds, detector);
      };
      return {
        read: (stretch, isEnd) => findings(windows.read(stretch, isEnd)),
        readAll: (text, ends, isEnd) => {
          const plain = windows.readPlain(text, ends, { isEnd, least });
          if (plain !== undefined)
            return plain.map((window) => (window === undefined ? nothingFound : findings([window])));
          let start = 0;
          return ends.map((end) => {
            const stretch = text.slice(start, end);
            start = end;
            return findings(windows.read(stretch, isEnd && end === text.length));
          });
        },
      };
    },
    scored: (text) => {
      const windows = new AnswerWindows(pair, usualShape);
      const all: Scored[] = [];
      for (let at = 0; at < text.length; at += usualShape.strideChars) {
        const end = at + usualShape.strideChars;
        all.push(...windows.read(text.slice(at, end), end >= text.length).map(scoredBy(categoriesOf)));
      }
      return all;
    },
  };
}

/** A configuration opens answer after answer with the same thresholds. */
function rememberedLast(leastBy: (thresholds: Thresholds) => number): (thresholds: Thresholds) => number {
  let last: { readonly thresholds: Thresholds; readonly least: number } | undefined;
  return (thresholds) => {
    if (last?.thresholds !== thresholds) last = { thresholds, least: leastBy(thresholds) };
    return last.least;
  };
}

const usualShape: WindowShape = { windowChars: detectorShape.answerWindowChars, strideChars: 60 };
const nothingFound: Inspection = { kind: "inspected", findings: [] };

/** A window of the source: where it starts, its text, its score for misuse. */
interface JudgedWindow {
  readonly start: number;
  readonly text: string;
  readonly score: number;
}

/** The windows of one answer. */
class AnswerWindows {
  readonly #pair: LinearPair;
  readonly #fold = new GrowingFold();
  readonly #look: FirstLook;
  readonly #partsMax: number;
  readonly #partChars: number;
  /** The window. */
  #text = "";
  /** Characters of each of its parts, in order. */
  readonly #parts: number[] = [];
  /** Parts in a row, up to the last, that are plain. */
  #plainParts = 0;
  #end = 0;

  constructor(pair: LinearPair, { windowChars, strideChars }: WindowShape) {
    this.#pair = pair;
    this.#partChars = Math.ceil(strideChars / Math.ceil(strideChars / detectorShape.blockUnits));
    this.#partsMax = Math.ceil(Math.min(windowChars, detectorShape.answerWindowChars) / this.#partChars);
    this.#look = new FirstLook(pair, this.#partsMax);
  }

  /** The windows that end in the next stretch, usually one. */
  read(stretch: string, isEnd: boolean): JudgedWindow[] {
    if (stretch.length <= this.#partChars) return [this.#next(stretch, isEnd)];
    const windows: JudgedWindow[] = [];
    for (let at = 0; at < stretch.length; at += this.#partChars) {
      const end = at + this.#partChars;
      windows.push(this.#next(stretch.slice(at, end), isEnd && end >= stretch.length));
    }
    return windows;
  }

  /**
   * The windows that end in stretches of `text`, one each, undefined for those that score below `least`; undefined as a
   * whole, and nothing is read, where `text` is not so plain that it can be folded at once.
   */
  readPlain(text: string, ends: readonly number[], { isEnd, least }: Least): (JudgedWindow | undefined)[] | undefined {
    const parts = this.#parts;
    if (this.#plainParts < parts.length || ends.some((end, at) => end - (ends[at - 1] ?? 0) > this.#partChars))
      return undefined;
    const places = this.#fold.appendAll(text, ends);
    if (places === undefined) return undefined;
    const before = this.#text;
    let chars = before.length;
    let start = 0;
    const windows = ends.map((end, index) => {
      const stretch = [places[index] ?? 0, places[index + 1] ?? 0] as const;
      this.#look.block(this.#fold.units, stretch, isEnd && end === text.length);
      parts.push(end - start);
      chars += end - start - (parts.length > this.#partsMax ? (parts.shift() ?? 0) : 0);
      this.#end += end - start;
      start = end;
      const score = probability(this.#look.first);
      return score < least
        ? undefined
        : { start: this.#end - chars, text: lastOf(before, text.slice(0, end), chars), score };
    });
    this.#plainParts += ends.length;
    this.#text = lastOf(before, text.slice(0, start), chars);
    return windows;
  }

  #next(text: string, isEnd: boolean): JudgedWindow {
    const { from, to, isPlain } = this.#fold.append(text);
    this.#look.block(this.#fold.units, [from, to], isEnd);
    const parts = this.#parts;
    parts.push(text.length);
    const left = parts.length > this.#partsMax ? parts.shift() : 0;
    // One string: of a sum, each part would keep the longer text that it was cut from.
    const whole = [this.#text.slice(left), text].join("");
    this.#text = whole;
    this.#plainParts = isPlain ? this.#plainParts + 1 : 0;
    this.#end += text.length;
    // Disguises are undone in the window as a whole.
    const logit = this.#plainParts >= parts.length ? this.#look.first : this.#alone(whole);
    return { start: this.#end - whole.length, text: whole, score: probability(logit) };
  }

  #alone(text: string): number {
    const { units, length } = foldText(text);
    return lookAlone(this.#pair, units, [0, length]).first;
  }
}

/** The last characters of two texts in a row, as a string of its own. */
function lastOf(before: string, text: string, chars: number): string {
  const own = text.slice(-chars);
  return [before.slice(before.length - (chars - own.length)), own].join("");
}

interface Least {
  readonly isEnd: boolean;
  readonly least: number;
}

function scoredBy(categoriesOf: (text: string) => Float32Array): (window: JudgedWindow) => Scored {
  return ({ start, text, score }) => ({
    span: [start, start + text.length],
    scores: spread({ misuse: score, attack: 0 }, categoriesOf(text)),
  });
}
