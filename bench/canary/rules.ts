// When a canary is rolled back, by our watch and by the rules that delivery tools have: of one run, whose failures are given by the
// exchanges at which they came, the exchange after which a rule rolls back; Infinity where it never does.
import { logWatchedEValue, sureGrader, type Watch, type Watched } from "../../src/statistics/watched-rate.ts";

/** The rate that is allowed. */
export const limit = 0.01;
/** Of a roll-back that is none, and of a widening that is none. */
export const doubt = 0.05;
/** Exchanges that are watched. */
export const horizon = 5000;
/** What the stable version does, for rules that compare. */
export const controlRate = 0.005;

/** Exchanges, from 1, at which harm was served: by the canary, and of as many by the stable version. */
export interface Run {
  readonly canary: readonly number[];
  readonly control: readonly number[];
}

export interface Rule {
  readonly name: string;
  readonly of: "ours" | "others";
  readonly rollsBackAt: (run: Run) => number;
}

const needed = -Math.log(doubt);

function hasReached(watched: Watched, side: Watch["side"]): boolean {
  return logWatchedEValue(watched, { side, limit, weightMin: 1, grader: sureGrader }) >= needed;
}

function all(failed: number, exchanges: number): Watched {
  return [{ weight: 1, failed, clean: exchanges - failed, unknown: 0 }];
}

/** By number of failures: the last exchange at which so many of them roll back. A stake above only rises with a failure. */
const lastRollBack: number[] = [];

function rollBackUntil(failed: number): number {
  return (lastRollBack[failed] ??= lastWhere(failed, (exchanges) => hasReached(all(failed, exchanges), "above")));
}

/** By number of failures: the first exchange at which no more than so many may widen. */
const firstWidening: number[] = [];

function widensFrom(failed: number): number {
  return (firstWidening[failed] ??=
    lastWhere(failed, (exchanges) => exchanges < failed || !hasReached(all(failed, exchanges), "below")) + 1);
}

/** The last of the exchanges from `from` on, up to beyond the horizon, at which `holds` does; it holds at first, and then never again. */
function lastWhere(from: number, holds: (exchanges: number) => boolean): number {
  if (!holds(from)) return from - 1;
  let last = from;
  let first = horizon + 1;
  while (first - last > 1) {
    const middle = Math.floor((first + last) / 2);
    if (holds(middle)) last = middle;
    else first = middle;
  }
  return last;
}

/** The exchange after which our watch of every exchange lets the stage widen. */
export function widensAt({ canary }: Run): number {
  for (let failed = 0; failed <= canary.length; failed += 1) {
    const at = Math.max(widensFrom(failed), (canary[failed - 1] ?? 0) + 1);
    if (at < (canary[failed] ?? horizon + 1)) return at;
  }
  return Infinity;
}

function watchedAt({ canary }: Run): number {
  return canary.find((exchange, at) => exchange <= rollBackUntil(at + 1)) ?? Infinity;
}

/** A rate measured in each interval of so many exchanges; one above the limit is a failed measurement. */
function intervalsAbove(run: Run, exchanges: number): readonly boolean[] {
  const counts = Array.from({ length: Math.floor(horizon / exchanges) }, () => 0);
  for (const exchange of run.canary) {
    const at = Math.floor((exchange - 1) / exchanges);
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return counts.map((failed) => failed / exchanges > limit);
}

function afterFailures(failures: number, exchanges: number): Rule["rollsBackAt"] {
  return (run) => {
    let seen = 0;
    const at = intervalsAbove(run, exchanges).findIndex((isAbove) => isAbove && (seen += 1) === failures);
    return at === -1 ? Infinity : (at + 1) * exchanges;
  };
}

function afterFailuresInARow(failures: number, exchanges: number): Rule["rollsBackAt"] {
  return (run) => {
    let seen = 0;
    const at = intervalsAbove(run, exchanges).findIndex((isAbove) => (seen = isAbove ? seen + 1 : 0) === failures);
    return at === -1 ? Infinity : (at + 1) * exchanges;
  };
}

/**
 * The difference from a control of the same size, looked at after each 100 exchanges, by the asymptotic confidence sequence of
 * Waudby-Smith, Arbour and others (arXiv 2103.06476), one-sided, tuned for 1,000: rolled back where all of it lies beyond the
 * difference that is allowed.
 */
function differenceAt({ canary, control }: Run): number {
  for (let exchanges = 100; exchanges <= horizon; exchanges += 100) {
    const [one, other] = [canary, control].map((failed) => failed.filter((at) => at <= exchanges).length / exchanges);
    if (one === undefined || other === undefined) continue;
    const variance = one * (1 - one) + other * (1 - other);
    const tuning = (2 * Math.log(1 / (2 * doubt)) + 1) / 1000;
    const scaled = exchanges * tuning + 1;
    const reach = Math.sqrt(
      ((2 * scaled * variance) / (exchanges ** 2 * tuning)) * Math.log(1 + Math.sqrt(scaled) / (2 * doubt)),
    );
    if (one - other - reach > limit - controlRate) return exchanges;
  }
  return Infinity;
}

export const rules: readonly Rule[] = [
  { name: "our watch", of: "ours", rollsBackAt: watchedAt },
  { name: "Argo Rollouts, failureLimit 0, each 100", of: "others", rollsBackAt: afterFailures(1, 100) },
  { name: "Argo Rollouts, failureLimit 3, each 100", of: "others", rollsBackAt: afterFailures(4, 100) },
  { name: "Argo Rollouts, failureLimit 0, each 1,000", of: "others", rollsBackAt: afterFailures(1, 1000) },
  { name: "Flagger, threshold 5, each 100", of: "others", rollsBackAt: afterFailures(5, 100) },
  { name: "three in a row, each 100", of: "others", rollsBackAt: afterFailuresInARow(3, 100) },
  { name: "difference from a control, sequential", of: "others", rollsBackAt: differenceAt },
];
