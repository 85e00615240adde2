// The thresholds of one entry of a chain: those of its rates, with those of categories that have rates of their own.
import type { Category, Surface } from "../terms/finding.ts";
import type { Safeguard, Thresholds } from "./safeguard.ts";
import type { CategoryLimits, LocalEntry } from "./safeguards-document.ts";

/** Those of the entry's rates, and for categories with rates of their own those of these. */
export function thresholdsOf(entry: LocalEntry, safeguard: Safeguard, surface: Surface): Thresholds {
  if ("patterns" in entry || "rules" in entry) return safeguard.thresholds({ block: 0, review: 0 }, surface);
  const at = ({ block = entry.block, review = entry.review }: Partial<CategoryLimits>): Thresholds =>
    safeguard.thresholds({ block: block.benignRate, review: review.benignRate }, surface);
  const { review, block } = at({});
  const [ownReview, ownBlock] = [{ ...review }, { ...block }];
  for (const limits of entry.categories ?? []) {
    const { category, on } = limits;
    if (on?.includes(surface) === false) continue;
    const own = at(limits);
    Object.assign(ownReview, ofCategory(own.review, category));
    Object.assign(ownBlock, ofCategory(own.block, category));
  }
  return { review: ownReview, block: ownBlock };
}

function ofCategory(thresholds: Thresholds["block"], category: Category): Thresholds["block"] {
  const threshold = thresholds[category];
  return threshold === undefined ? {} : { [category]: threshold };
}
