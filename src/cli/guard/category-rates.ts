// A rate for each category, chosen on labelled texts, for `guard tune --by-category`. Categories differ in how often harmless texts sound like
// them, so that one rate for all is too wide for some and too narrow for others. Pure: what each rate stops is counted before.
import { Category } from "../../terms/finding.ts";

/** A text, and from which of the rates tried on each category stops it, as a place among them. */
export interface StoppedText {
  readonly isHarmful: boolean;
  /** What it stands with; of each set of harmless texts no more than its share may be refused. */
  readonly set: string;
  /** What is stopped at any rate, whatever finds it. */
  readonly isAlways: boolean;
  readonly from: ReadonlyMap<Category, number>;
}

/** Of a set of harmless texts: the greatest share that may be refused. */
export type ShareMaxOf = (set: string) => number;

export interface Choice {
  /** For each category that catches something: a place among the rates. */
  readonly places: ReadonlyMap<Category, number>;
  readonly stopped: ReadonlySet<StoppedText>;
}

/**
 * Every category begins at the narrowest rate. Then the category is widened, to the rate that catches most further harmful texts for each
 * harmless one that it refuses more (and one), as long as no set has more refused than its share; again, until nothing further is
 * caught. Of equals the narrower rate, then the first category. Cost: texts, times rates, times categories squared.
 */
export function ratesByCategory(texts: readonly StoppedText[], rates: number, shareMaxOf: ShareMaxOf): Choice {
  const sizes = new Map<string, number>();
  for (const { isHarmful, set } of texts) if (!isHarmful) sizes.set(set, (sizes.get(set) ?? 0) + 1);
  const refusedMax = new Map([...sizes].map(([set, size]) => [set, Math.floor(shareMaxOf(set) * size + 1e-9)]));
  const finders = Category.options.filter((category) =>
    texts.some(({ isHarmful, from }) => isHarmful && from.has(category)),
  );
  const places = new Map(finders.map((category) => [category, 0]));
  const stopped = new Set(texts.filter(({ isAlways, from }) => isAlways || finders.some((one) => from.get(one) === 0)));
  for (;;) {
    const best = widest(places, rates, { texts, stopped, refusedMax });
    if (best === undefined) return { places, stopped };
    places.set(best.category, best.place);
    for (const text of best.further) stopped.add(text);
  }
}

interface Counted {
  readonly texts: readonly StoppedText[];
  readonly stopped: ReadonlySet<StoppedText>;
  readonly refusedMax: ReadonlyMap<string, number>;
}

interface Widened {
  readonly category: Category;
  readonly place: number;
  readonly further: readonly StoppedText[];
  readonly worth: number;
}

/** The widening that is worth most; undefined where none that is allowed catches anything. */
function widest(places: ReadonlyMap<Category, number>, rates: number, counted: Counted): Widened | undefined {
  const refused = refusedBySet([...counted.stopped]);
  let best: Widened | undefined;
  for (const [category, now] of places) {
    for (let place = now + 1; place < rates; place += 1) {
      const widened = widenedTo(category, place, counted);
      // Wider ones refuse no less.
      if (!isAllowed(widened.further, refused, counted.refusedMax)) break;
      if (widened.worth > 0 && (best === undefined || isBetter(widened, best))) best = widened;
    }
  }
  return best;
}

function isBetter(one: Widened, other: Widened): boolean {
  return one.worth === other.worth ? one.place < other.place : one.worth > other.worth;
}

function widenedTo(category: Category, place: number, { texts, stopped }: Counted): Widened {
  const further = texts.filter((text) => !stopped.has(text) && (text.from.get(category) ?? Infinity) <= place);
  const caught = further.filter(({ isHarmful }) => isHarmful).length;
  return { category, place, further, worth: caught / (further.length - caught + 1) };
}

function isAllowed(
  further: readonly StoppedText[],
  refused: ReadonlyMap<string, number>,
  refusedMax: ReadonlyMap<string, number>,
): boolean {
  return [...refusedBySet(further)].every(
    ([set, more]) => (refused.get(set) ?? 0) + more <= (refusedMax.get(set) ?? 0),
  );
}

function refusedBySet(texts: readonly StoppedText[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { isHarmful, set } of texts) if (!isHarmful) counts.set(set, (counts.get(set) ?? 0) + 1);
  return counts;
}
