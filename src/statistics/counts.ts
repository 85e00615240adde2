// What every bound is given: how many of how many failed, and how sure one wants to be. Counts come from outside
// (documents, imported logs, the command line), so they are checked here once, by every bound.
import { Failure } from "../terms/failure.ts";

/** More trials than this are refused: beyond it nothing here has been checked against a reference. */
export const trialsMax = 1_000_000_000;
const confidenceMin = 0.5;
const confidenceMax = 1 - 1e-12;
/** Less doubt than this is refused: its logarithm still has digits, but no evidence of this world carries it. */
const doubtMin = 1e-200;

export interface Counts {
  readonly failures: number;
  readonly trials: number;
}

export interface Interval {
  readonly lower: number;
  readonly upper: number;
}

/**
 * How sure one wants to be: a confidence, 0.5 to 1 − 10^−12, or the doubt that is left of it, 10^−200 to 0.5. They mean the
 * same (0.95 and { doubt: 0.05 }); in far tails only the doubt keeps its digits.
 */
export type Level = number | { readonly doubt: number };

/** The doubt of a level. Throws request_invalid where it is out of range. */
export function doubtOf(level: Level): number {
  if (typeof level === "number") {
    checkConfidence(level);
    return 1 - level;
  }
  if (!(level.doubt >= doubtMin && level.doubt <= 1 - confidenceMin))
    throw new Failure("request_invalid", `Doubt must be a number from ${doubtMin} to 0.5, for example 0.05.`);
  return level.doubt;
}

/** Throws request_invalid unless the counts are whole, in order and within `trialsMax`. */
export function checkCounts({ failures, trials }: Counts): void {
  if (!Number.isSafeInteger(trials) || trials < 0 || trials > trialsMax)
    throw new Failure("request_invalid", `Trials must be a whole number from 0 to ${trialsMax}.`);
  if (!Number.isSafeInteger(failures) || failures < 0 || failures > trials)
    throw new Failure("request_invalid", `Failures must be a whole number from 0 to the number of trials, ${trials}.`);
}

/** Throws request_invalid unless `confidence` is a probability that says something. */
export function checkConfidence(confidence: number): void {
  if (!(confidence >= confidenceMin && confidence <= confidenceMax))
    throw new Failure("request_invalid", "Confidence must be a number from 0.5 to below 1, for example 0.95.");
}

/** Throws request_invalid unless `limit` is a rate strictly between 0 and 1. */
export function checkLimit(limit: number): void {
  if (!(limit > 0 && limit < 1))
    throw new Failure("request_invalid", "A limit must be a rate above 0 and below 1, for example 0.05 for 5 %.");
}
