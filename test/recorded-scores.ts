// What the shipped detector makes of varied texts, as one digest a text: folded text, n-grams, word pieces, all scores,
// and what a chain finds in it on both sides. scripts/record-scores.ts writes them down, src/safeguards/misuse/scores.test.ts compares.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { z } from "zod";
import { compileChain } from "../src/safeguards/chain.ts";
import { NgramReader } from "../src/safeguards/ngrams.ts";
import { foldText, normalise } from "../src/safeguards/normalise.ts";
import { shippedSafeguards } from "../src/safeguards/registry.ts";
import { Safeguards } from "../src/safeguards/safeguards-document.ts";
import { readWeights } from "../src/safeguards/weights.ts";
import { wordPieces } from "../src/safeguards/misuse/wordpiece.ts";
import { variedTexts } from "./varied-texts.ts";

export const RecordedScores = z.object({
  /** Digest of the weights they are of. */
  weights: z.string(),
  /** For each text: digest of what reading it gives, digest of what is decided about it. */
  texts: z.array(z.tuple([z.string(), z.string()])).min(200),
});
export type RecordedScores = z.infer<typeof RecordedScores>;

export const scoresFile = new URL("../src/safeguards/artefacts/misuse-4.scores.json", import.meta.url);
const textsCount = 300;
const requestEvery = 3;
const requestCharsMax = 2000;
const piecesMax = 160;

/** All of it, computed now. Cost: some seconds. */
export async function recordedScores(): Promise<RecordedScores> {
  const registry = shippedSafeguards();
  const safeguard = registry.get("misuse@4");
  const weights = readWeights(readFileSync(new URL("misuse-4.bin", scoresFile)));
  const vocabulary = new TextDecoder().decode(weights.bytes("vocabulary")).split("\n");
  const pieces = wordPieces(vocabulary, vocabulary.indexOf("[UNK]"));
  const limits = { block: { benignRate: 0.005 }, review: { benignRate: 0.02 } };
  const entry = { safeguard: "misuse@4", on: ["input", "output"], ...limits };
  const strict = { ...entry, block: { benignRate: 0.01 }, review: { benignRate: 0.1 } };
  const chains = [[entry], [strict]].map((chain) =>
    compileChain(Safeguards.parse({ kind: "Safeguards", name: "default", chain }), registry),
  );
  const texts: [string, string][] = [];
  for (const [at, text] of variedTexts(textsCount).entries()) {
    const { text: folded, offsets } = normalise(text);
    const { units, length } = foldText(text);
    const ngrams = [...new NgramReader().read(units, 0, length)];
    const ids = pieces.idsOf(folded, piecesMax);
    const scores = [await safeguard.scores(text, "output")];
    const found: unknown[] = chains.map((chain) => chain.inspectOutput(text));
    // Requests are fewer, since second looks take long.
    if (at % requestEvery === 0 && text.length <= requestCharsMax) {
      scores.push(await safeguard.scores(text, "input"));
      for (const chain of chains) found.push(await chain.inspectInput([text]));
    }
    texts.push([digestOf([folded, [...offsets], ngrams, ids]), digestOf([scores, found])]);
  }
  return { weights: safeguard.digest, texts };
}

function digestOf(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 16);
}
