// Where in its document the safeguard stands that said something: as receipts name it.
import type { Finding } from "../terms/finding.ts";
import { isRemote } from "./remote/remote-document.ts";
import type { ChainEntry } from "./safeguards-document.ts";

/** The place among the entries, from 0; undefined for what none of them says by itself. */
export type PlaceOf = (said: Pick<Finding, "detector" | "pattern">) => number | undefined;

/** By what findings are called; of several called the same the one that has the pattern, or the first. */
export function placesIn(entries: readonly ChainEntry[]): PlaceOf {
  return ({ detector, pattern }) => {
    const called = entries.map((entry) => nameOf(entry) === detector);
    const has = entries.findIndex(
      (entry, at) => called[at] === true && "patterns" in entry && entry.patterns.some(({ name }) => name === pattern),
    );
    const place = has < 0 ? called.indexOf(true) : has;
    return place < 0 ? undefined : place;
  };
}

function nameOf(entry: ChainEntry): string {
  return isRemote(entry) ? `${entry.safeguard} ${entry.name}` : entry.safeguard;
}
