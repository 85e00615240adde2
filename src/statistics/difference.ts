// The difference of two shares, with an interval that needs no large numbers.
import { Failure } from "../terms/failure.ts";
import { wilson } from "./binomial.ts";
import { type Counts, type Level, checkCounts } from "./counts.ts";

/**
 * `one`'s share less `other`'s, -1 to 1, with its interval, two-sided: Newcombe's hybrid score method for independent samples
 * (Statistics in Medicine 17, 1998, method 10). Of the same rows judged twice it is wider than it need be. Fails with request_invalid where one has no trials.
 */
export function differenceOfShares(
  one: Counts,
  other: Counts,
  level: Level,
): { readonly difference: number; readonly lower: number; readonly upper: number } {
  for (const counts of [one, other]) checkCounts(counts);
  if (one.trials === 0 || other.trials === 0)
    throw new Failure("request_invalid", "A difference of shares takes trials on both sides.");
  const [left, right] = [one, other].map((counts) => ({
    share: counts.failures / counts.trials,
    ...wilson(counts, level),
  }));
  if (left === undefined || right === undefined) throw new RangeError("two shares are compared");
  const difference = left.share - right.share;
  return {
    difference,
    lower: difference - Math.hypot(left.share - left.lower, right.upper - right.share),
    upper: difference + Math.hypot(left.upper - left.share, right.share - right.lower),
  };
}
