// Writes which rows something was trained on, as keys: node scripts/commit-rows.ts ROWS.jsonl OUT.rows.bin
// ROWS.jsonl is what it was trained on, a `text` a line; what was made of another row (`parent`) goes with that row.
import { readFileSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { rowKeys } from "./row-keys.ts";

const Row = z.looseObject({ text: z.string(), parent: z.int().optional() });
const [rows, out] = process.argv.slice(2);
if (rows === undefined || out === undefined)
  throw new Error("Usage: node scripts/commit-rows.ts ROWS.jsonl OUT.rows.bin");
const texts = readFileSync(rows, "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => Row.parse(JSON.parse(line)))
  .filter(({ parent }) => parent === undefined)
  .map(({ text }) => text);
const keys = rowKeys(texts);
writeFileSync(out, keys);
console.log(`${texts.length} rows, ${keys.length / 5} keys, ${keys.length} bytes`);
