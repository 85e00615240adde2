// The detector of planted orders, which is called indirect prompt injection: whether a text that tools or documents gave tells the
// model that reads it to do something. Only by who wrote a text can that be told from what a user asks, so it looks at data alone, and at the documents
// inside users' messages. Sentence by sentence, by hashed n-grams: linear, without a network. Trained by scripts/train-injection.py.
import { Failure } from "../../terms/failure.ts";
import type { Inspection } from "../../terms/finding.ts";
import type { Provenance, RequestText } from "../../terms/provenance.ts";
import { documentsWithin } from "./documents-within.ts";
import { NgramReader, ngramBuckets } from "../ngrams.ts";
import type { Safeguard, Scores } from "../safeguard.ts";
import { findingsOf, noScores, probability, thresholdAt } from "../scoring.ts";
import { foldSentence, sentencesOf } from "./sentences.ts";
import { allSteps } from "../steps.ts";
import type { Weights } from "../weights.ts";
import type { Stretch } from "../windows.ts";

const maxChars = 400_000;
/** Characters between two stops of a long text. */
const stepChars = 16_384;

export function plantedOrdersOf(weights: Weights): Omit<Safeguard, "name" | "version" | "digest"> {
  const label = weights.detector;
  const table = weights.thresholds["data:injection"];
  if (table === undefined)
    throw new Failure("artefact_missing", `The weights of ${label} hold no thresholds. Restore them.`);
  const worstIn = worstBy(weights);
  return {
    maxChars,
    surfaces: ["input"],
    thresholds: (rates, surface) =>
      surface === "output"
        ? { review: {}, block: {} }
        : {
            review: { injection: thresholdAt(table, rates.review) },
            block: { injection: thresholdAt(table, rates.block) },
          },
    scores: async (text, surface, provenance = "user") => {
      if (surface === "output") return Promise.resolve(noScores());
      return Promise.resolve(scoresOf(allSteps(worstIn({ text, provenance }))));
    },
    inspect: () => {
      throw new Failure(
        "safeguard_unavailable",
        "Planted orders are looked for by who wrote a text: ask inspectWritten.",
      );
    },
    *inspectWritten(said, thresholds): Generator<void, Inspection, void> {
      if (said.text.length > maxChars) return { kind: "unknown", cause: "too-long" };
      const worst = yield* worstIn(said);
      if (worst === undefined) return { kind: "inspected", findings: [] };
      return findingsOf([{ span: worst.span, scores: scoresOf(worst) }], thresholds, label);
    },
  };
}

function scoresOf(worst: Worst | undefined): Scores {
  return { ...noScores(), injection: worst === undefined ? 0 : probability(worst.logit) };
}

/** What looks most like an order to the model. */
interface Worst {
  readonly span: Stretch;
  readonly logit: number;
}

type WorstIn = (said: RequestText) => Generator<void, Worst | undefined, void>;

function worstBy(weights: Weights): WorstIn {
  const judge = judgeBy(weights);
  return function* worstIn({ text, provenance }) {
    let worst: Worst | undefined;
    for (const [from, to] of dataIn(text, provenance)) {
      const part = from === 0 && to === text.length ? text : text.slice(from, to);
      const found = yield* worstOf(part, judge);
      if (found === undefined || (worst !== undefined && !(found.logit > worst.logit))) continue;
      worst = { span: [found.span[0] + from, found.span[1] + from], logit: found.logit };
    }
    return worst;
  };
}

/** Where a text holds what has no say. */
function dataIn(text: string, provenance: Provenance): readonly Stretch[] {
  switch (provenance) {
    case "data":
      return [[0, text.length]];
    case "user":
      return documentsWithin(text);
    // Full of orders by right, often below labels and between tags: what is stopped there stops every request of a caller.
    case "instructions":
    case "model":
      return [];
  }
}

/** Sums of n-grams of a stretch. */
interface Sums {
  readonly count: number;
  readonly first: number;
}

interface SentenceJudge {
  readonly sumsOf: (text: string) => Sums;
  readonly logitOf: (sums: Sums) => number;
}

function judgeBy(weights: Weights): SentenceJudge {
  const scale = weights.number("ngrams:planted:scale");
  const bias = weights.number("ngrams:planted:bias");
  const signed = weights.int8("ngrams:planted");
  if (signed.length !== ngramBuckets)
    throw new Failure("artefact_missing", "The weights of a safeguard have another size.");
  // The reader adds up two tables at once; the other one is empty.
  const table = Int16Array.from(signed, (weight) => weight << 8);
  return {
    sumsOf: (text) => {
      const { units, length } = foldSentence(text);
      const sums = { count: 0, first: 0, second: 0 };
      const reader = new NgramReader();
      reader.sum({ units, from: 0, to: length }, table, sums);
      reader.sumEnd(table, sums);
      return sums;
    },
    logitOf: ({ count, first }) => {
      const logit = bias + (count === 0 ? 0 : (scale * first) / Math.sqrt(count));
      if (Number.isFinite(logit)) return logit;
      throw new Failure("safeguard_unavailable", "A safeguard gave no number as its score.");
    },
  };
}

/** Each sentence by itself, and with the one before it: an order may be written as two. */
function* worstOf(text: string, { sumsOf, logitOf }: SentenceJudge): Generator<void, Worst | undefined, void> {
  let worst: Worst | undefined;
  let before: (Sums & { readonly start: number }) | undefined;
  let stopped = 0;
  const take = (span: Stretch, sums: Sums): void => {
    const logit = logitOf(sums);
    if (worst === undefined || logit > worst.logit) worst = { span, logit };
  };
  for (const [start, end] of sentencesOf(text)) {
    if (start - stopped >= stepChars) {
      yield;
      stopped = start;
    }
    const { count, first } = sumsOf(text.slice(start, end));
    take([start, end], { count, first });
    if (before !== undefined) {
      take([before.start, end], { count: before.count + count, first: before.first + first });
    }
    before = { count, first, start };
  }
  return worst;
}
