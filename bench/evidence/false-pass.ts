// How often a rate that lies right at its limit is "proven" to lie below it, by each rule, where whoever runs the evaluation looks
// fifty times and stops at the first pass; and how often it is "shown" to lie above it, which would roll a release back. Simulated
// with fixed seeds, and beside it worked out exactly by another way: the distribution of the runs that go on, look after look.
import {
  clopperPearson,
  clopperPearsonLower,
  clopperPearsonUpper,
  failuresAllowed,
  isShown,
  wilson,
} from "../../src/statistics/binomial.ts";
import type { Counts, Interval } from "../../src/statistics/counts.ts";
import { hasReached } from "../../src/statistics/evalue.ts";
import { anytimeInterval, anytimeUpper, tunedInterval } from "../../src/statistics/sequence.ts";
import { binomialDraw, randomFrom } from "./random.ts";

export const looks = 50;
/** Of a pass that is none. */
export const doubt = 0.05;

export interface Rule {
  readonly name: string;
  /** What somebody ships: ours, or a rule that is common elsewhere and wrong where one looks more than once. */
  readonly of: "ours" | "common";
  /** Looked at once, after the last trial, or at every look. */
  readonly at: "end" | "every look";
  /** What is claimed: that the rate is at most the limit, or above it. */
  readonly claims: "below" | "above";
  readonly passes: (counts: Counts, limit: number) => boolean;
}

const confidence = 1 - doubt;

/** Mean and 1.96 standard errors, which is also what t and the bootstrap come to. Without a failure it is 0 to 0. */
function waldUpper({ failures, trials }: Counts): number {
  const rate = failures / trials;
  return rate + 1.959964 * Math.sqrt((rate * (1 - rate)) / trials);
}

export const rules: readonly Rule[] = [
  {
    name: "Clopper-Pearson, once, at the planned number",
    of: "ours",
    at: "end",
    claims: "below",
    passes: (counts, limit) => isShown(counts, { limit, confidence }),
  },
  {
    name: "e-value, uniform bet",
    of: "ours",
    at: "every look",
    claims: "below",
    passes: (counts, limit) => hasReached(counts, { limit, side: "below" }, confidence),
  },
  {
    name: "e-value, bet of 0.5,0.5",
    of: "ours",
    at: "every look",
    claims: "below",
    passes: (counts, limit) => hasReached(counts, { limit, side: "below", prior: { a: 0.5, b: 0.5 } }, confidence),
  },
  {
    name: "anytime bound, one-sided",
    of: "ours",
    at: "every look",
    claims: "below",
    passes: (counts, limit) => anytimeUpper(counts, confidence) <= limit,
  },
  {
    name: "anytime interval, uniform mixture",
    of: "ours",
    at: "every look",
    claims: "below",
    passes: (counts, limit) => anytimeInterval(counts, confidence).upper <= limit,
  },
  {
    name: "anytime interval, tuned for half of the trials",
    of: "ours",
    at: "every look",
    claims: "below",
    passes: (counts, limit) => tunedInterval(counts, confidence, Math.round(looks / limit / 2)).upper <= limit,
  },
  {
    name: "Clopper-Pearson at every look",
    of: "common",
    at: "every look",
    claims: "below",
    passes: (counts, limit) => clopperPearsonUpper(counts, confidence) <= limit,
  },
  {
    name: "Wilson at every look",
    of: "common",
    at: "every look",
    claims: "below",
    passes: (counts, limit) => wilson(counts, confidence).upper <= limit,
  },
  {
    name: "mean and 1.96 standard errors at every look",
    of: "common",
    at: "every look",
    claims: "below",
    passes: (counts, limit) => waldUpper(counts) <= limit,
  },
  {
    name: "rollback: e-value, uniform bet",
    of: "ours",
    at: "every look",
    claims: "above",
    passes: (counts, limit) => hasReached(counts, { limit, side: "above" }, confidence),
  },
  {
    name: "rollback: e-value, bet of 0.5,0.5",
    of: "ours",
    at: "every look",
    claims: "above",
    passes: (counts, limit) => hasReached(counts, { limit, side: "above", prior: { a: 0.5, b: 0.5 } }, confidence),
  },
  {
    name: "rollback: Clopper-Pearson at every look",
    of: "common",
    at: "every look",
    claims: "above",
    passes: (counts, limit) => clopperPearsonLower(counts, confidence) > limit,
  },
];

