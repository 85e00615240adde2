// Rates by category: what is chosen of what each rate would stop, and that no set of harmless texts pays more than its share.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { Category } from "../../terms/finding.ts";
import { ratesByCategory, type StoppedText } from "./category-rates.ts";

function text(label: "harmful" | "benign", set: string, from: Partial<Record<Category, number>>): StoppedText {
  const entries = Category.options.flatMap((category) => {
    const place = from[category];
    return place === undefined ? [] : [[category, place] as const];
  });
  return { isHarmful: label === "harmful", set, isAlways: false, from: new Map(entries) };
}

function times(count: number, one: StoppedText): readonly StoppedText[] {
  return Array.from({ length: count }, () => ({ ...one }));
}

test("a category is widened as far as it catches something, and not where a set would pay more than its share", () => {
  const texts = [
    ...times(5, text("harmful", "", { fraud: 2 })),
    ...times(5, text("harmful", "", { cyber: 2 })),
    ...times(3, text("benign", "security", { cyber: 1 })),
    ...times(97, text("benign", "security", {})),
    ...times(2, text("benign", "everyday", { fraud: 2 })),
    ...times(98, text("benign", "everyday", {})),
  ];
  const { places, stopped } = ratesByCategory(texts, 4, () => 0.02);
  assert.deepEqual(
    [...places],
    [
      ["cyber", 0],
      ["fraud", 2],
    ],
  );
  assert.equal([...stopped].filter(({ isHarmful }) => isHarmful).length, 5);
  const narrower = ratesByCategory(texts, 4, (set) => (set === "everyday" ? 0.01 : 0.03));
  assert.deepEqual(narrower.places.get("cyber"), 2);
  assert.deepEqual(narrower.places.get("fraud"), 0);
});

test("where the budget does not reach for two, it goes to what catches more for it", () => {
  const texts = [
    ...times(9, text("harmful", "", { fraud: 1 })),
    ...times(2, text("harmful", "", { hate: 1 })),
    text("benign", "a", { hate: 1 }),
    text("benign", "a", { fraud: 1 }),
    ...times(98, text("benign", "a", {})),
  ];
  const { places } = ratesByCategory(texts, 2, () => 0.01);
  assert.deepEqual([places.get("fraud"), places.get("hate")], [1, 0]);
});

function doesStop({ from }: StoppedText, at: ReadonlyMap<Category, number>): boolean {
  return [...at].some(([category, to]) => (from.get(category) ?? Infinity) <= to);
}

const place = fc.integer({ min: 0, max: 6 });
const any = fc.record({
  isHarmful: fc.boolean(),
  set: fc.constantFrom("a", "b"),
  isAlways: fc.boolean(),
  from: fc
    .uniqueArray(fc.tuple(fc.constantFrom(...Category.options), place), {
      maxLength: 3,
      selector: ([category]) => category,
    })
    .map((entries): ReadonlyMap<Category, number> => new Map(entries)),
});

test("whatever the texts, only the narrowest rates may refuse more of a set than its share, and all is stopped that the places stop", () => {
  fc.assert(
    fc.property(fc.array(any, { maxLength: 80 }), fc.double({ min: 0.01, max: 0.5, noNaN: true }), (texts, most) => {
      const { places, stopped } = ratesByCategory(texts, 7, () => most);
      const narrowest = new Map([...places].map(([category]) => [category, 0] as const));
      for (const one of texts) assert.equal(stopped.has(one), one.isAlways || doesStop(one, places));
      for (const set of ["a", "b"]) {
        const benign = texts.filter((one) => !one.isHarmful && one.set === set);
        const refused = benign.filter((one) => stopped.has(one)).length;
        const least = benign.filter((one) => one.isAlways || doesStop(one, narrowest)).length;
        assert.ok(refused === least || refused <= benign.length * most + 1e-6);
      }
    }),
    { seed: 4, numRuns: 500 },
  );
});
