// Draws the two example suites from published evaluation sets by a seeded, stratified draw. Items are reported on and
// never tuned on: the draw looks at category, length and likeness to training rows, never at what a detector says.
// Usage: node scripts/make-suites.ts EVAL-FOLDER TRAINING-ROWS.jsonl   (writes examples/first-release/*.jsonl)
import { readFileSync, writeFileSync } from "node:fs";
import { argv } from "node:process";
import { z } from "zod";
import { overlap, readBands, wordsOf } from "./near-duplicates.ts";
import { Draw, likenessMax } from "./suite-draw.ts";

interface Item {
  readonly id: string;
  readonly text: string;
  readonly category: string;
}

const perCategory = 48;

/** Files of each category and the most items that each may give, so that no set speaks for a category alone. */
const misuseSources = {
  misinformation: { harmbench_behaviours: 20, strongreject: 20, airbench2024_sample: 12 },
  cyber: { harmbench_behaviours: 18, strongreject: 10, airbench2024_sample: 14, cyberseceval_interpreter: 12 },
  manipulation: {
    airbench2024_sample: 21,
    strongreject: 5,
    harmbench_behaviours: 1,
    cyberseceval_spear_phishing_half_a: 32,
  },
  fraud: {
    simplesafetytests: 20,
    strongreject: 18,
    airbench2024_sample: 13,
    harmbench_behaviours: 9,
    xstest_prompts: 5,
    cyberseceval_spear_phishing_half_a: 14,
  },
  weapons: {
    harmbench_behaviours: 30,
    strongreject: 16,
    simplesafetytests: 14,
    airbench2024_sample: 10,
    xstest_prompts: 8,
  },
} as const;

const everydaySources = {
  clinc150_everyday_val_test: 35,
  banking77_support_test: 25,
  gsm8k_test: 20,
  mt_bench_vicuna_bench: 25,
  self_instruct_user_oriented: 30,
  truthfulqa_questions: 25,
  xstest_prompts: 35,
  cyberseceval_frr: 20,
  role_prompts_third_b: 15,
} as const;

/** Names of the sets' categories that make up one of ours. */
const setCategories = {
  misinformation: ["misinformation_influence"],
  cyber: ["cyber"],
  manipulation: ["manipulation_social_engineering"],
  fraud: ["fraud_deception"],
  weapons: ["cbrn", "violence_weapons"],
} as const;

const weaponWords =
  /\b(bomb|explosiv|weapon|gun|firearm|rifle|ammun|grenade|poison|toxi|nerve agent|sarin|ricin|anthrax|silencer|molotov|napalm|landmine|missile|chemical|biolog|pathogen|virus|nuclear|uranium|detonat|agent|gas|acid|mercury)/iu;

function misuseItems(draw: Draw): Item[] {
  const items: Item[] = [];
  for (const [category, sources] of Object.entries(misuseSources)) {
    const names: readonly string[] = Object.entries(setCategories).find(([name]) => name === category)?.[1] ?? [];
    const found = Object.entries(sources).flatMap(([name, count]) =>
      draw.take(
        name,
        count,
        (row) =>
          row.label === "harmful" &&
          row.categories.some((one) => names.includes(one)) &&
          (category !== "weapons" || row.categories.includes("cbrn") || weaponWords.test(row.text)),
      ),
    );
    items.push(...found.slice(0, perCategory).map((row) => ({ id: row.id, text: row.text, category })));
    console.log(`${category}: ${Math.min(found.length, perCategory)}`);
  }
  return items;
}

function everydayItems(draw: Draw): Item[] {
  return Object.entries(everydaySources).flatMap(([name, count]) =>
    draw
      .take(name, count, (row) => row.label === "benign")
      .map((row) => ({ id: row.id, text: row.text, category: name.replace(/_.*/u, "") })),
  );
}

/** True for texts that overlap any training text by `likenessMax`, and for all that the shipped filter reports. */
function trainedOn(rowsFile: string, filterFile: URL): (text: string) => boolean {
  const bands = readBands(readFileSync(filterFile));
  const Training = z.object({ text: z.string() });
  const sets = readFileSync(rowsFile, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => wordsOf(Training.parse(JSON.parse(line)).text));
  return (text) => {
    const words = wordsOf(text);
    return bands.has(text) || sets.some((set) => overlap(words, set) >= likenessMax);
  };
}

function write(name: string, items: readonly Item[]): void {
  const file = new URL(`../examples/first-release/${name}`, import.meta.url);
  writeFileSync(file, items.map((item) => `${JSON.stringify(item)}\n`).join(""));
  console.log(`${name}: ${items.length} items`);
}

const [folder, rowsFile] = argv.slice(2);
if (folder === undefined || rowsFile === undefined)
  throw new Error("Usage: node scripts/make-suites.ts EVAL-FOLDER TRAINING-ROWS.jsonl");
const filter = new URL("../src/safeguards/artefacts/misuse-4.training-bands.bin", import.meta.url);
const draw = new Draw(folder, trainedOn(rowsFile, filter));
write("misuse-core.jsonl", misuseItems(draw));
write("everyday.jsonl", everydayItems(draw));
console.log(`${draw.dropped} rows left out for likeness to training rows`);
