// How judgements word their numbers.

/** A count of things; `undefined` where it is too large to be counted here. */
export function wording(count: number | undefined, noun: string): string {
  if (count === undefined) return `more ${noun}s than can be counted here`;
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** At most three significant digits, as people write rates. */
export function percent(rate: number): string {
  return `${Number((rate * 100).toPrecision(rate > 0.9 ? 6 : 3))} %`;
}
