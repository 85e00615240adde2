// Writes the words that scrambled ones are put right by: those of requests of the public training sets, the commonest first.
// Usage: node scripts/make-words.ts TRAIN-FOLDER src/safeguards/artefacts/words-1.txt
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { argv } from "node:process";
import { gunzipSync } from "node:zlib";
import { z } from "zod";

/** Rarer ones are names and mistakes. */
const timesMin = 8;
/** Shorter words have nothing to scramble. */
const words = /(?<![a-z'])[a-z]{4,18}(?![a-z'])/g;

const Row = z.object({ text: z.string() });

const [folder, out] = argv.slice(2);
if (folder === undefined || out === undefined)
  throw new Error("Usage: node scripts/make-words.ts TRAIN-FOLDER OUT.txt");
const counts = new Map<string, number>();
for (const file of readdirSync(folder).filter((name) => name.endsWith(".jsonl.gz"))) {
  const lines = gunzipSync(readFileSync(join(folder, file)))
    .toString("utf8")
    .trimEnd()
    .split("\n");
  // A text that many rows have counts once.
  const texts = new Set(lines.map((line) => Row.parse(JSON.parse(line)).text));
  for (const text of texts)
    for (const [word] of text.toLowerCase().matchAll(words)) counts.set(word, (counts.get(word) ?? 0) + 1);
}
const common = [...counts].filter(([, times]) => times >= timesMin);
const sorted = common.toSorted(([one, times], [other, others]) => others - times || (one < other ? -1 : 1));
writeFileSync(out, `${sorted.map(([word]) => word).join("\n")}\n`);
console.log(`${sorted.length} words`);
