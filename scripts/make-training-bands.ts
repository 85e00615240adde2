// Writes the filter that tells near-duplicates of the training rows, which ships beside the weights. Items of the example
// suites are fixed, so rows that come near one are dropped first: ROWS.jsonl is written again without them.
// Usage: node scripts/make-training-bands.ts ROWS.jsonl OUT.bin
import { readFileSync, writeFileSync } from "node:fs";
import { argv } from "node:process";
import { z } from "zod";
import { bandHashes, buildBands, overlap, readBands, wordsOf } from "./near-duplicates.ts";

const likenessMax = 0.8;
const Row = z.looseObject({
  text: z.string(),
  source: z.string(),
  parent: z.int().optional(),
  /** What an answer is to. */
  request: z.string().optional(),
});
type Row = z.infer<typeof Row>;

function linesOf(file: string | URL): unknown[] {
  return readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .map((line): unknown => JSON.parse(line));
}

const [rowsFile, out] = argv.slice(2);
if (rowsFile === undefined || out === undefined)
  throw new Error("Usage: node scripts/make-training-bands.ts ROWS.jsonl OUT.bin");
const items = ["misuse-core", "everyday"].flatMap((name) =>
  linesOf(new URL(`../examples/first-release/${name}.jsonl`, import.meta.url)).map(
    (line) => z.object({ text: z.string() }).parse(line).text,
  ),
);
const itemBands = new Set(items.flatMap(bandHashes));
const itemWords = items.map(wordsOf);

/** Whether a row comes near an item; rows of our own are compared word by word too (the others were, at the draw). */
function isNear({ text, source, request }: Row): boolean {
  if (request !== undefined && isNear({ text: request, source })) return true;
  if (bandHashes(text).some((hash) => itemBands.has(hash))) return true;
  if (!source.startsWith("own_")) return false;
  const words = wordsOf(text);
  return itemWords.some((item) => overlap(item, words) >= likenessMax);
}

const rows = linesOf(rowsFile).map((line) => Row.parse(line));
const near = rows.map(isNear);
/** Where each kept row stands now; rows asked again go with the row that they were made of. */
const places = new Map<number, number>();
const kept: Row[] = [];
for (const [index, row] of rows.entries()) {
  const parent = row.parent === undefined ? undefined : places.get(row.parent);
  if (near[index] === true || (row.parent !== undefined && parent === undefined)) {
    console.log(`dropped: ${row.source}: ${row.text.slice(0, 100)}`);
    continue;
  }
  places.set(index, kept.length);
  kept.push(parent === undefined ? row : { ...row, parent });
}
// Line separators are escaped, as readers by line take them for ends of lines.
const written = kept.map((row) => JSON.stringify(row).replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029"));
writeFileSync(rowsFile, `${written.join("\n")}\n`);
// More bits where an item is reported by chance: no row is near it, or it would be gone.
let filter = new Uint8Array();
for (let bits = 20; bits <= 30; bits += 1) {
  filter = new Uint8Array(
    buildBands(
      kept.map((row) => row.text),
      bits,
    ),
  );
  const { has } = readBands(filter);
  if (!items.some(has)) break;
}
writeFileSync(out, filter);
console.log(`${kept.length} rows of ${rows.length}, ${filter.length} bytes`);
