// The view by meaning. Until the network ships this file answers neutral numbers; its seam is final.
import { Category } from "../terms/finding.ts";
import type { Weights } from "./weights.ts";

/** What the network says of one window: logits of the heads, and one logit a category in the order of `Category`. */
export interface Meaning {
  readonly "misuse-input": number;
  readonly "misuse-output": number;
  readonly "attack-input": number;
  readonly categories: Float32Array;
}

export function networkOf(weights: Weights): (text: string) => Meaning {
  const neutral: Meaning = {
    "misuse-input": 0,
    "misuse-output": 0,
    "attack-input": 0,
    categories: new Float32Array(Category.options.length),
  };
  return () => (weights.has("embedding") ? neutral : neutral);
}
