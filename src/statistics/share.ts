// How many of how many, and how people read it. A bound is read as it was computed: what is decided by one is never read off here.
import type { Interval } from "./counts.ts";

/** How many of how many, with an interval of the share. */
export interface Share extends Interval {
  readonly count: number;
  readonly of: number;
}

/** 0 where it is of nothing, as it is drawn; whoever writes it says that there is none. */
export function rateOf({ count, of }: Pick<Share, "count" | "of">): number {
  return of === 0 ? 0 : count / of;
}

/** `12.3 %`; of less than 1 % two digits. */
export function percent(share: number): string {
  return `${percentFigure(share)} %`;
}

/** The same without the sign. */
export function percentFigure(share: number): string {
  const hundredfold = share * 100;
  return String(Number(hundredfold.toFixed(hundredfold !== 0 && hundredfold < 1 ? 2 : 1)));
}

/** One digit always, as `12.0 %`: for columns, and for what stands beside them. */
export function percentToTenth(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** `12.3 % (10.1 to 14.8; 40 of 325)`. */
export function shareText({ count, of, lower, upper }: Share): string {
  if (of === 0) return "none";
  return `${percent(count / of)} (${percentFigure(lower)} to ${percentFigure(upper)}; ${count} of ${of})`;
}