export interface FalsePass {
  readonly rule: string;
  readonly of: Rule["of"];
  readonly limit: number;
  readonly trials: number;
  /** How many of the simulated runs passed, with a 99 % interval of the share. */
  readonly passed: number;
  readonly runs: number;
  readonly interval: Interval;
  /** The share by the exact distribution, after each look. */
  readonly exact: readonly number[];
}

/** All rules at one limit, over the same runs. There are 1 / limit trials between looks. */
export function falsePasses(limit: number, runs: number): readonly FalsePass[] {
  const step = Math.round(1 / limit);
  const edges = rules.map((rule) => edgesOf(rule, { limit, step }));
  const passed = rules.map(() => 0);
  const random = randomFrom(Math.round(limit * 1e6));
  for (let run = 0; run < runs; run += 1) {
    const failures: number[] = [];
    for (let look = 0; look < looks; look += 1)
      failures.push((failures.at(-1) ?? 0) + binomialDraw(random, step, limit));
    for (const [at, edge] of edges.entries())
      if (failures.some((count, look) => isPast(edge[look], count))) passed[at] = (passed[at] ?? 0) + 1;
  }
  return rules.map(({ name, of }, at) => ({
    rule: name,
    of,
    limit,
    trials: step * looks,
    passed: passed[at] ?? 0,
    runs,
    interval: clopperPearson({ failures: passed[at] ?? 0, trials: runs }, 0.99),
    exact: exactShares(edges[at] ?? [], step, limit),
  }));
}

interface Walk {
  readonly limit: number;
  readonly step: number;
}

/** The failures, at one look, with which a rule passes: up to so many, or from so many on. */
type Edge = { readonly upTo: number } | { readonly from: number };

function isPast(edge: Edge | undefined, failures: number): boolean {
  if (edge === undefined) return false;
  return "upTo" in edge ? failures <= edge.upTo : failures >= edge.from;
}

/** At each look; every rule here passes the sooner the fewer failures there are (the more, where it claims a rate above). */
function edgesOf(rule: Rule, { limit, step }: Walk): readonly Edge[] {
  let [most, fewest] = [-1, 0];
  return Array.from({ length: looks }, (_, look) => {
    const trials = (look + 1) * step;
    if (rule.at === "end")
      return { upTo: look < looks - 1 ? -1 : (failuresAllowed(trials, { limit, confidence }) ?? -1) };
    if (rule.claims === "below") {
      while (most < trials && rule.passes({ failures: most + 1, trials }, limit)) most += 1;
      return { upTo: most };
    }
    while (fewest <= trials && !rule.passes({ failures: fewest, trials }, limit)) fewest += 1;
    return { from: fewest };
  });
}

/** Share of runs that have passed, after each look. */
function exactShares(edges: readonly Edge[], step: number, rate: number): readonly number[] {
  const oneStep = pointChances(step, rate);
  let going: readonly number[] = [1];
  let passed = 0;
  return edges.map((edge) => {
    const next = Array.from({ length: going.length + oneStep.length - 1 }, () => 0);
    for (const [before, chance] of going.entries())
      for (const [more, share] of oneStep.entries()) next[before + more] = (next[before + more] ?? 0) + chance * share;
    passed += next.reduce((sum, chance, failures) => (isPast(edge, failures) ? sum + chance : sum), 0);
    going = next.map((chance, failures) => (isPast(edge, failures) ? 0 : chance));
    return passed;
  });
}

/** The chances of 0, 1, 2 … failures of `trials`, as far as they matter. */
export function pointChances(trials: number, rate: number): readonly number[] {
  const chances: number[] = [];
  let log = trials * Math.log1p(-rate);
  for (let k = 0; k <= trials && (k <= trials * rate || log > -50); k += 1) {
    chances.push(Math.exp(log));
    log += Math.log((trials - k) / (k + 1)) + Math.log(rate / (1 - rate));
  }
  return chances;
}
