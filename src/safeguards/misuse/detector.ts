// The misuse detector. Every text gets a first look, by its spelling: hashed n-grams, linear, one score for misuse and one for
// attacks on the model (jailbreaks, planted orders). Stretches of requests that it leaves in doubt get a second look
// (second-look.ts), and both decide; answers get the first look only. Trained by scripts/train-misuse.py.
import { Failure } from "../../terms/failure.ts";
import { Category, type Inspection, type UnknownCause } from "../../terms/finding.ts";
import { answerJudgeOf } from "./answers.ts";
import { namesByBoth } from "./categories.ts";
import { detectorShape } from "./detector-shape.ts";
import { FirstLook, type LinearPair, linearPairOf, lookAlone } from "./first-look.ts";
import { type Folded, foldText } from "../normalise.ts";
import { readingsOf, unitsAStep } from "./readings.ts";
import type { Safeguard, Settle } from "../safeguard.ts";
import {
  type Family,
  type Scored,
  familyOf,
  findingsOf,
  highest,
  leastOf,
  probability,
  spread,
  thresholdAt,
} from "../scoring.ts";
import type { SecondLook } from "./second-look.ts";
import { allSteps } from "../steps.ts";
import type { Weights } from "../weights.ts";
import type { Stretch } from "../windows.ts";
import { type WordPieces, wordPieces } from "./wordpiece.ts";

type Detector = Omit<Safeguard, "name" | "version" | "digest">;

const maxChars = 400_000;

export function detectorOf(weights: Weights, secondLook: SecondLook): Detector {
  const label = weights.detector;
  const answers = answerJudgeOf(weights, label);
  const doubtsOf = doubtsBy(weights);
  const askAbout = askingOf(weights, secondLook);
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
      if (surface === "output") return highest(answers.scored(text));
      const answer = await askAbout({ text, doubts: allSteps(doubtsOf(text)), least: { misuse: 0, attack: 0 } }, "");
      if (answer.kind === "asked") return highest(answer.scored);
      throw new Failure("safeguard_unavailable", `The second look of ${label} gave no answer (${answer.cause}).`);
    },
    inspect: (text, surface, thresholds) => {
      if (surface === "input")
        throw new Failure("safeguard_unavailable", "Requests are looked at twice: ask inspectRequest.");
      return text.length > maxChars ? tooLong : findingsOf(answers.scored(text), thresholds, label);
    },
    *inspectRequest(text, thresholds, caller): Generator<void, Settle, void> {
      if (text.length > maxChars) return () => Promise.resolve(tooLong);
      const doubts = yield* doubtsOf(text);
      if (doubts.length === 0) return nothingFound;
      const least = { misuse: leastOf(thresholds, "misuse"), attack: leastOf(thresholds, "attack") };
      return async () => {
        const answer = await askAbout({ text, doubts, least }, caller);
        return answer.kind === "unknown"
          ? { ...answer, detector: label }
          : findingsOf(answer.scored, thresholds, label);
      };
    },
    openAnswer: answers.open,
  };
}

const tooLong: Inspection = { kind: "unknown", cause: "too-long" };

function nothingFound(): Promise<Inspection> {
  return Promise.resolve({ kind: "inspected", findings: [] });
}

/** What the second look is to read at once, and what the first said of it. */
interface Doubt {
  readonly span: Stretch;
  readonly misuse: number;
  readonly attack: number;
  readonly pieces: Uint16Array;
}

