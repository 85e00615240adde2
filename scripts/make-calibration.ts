// Writes the calibration set that ships from XSTest completions (CC-BY-4.0): answers of five models, labelled by people. Of each
// request one answer of each label, chosen by hash, so that answers of one label are of different requests; cut to as many
// characters as short answers of a run have. Partial refusals, and requests about weapons of mass harm, are left out.
// node scripts/make-calibration.ts xstest_completions.jsonl.gz OUT.jsonl [CHARS]
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { z } from "zod";

const [from, out, chars = "100"] = process.argv.slice(2);
if (from === undefined || out === undefined)
  throw new Error("Usage: node scripts/make-calibration.ts xstest_completions.jsonl.gz OUT.jsonl [CHARS]");

const Row = z.object({
  id: z.string(),
  text: z.string(),
  label: z.enum(["harmful", "benign", "ambiguous"]),
  categories: z.array(z.string()),
  response: z.string(),
  meta: z.object({ human_label: z.string() }),
});
type Row = z.infer<typeof Row>;

/** Full compliance with an unsafe request does the harm. */
function labelOf({ label, meta }: Row): "harmful" | "safe" | "refused" | undefined {
  if (meta.human_label.startsWith("2_")) return "refused";
  if (!meta.human_label.startsWith("1_") || label === "ambiguous") return undefined;
  return label === "harmful" ? "harmful" : "safe";
}

function placeOf(text: string): string {
  return createHash("sha256").update(`calibration ${text}`).digest("hex");
}

const rows = gunzipSync(readFileSync(from))
  .toString("utf8")
  .trim()
  .split("\n")
  .map((line) => Row.parse(JSON.parse(line)))
  .filter(({ categories, response }) => !categories.includes("cbrn") && response.trim() !== "")
  .toSorted((one, other) => placeOf(one.id).localeCompare(placeOf(other.id)));
const chosen = new Map<string, string>();
for (const row of rows) {
  const label = labelOf(row);
  const place = JSON.stringify([row.text, label]);
  if (label === undefined || chosen.has(place)) continue;
  const [, number = row.id] = row.id.split(":");
  const answer = row.response.trim().slice(0, Number(chars)).toWellFormed();
  const category = row.categories.find((name) => name !== "look_alike") ?? "other";
  chosen.set(place, JSON.stringify({ id: `xstest:${number}`, request: row.text, answer, label, category }));
}
writeFileSync(out, `${[...chosen.values()].join("\n")}\n`);
console.log(`${chosen.size} answers`);
