// Distinct everyday texts to measure with, so that nothing can be answered from a memory of the one before. Made from a fixed
// seed: every run measures the same ones.
import { readFileSync } from "node:fs";
import { detectorOf } from "../src/safeguards/misuse/detector.ts";
import type { SecondLook } from "../src/safeguards/misuse/second-look.ts";
import { readWeights } from "../src/safeguards/weights.ts";

const words = (
  "river garden engine library market window bread summer railway bridge teacher paper letter morning kitchen valley season " +
  "harbour lantern orchard copper village meadow compass ladder thread weather basket candle mirror blanket pencil bicycle " +
  "station island forest mountain recipe history colour music painting theatre novel poem chapter formula method journey"
).split(" ");

/** `count` texts of about `chars` characters. */
export function distinctTexts(count: number, chars: number): readonly string[] {
  let seed = 12_345;
  const next = (): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed / 2_147_483_648;
  };
  return Array.from({ length: count }, (_, at) => {
    let text = `Question ${at}: please explain`;
    while (text.length < chars) {
      const word = words[Math.floor(next() * words.length)] ?? "";
      text += next() < 0.12 ? `. Then tell me about the ${word}` : ` ${word}`;
    }
    return text;
  });
}

/**
 * Which of these texts the shipped detector clears at its first look, and which it would ask the encoder about: the second
 * look costs some hundred times the first, so the two are measured apart.
 */
export async function byDoubt(texts: readonly string[]): Promise<Readonly<Record<"clear" | "doubtful", string[]>>> {
  const file = new URL("../src/safeguards/artefacts/misuse-4.bin", import.meta.url);
  let asked = 0;
  const lookOn: SecondLook = {
    ask: async (windows) => {
      asked += windows.length;
      return Promise.resolve({ kind: "unknown", cause: "failed" });
    },
  };
  const detector = detectorOf(readWeights(readFileSync(file)), lookOn);
  const thresholds = detector.thresholds({ block: 0.005, review: 0.02 }, "input");
  const sorted: Record<"clear" | "doubtful", string[]> = { clear: [], doubtful: [] };
  for (const text of texts) {
    const before = asked;
    const steps = detector.inspectRequest?.(text, thresholds, "");
    let step = steps?.next();
    while (step?.done === false) step = steps?.next();
    if (step?.done === true) await step.value();
    sorted[asked > before ? "doubtful" : "clear"].push(text);
  }
  return sorted;
}