/** The first look at a request, with stops in long ones: the readings of all that is not clear. */
function doubtsBy(weights: Weights): (text: string) => Generator<void, Doubt[], void> {
  const pair = linearPairOf(weights, "misuse-input", "attack-input");
  const gate = { misuse: weights.number("misuse-input:gate"), attack: weights.number("attack-input:gate") };
  const vocabulary = new TextDecoder().decode(weights.bytes("vocabulary")).split("\n");
  const pieces = wordPieces(vocabulary, vocabulary.indexOf("[UNK]"));
  const { blockUnits, blocksAWindow } = detectorShape;
  return function* doubtsOf(text) {
    const folded = kept(foldText(text));
    const { units, length } = folded;
    const look = new FirstLook(pair, blocksAWindow);
    const doubtful: [number, number][] = [];
    for (let at = 0; at < length; at += blockUnits) {
      if (at > 0 && at % unitsAStep === 0) yield;
      const end = Math.min(length, at + blockUnits);
      look.block(units, [at, end], end === length);
      // What is not a number is not below anything.
      if (look.first < gate.misuse && look.second < gate.attack) continue;
      addStretch(doubtful, [Math.max(0, at - (blocksAWindow - 1) * blockUnits), end]);
    }
    const doubts: Doubt[] = [];
    for (const stretch of doubtful)
      for (const doubt of yield* doubtsIn(folded, stretch, { pair, pieces })) doubts.push(doubt);
    return doubts;
  };
}

/** A copy where there are further steps, between which other texts are folded in the same memory. */
function kept(folded: Folded): Folded {
  const { units, offsets, length } = folded;
  if (length <= unitsAStep) return folded;
  return { units: units.slice(0, length), offsets: offsets.slice(0, length + 1), length };
}

/** Adds a stretch, which starts after those before it; what overlaps is one. */
function addStretch(stretches: [number, number][], [start, end]: Stretch): void {
  const last = stretches.at(-1);
  if (last !== undefined && start <= last[1]) last[1] = end;
  else stretches.push([start, end]);
}

interface Looking {
  readonly pair: LinearPair;
  readonly pieces: WordPieces;
}

function* doubtsIn(
  { units, offsets }: Folded,
  stretch: Stretch,
  { pair, pieces }: Looking,
): Generator<void, Doubt[], void> {
  const readings = yield* readingsOf(units, stretch, pieces);
  const doubts: Doubt[] = [];
  let [stopped] = stretch;
  for (const {
    stretch: [start, end],
    pieces: read,
  } of readings) {
    if (start - stopped >= unitsAStep) {
      yield;
      stopped = start;
    }
    const { first, second } = lookAlone(pair, units, [start, end]);
    doubts.push({ span: [offsets[start] ?? 0, offsets[end] ?? 0], misuse: first, attack: second, pieces: read });
  }
  return doubts;
}

type Asked =
  | { readonly kind: "asked"; readonly scored: readonly Scored[] }
  | { readonly kind: "unknown"; readonly cause: UnknownCause };

/** What is asked about a text, and the scores below which nobody wants to know the category. */
interface Question {
  readonly text: string;
  readonly doubts: readonly Doubt[];
  readonly least: Readonly<Record<Family, number>>;
}

type AskAbout = (question: Question, caller: string) => Promise<Asked>;

/** The second look at readings, mixed with the first. */
function askingOf(weights: Weights, secondLook: SecondLook): AskAbout {
  const misuseOf = mixtureOf(weights, "misuse-input");
  const attackOf = mixtureOf(weights, "attack-input");
  const namesOf = namesByBoth(weights);
  return async ({ text, doubts, least }, caller) => {
    const windows = doubts.map(({ pieces }) => pieces);
    const answer = await secondLook.ask(windows, caller);
    if (answer.kind === "unknown") return answer;
    const scored = doubts.map(({ span, misuse, attack }, at): Scored => {
      const logits = answer.logits[at] ?? new Float32Array();
      const families = {
        misuse: misuseOf(misuse, logits[0] ?? Number.NaN),
        attack: attackOf(attack, logits[1] ?? Number.NaN),
      };
      const read = logits.subarray(2);
      // A score that is not a number is not below anything.
      const isNamed = !(families.misuse < least.misuse) || !(families.attack < least.attack);
      return { span, scores: spread(families, isNamed ? namesOf(text.slice(...span), read) : read) };
    });
    return { kind: "asked", scored };
  };
}

/** How a head mixes the logits of both looks, as a probability. */
function mixtureOf(
  weights: Weights,
  head: "misuse-input" | "attack-input",
): (spelling: number, read: number) => number {
  const bias = weights.number(`${head}:final:bias`);
  const spells = weights.number(`${head}:final:spelling`);
  const reads = weights.number(`${head}:final:encoder`);
  return (spelling, read) => probability(bias + spells * spelling + reads * read);
}
