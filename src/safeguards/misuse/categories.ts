// Which category a text is of: a softmax over n-grams in a table of fewer buckets, bucket by bucket. It is asked only of what is
// flagged, since a look at it costs more than the first look itself.
import { Category } from "../../terms/finding.ts";
import { NgramReader } from "../ngrams.ts";
import { foldText } from "../normalise.ts";
import type { Weights } from "../weights.ts";

/** Logits of the categories, in their order. */
export function namesBySpelling(weights: Weights): (text: string) => Float32Array {
  const table = weights.int8("ngrams:categories");
  const bias = weights.float32("ngrams:categories:bias");
  const scale = weights.number("ngrams:categories:scale");
  const heads = Category.options.length;
  const mask = table.length / heads - 1;
  return (text) => {
    const { units, length } = foldText(text);
    const found = new NgramReader().read(units, 0, length);
    const sums = new Int32Array(heads);
    for (const ngram of found) {
      const row = (ngram & mask) * heads;
      for (let head = 0; head < heads; head += 1) sums[head] = (sums[head] ?? 0) + (table[row + head] ?? 0);
    }
    const factor = found.length === 0 ? 0 : scale / Math.sqrt(found.length);
    return Float32Array.from(sums, (sum, head) => (bias[head] ?? 0) + sum * factor);
  };
}

/** Logits of the categories of a stretch of a request, from both looks at it. */
export function namesByBoth(weights: Weights): (text: string, read: Float32Array) => Float32Array {
  const bySpelling = namesBySpelling(weights);
  const spells = weights.number("names:spelling");
  const reads = weights.number("names:encoder");
  return (text, read) => bySpelling(text).map((logit, head) => spells * logit + reads * (read[head] ?? Number.NaN));
}
