// What the cards of safeguards say: what was measured, of which texts, and what was asked for. Only the page of the safeguards loads it.
import { countInWords, numberInWords, percentInWords } from "./format.ts";

interface Share {
  readonly count: number;
  readonly of: number;
  readonly lower: number;
  readonly upper: number;
}

interface Found {
  readonly found: string;
  readonly what: string;
}

interface Refused {
  readonly refused: string;
  readonly against: string;
}

interface Sides {
  readonly harmful: number;
  readonly harmless: number;
  readonly against: string;
}

interface Named {
  readonly name: string;
  readonly share: string;
}

/** 56.2 % (52.1 to 60.3; 330 of 587) */
function shareInWords({ count, of, lower, upper }: Share): string {
  const range = `${figure(lower)} to ${figure(upper)}`;
  return of === 0 ? "none" : `${percentInWords(count / of)} (${range}; ${countInWords(count, of)})`;
}

function figure(share: number): string {
  return percentInWords(share).replace(/\s%$/u, "");
}

const seen = {
  "left-out": "left out of training",
  "in-kind": "training had rows of this kind",
  "held-back": "rows held back, others of the source trained on",
  "in-sight": "in sight while the rules were written",
} as const;

export const safeguardCards = {
  share: shareInWords,
  title: "What was measured of each",
  lead: "Before it was released, on texts with known labels. The figures ship beside each safeguard. Every interval is of 95 %.",
  measured: (day: string, by: string) => `Measured on ${day}, by ${by}.`,
  together: (names: string) => `The figures are of ${names} together, as the shipped documents run them.`,
  weights: "Weights",
  limits: "What its maker says it cannot do",
  without: {
    declared:
      "Declared by its operator; no figures here. Only runs of a suite measure what it does behind this gateway.",
    unmeasured:
      "Exact patterns of the operator’s own: they find what they say. Nobody measured how often that is right.",
    unknown: "This release has no such safeguard, so there are no figures of it here.",
  },
  otherRates: (ours: string, shipped: string) =>
    `Here it stops at ${ours}. Shares by category and by set were counted at ${shipped}, as it ships.`,
  rates: (block: number, review: number) => `${percentInWords(block)} (review from ${percentInWords(review)})`,
  seen,
  mixed: "of both",
  curves: {
    title: { input: "Requests: found against refused", output: "Answers: found against stopped" },
    lead: (rate: number, { found, what }: Found, { refused, against }: Refused) =>
      `At ${percentInWords(rate)} of harmless texts, the rate that is set here, it finds ${found} of ${what} and stops ${refused} of ${against}. A ring marks that point on each curve, with its intervals.`,
    noPoint: "Each curve shows what is found as more harmless texts are refused.",
    onePoint: "One rate for all categories: where some are narrower, a little less is found.",
    view: "Curves",
    together: "sets together",
    set: "each set by itself",
    across: "harmless texts refused (logarithmic; none: at the left end)",
    up: "harmful texts found",
    name: "Curve",
    what: "Training",
    against: "Against",
    rate: "Benign rate",
    caught: "Found",
    refused: "Refused",
    legend: (name: string, { harmful, harmless, against }: Sides) =>
      `${name}: ${numberInWords(harmful)} against ${numberInWords(harmless)} ${against}`,
  },
  reliability: {
    title: { input: "Requests: what a score means", output: "Answers: what a score means" },
    lead: (score: string, share: string) =>
      `A score is not a probability: of texts that score about ${score}, ${share} were harmful. On the dashed line both would be the same; larger points speak of more texts.`,
    across: "score",
    up: "harmful among them",
    score: "Score, on average",
    harmful: "Harmful",
    of: "Texts",
  },
  shares: {
    title: {
      category: "Found, by category",
      set: {
        "harmful input": "Harmful requests found, by set",
        "harmless input": "Harmless requests stopped, by set",
        "harmful output": "Harmful answers found, by set",
        "harmless output": "Harmless answers stopped, by set",
      },
      source: {
        "harmful input": "Planted orders found, by source",
        "harmless input": "Harmless data flagged, by source",
      },
      rule: {
        "harmful input": "What the rules find of attacks",
        "harmless input": "What the rules find of harmless requests",
      },
    },
    most: (most: Named, least: Named) => `Most of ${most.name}, ${most.share}; least of ${least.name}, ${least.share}.`,
    worst: (name: string, share: string) => `Most often wrong on ${name}: ${share}.`,
    neverWrong: "None was stopped in any of them.",
    hollow: "Hollow marks: training had such rows. Filled ones: left out of training whole.",
    limit: "Dashed: the most that was asked for.",
    name: "Of",
    what: "Training",
    found: "Found, with 95 % interval",
    limitColumn: "At most asked for",
  },
  targets: {
    title: "What was asked for, and what came out",
    lead: (missed: number, all: number) =>
      missed === 0
        ? `All ${numberInWords(all)} lines that were asked for are met.`
        : `${numberInWords(missed)} of ${numberInWords(all)} lines that were asked for are missed.`,
    caption: "Targets",
    all: (met: number) => `Show the ${numberInWords(met)} that are met, too`,
    missedOnly: "Show only what is missed",
    what: "What",
    of: "Of",
    target: "Asked for",
    measured: "Measured",
    verdict: "Outcome",
    met: "met",
    missed: "missed",
    notShown: "interval reaches over the target",
    record: "from training’s records, not of what ships",
  },
} as const;
