// A watch over the steps of a stage, as people read it: what each live measure has counted, what the two bets on it stand at, and
// what follows.
import type { WatchView } from "../../control/contract.ts";
import { tableOf } from "../stats/options.ts";
import { percentInWords } from "../../acts/condition-words.ts";

/** `isHeld`: a hold stops the model, or the stage that is watched. */
export function watchLines(watch: WatchView | null, isHeld: boolean): readonly string[] {
  if (watch === null) return [];
  const { verdict, measures, blindSince, exchanges, since, late, period } = watch;
  const lateWords = late === 0 ? "" : `, and ${late} that were drained too late to be of it`;
  const table = tableOf([
    ["live measure", "limit", "exchanges", "bad", "unknown", "rate", "exceeded", "kept", "needed", ""],
    ...measures.map(rowOf),
  ]);
  return [
    `  Watch: ${sentenceOf(watch, isHeld)} (${verdict}). Period ${period}, since ${since}: ${exchanges} exchange(s)${lateWords}.`,
    ...table.split("\n").map((line) => `    ${line}`),
    ...measures.flatMap(probeLines),
    ...(blindSince === null
      ? []
      : [
          `    WARNING: blind since ${blindSince}. No exchange of it came from any gateway: nothing is known of what is served.`,
        ]),
  ];
}

function sentenceOf({ verdict, rolledBackFor, measures }: WatchView, isHeld: boolean): string {
  switch (verdict) {
    case "may-widen":
      return "every live measure is shown to keep its limit, so that a person may widen it";
    case "rolled-back":
      return `the server stepped back for ${rolledBackFor ?? "a live measure"}; a person widens it again`;
    case "exceeded":
      return `${measures
        .filter((one) => one.verdict === "exceeded")
        .map(({ id }) => id)
        .join(
          ", ",
        )} exceeded its limit: ${isHeld ? "there is no smaller step, so it is held" : "the server steps back"}`;
    case "hold":
      return `not shown yet: ${measures
        .filter((one) => one.verdict !== "kept")
        .map(({ id }) => id)
        .join(", ")}`;
  }
}

/** Of probes: how many there were, and what the bet that the limit is kept began with. */
function probeLines({ id, probes, kept, neededKept }: WatchView["measures"][number]): readonly string[] {
  if (probes === null) return [];
  const { suite, count, isFresh, withinHours, laboratory } = probes;
  const { exchanges, bad, unknown } = laboratory;
  const stale = isFresh ? "" : `; none was sealed within ${withinHours} h, which the next step takes`;
  return [
    `    ${id}: ${count} probe(s) of ${suite} in this period${stale}. "Kept" goes on with the laboratory's ${exchanges} clusters (${bad} bad, ${unknown} unknown) and all probes since: ${short(kept)} of ${short(neededKept)}.`,
  ];
}

function rowOf(measure: WatchView["measures"][number]): readonly string[] {
  const { id, limit, exchanges, bad, unknown, interval, exceeded, kept, needed, verdict, exchangesMin } = measure;
  const few = exchanges < exchangesMin ? `at least ${exchangesMin} exchanges` : "";
  return [
    id,
    percentInWords(limit),
    String(exchanges),
    String(bad),
    String(unknown),
    `${percentInWords(interval.lower)} to ${percentInWords(interval.upper)}`,
    short(exceeded),
    short(kept),
    short(needed),
    verdict === "open" ? few : verdict,
  ];
}

function short(value: number): string {
  return value >= 1e6 || (value > 0 && value < 1e-3) ? value.toExponential(1) : String(Number(value.toPrecision(3)));
}
