// Evidence that may be looked at whenever one likes: e-values of a rate against a limit. A bettor spreads a stake over
// the rates on one side of the limit, by a beta distribution cut off there, and what the stake has become is the e-value.
// Its expectation at each trial is linear in the true rate and 1 at the limit, so on the other side of the limit the stake
// is a supermartingale, and reaches 1 / doubt at any time with at most that doubt (Ville 1939; Robbins 1970; Howard,
// Ramdas and others, arXiv 1810.08240; Waudby-Smith and Ramdas, arXiv 2010.09686).
import { logTailOverPower, type BetaShape } from "./beta.ts";
import { checkCounts, checkLimit, doubtOf, type Counts, type Level } from "./counts.ts";
import type { Probability } from "./root.ts";
import { checkShape } from "./shape.ts";

/** Weighs every rate on its side of the limit alike. */
export const uniform: BetaShape = { a: 1, b: 1 };

/** What is bet on: that the rate is below the limit (promotion), or above it (rollback). */
export interface Bet {
  readonly limit: number;
  readonly side: "below" | "above";
  /** How the stake is spread, before it is cut off at the limit. `uniform` where it is not given. */
  readonly prior?: BetaShape;
}

/**
 * ln of the e-value of `counts` for `bet`: 0 without trials; one may stop and conclude whenever it reaches ln(1 / doubt),
 * whatever was looked at before. It falls with failures below the limit, and rises with them above. Throws request_invalid.
 */
export function logEValue(counts: Counts, { limit, side, prior = uniform }: Bet): number {
  checkCounts(counts);
  checkLimit(limit);
  checkShape(prior);
  return logEValueAt(counts, { p: limit, complement: 1 - limit }, { side, prior });
}

/** As `logEValue`, at a limit whose complement keeps its digits; nothing is checked. */
export function logEValueAt(
  { failures, trials }: Counts,
  limit: Probability,
  { side, prior }: Required<Omit<Bet, "limit">>,
): number {
  if (trials === 0) return 0;
  const tail = side === "below" ? "lower" : "upper";
  const posterior = { a: prior.a + failures, b: prior.b + trials - failures };
  return logTailOverPower(limit, posterior, tail) - logTailOverPower(limit, prior, tail);
}

/** Whether the e-value of `counts` carries the bet's claim at `level`. */
export function hasReached(counts: Counts, bet: Bet, level: Level): boolean {
  return logEValue(counts, bet) >= -Math.log(doubtOf(level));
}
