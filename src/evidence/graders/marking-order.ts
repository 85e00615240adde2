// Which answers two persons mark, and in which order each sees them: at random and the same every time, drawn from the run's id, which
// stands in its permit before there is an answer. Whoever marks cannot pick what is marked twice.
import { digestOfValue } from "../../proof/digest.ts";
import type { Hasher } from "../../proof/primitives.ts";
import type { RunId } from "../../terms/ids.ts";

/** Of these answers, so many that the share is met, and at least one where it is above 0. */
export function doubleMarked(
  keys: readonly string[],
  { run, share, hasher }: { readonly run: RunId; readonly share: number; readonly hasher: Hasher },
): ReadonlySet<string> {
  const count = Math.ceil(keys.length * share - 1e-9);
  return new Set(shuffled(keys, ["double", run], hasher).slice(0, count));
}

/** As whoever is called so sees them. */
export function orderFor(
  keys: readonly string[],
  { run, who, hasher }: { readonly run: RunId; readonly who: string; readonly hasher: Hasher },
): readonly string[] {
  return shuffled(keys, ["order", run, who], hasher);
}

function shuffled(keys: readonly string[], seed: readonly string[], hasher: Hasher): readonly string[] {
  const drawn = keys.map((key) => ({ key, at: digestOfValue([...seed, key], hasher) }));
  return drawn.toSorted((one, other) => (one.at < other.at ? -1 : 1)).map(({ key }) => key);
}
