// Several hypotheses at once. For a gate whose requirements must all hold nothing is corrected (an intersection-union test);
// where any of several alarms may ring, each is. p-values: Holm (Scandinavian Journal of Statistics 6, 1979) and Benjamini and
// Hochberg (JRSS B 57, 1995). e-values: their mean, whatever their dependence, and their product, if each is valid given those
// before it (Vovk and Wang, Annals of Statistics 49, 2021); adjusted for the family by closing the mean, and e-BH (Wang and
// Ramdas, JRSS B 84, 2022).
import { Failure } from "../terms/failure.ts";

/** More hypotheses than this are refused: closing the mean takes their number squared. */
const hypothesesMax = 10_000;

/** Holm's adjusted p-values, in the order given: below α no more often than α for any true one, whatever their dependence. */
export function holm(values: readonly number[]): readonly number[] {
  checkProbabilities(values);
  const order = ascending(values);
  let largest = 0;
  const adjusted = new Map<number, number>();
  for (const [rank, at] of order.entries()) {
    largest = Math.max(largest, Math.min(1, (values.length - rank) * (values[at] ?? 1)));
    adjusted.set(at, largest);
  }
  return values.map((_, at) => adjusted.get(at) ?? 1);
}

/** Benjamini and Hochberg's adjusted p-values: bounds on the false discovery rate, for independent or positively dependent ones. */
export function benjaminiHochberg(values: readonly number[]): readonly number[] {
  checkProbabilities(values);
  const order = ascending(values).toReversed();
  let smallest = 1;
  const adjusted = new Map<number, number>();
  for (const [rank, at] of order.entries()) {
    smallest = Math.min(smallest, (values.length / (values.length - rank)) * (values[at] ?? 1));
    adjusted.set(at, smallest);
  }
  return values.map((_, at) => adjusted.get(at) ?? 1);
}

/** e-BH's adjusted p-values, of e-values: bounds on the false discovery rate whatever the dependence. */
export function eBenjaminiHochberg(values: readonly number[]): readonly number[] {
  checkEValues(values);
  return benjaminiHochberg(values.map((value) => Math.min(1, 1 / value)));
}

/** An e-value against "all hypotheses are true", whatever the dependence. */
export function meanOfEValues(values: readonly number[]): number {
  checkEValues(values);
  return values.reduce((sum, value) => sum + value / values.length, 0);
}

/** ln of their product: an e-value only where each is valid given the ones before it, as from independent data. −∞ with a zero. */
export function logProductOfEValues(values: readonly number[]): number {
  checkEValues(values);
  return values.reduce((sum, value) => sum + Math.log(value), 0);
}

/**
 * Each e-value adjusted for the family: the least mean of it with any set of the others. One that reaches 1 / α may be believed
 * at α although the largest was picked out.
 */
export function familyEValues(values: readonly number[]): readonly number[] {
  checkEValues(values);
  const sorted = values.toSorted((left, right) => left - right);
  return values.map((value) => {
    let least = value;
    let sum = value;
    let count = 1;
    for (const other of sorted) {
      if (other >= least) break;
      sum += other;
      count += 1;
      least = Math.min(least, sum / count);
    }
    return least;
  });
}

function ascending(values: readonly number[]): readonly number[] {
  return values.map((_, at) => at).toSorted((left, right) => (values[left] ?? 0) - (values[right] ?? 0));
}

function checkProbabilities(values: readonly number[]): void {
  checkNumber(values);
  if (!values.every((value) => value >= 0 && value <= 1))
    throw new Failure("request_invalid", "A p-value is a number from 0 to 1.");
}

function checkEValues(values: readonly number[]): void {
  checkNumber(values);
  if (!values.every((value) => value >= 0 && value <= Number.MAX_VALUE))
    throw new Failure("request_invalid", "An e-value is a number from 0 on.");
}

function checkNumber(values: readonly number[]): void {
  if (values.length === 0 || values.length > hypothesesMax)
    throw new Failure("request_invalid", `From 1 to ${hypothesesMax} values are combined at once.`);
}
