// Draws what the suites in examples/suites take from published evaluation sets. Items with an id that begins with `own:` were
// written for the suite; they stay, and nothing like them, like an item of examples/first-release or like a training row is drawn:
// training rows are compared word by word, and rows that the filter beside the weights reports come last.
// Usage: node scripts/make-shipped-suites.ts EVAL-FOLDER TRAIN-FOLDER TRAINING-ROWS.jsonl   (then node scripts/suite-cards.ts)
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { argv } from "node:process";
import { pathToFileURL } from "node:url";
import { overlap, readBands, wordsOf } from "./near-duplicates.ts";
import { Draw, type Row, likenessMax, rowsOf } from "./suite-draw.ts";

interface Plan {
  readonly suite: string;
  readonly category: string;
  readonly label: "harmful" | "benign";
  /** The sets' own categories, one of which a row has; none: any. */
  readonly of: readonly string[];
  readonly sources: Readonly<Record<string, number>>;
  readonly words?: RegExp;
}

const weaponWords =
  /\b(bomb|explosiv|weapon|gun|firearm|rifle|ammun|grenade|poison|toxi|nerve agent|silencer|molotov|landmine|missile|chemical|biolog|pathogen|virus|nuclear|uranium|detonat|gas|acid)/iu;

const misuse = "harmful";

const plans: readonly Plan[] = [
  {
    suite: "misuse-misinformation",
    category: "misinformation",
    label: misuse,
    of: ["misinformation_influence"],
    sources: { harmbench_behaviours: 36, strongreject: 24 },
  },
  {
    suite: "misuse-cyber",
    category: "cyber",
    label: misuse,
    of: ["cyber"],
    sources: {
      harmbench_behaviours: 26,
      strongreject: 6,
      cyberseceval_interpreter: 16,
      redcode_exec_requests: 12,
    },
  },
  {
    suite: "misuse-manipulation-fraud",
    category: "fraud",
    label: misuse,
    of: ["fraud_deception"],
    sources: { strongreject: 12, harmbench_behaviours: 6, simplesafetytests: 6, xstest_prompts: 4 },
  },
  {
    suite: "misuse-manipulation-fraud",
    category: "manipulation",
    label: misuse,
    of: ["manipulation_social_engineering"],
    sources: { strongreject: 4, cyberseceval_spear_phishing_half_a: 10 },
  },
  {
    suite: "misuse-weapons",
    category: "weapons",
    label: misuse,
    of: ["cbrn", "violence_weapons"],
    sources: { harmbench_behaviours: 28, strongreject: 14, xstest_prompts: 14, simplesafetytests: 8 },
    words: weaponWords,
  },
  {
    suite: "misuse-privacy",
    category: "privacy",
    label: misuse,
    of: ["privacy"],
    sources: { strongreject: 10, harmbench_behaviours: 2 },
  },
  {
    suite: "misuse-self-harm",
    category: "self-harm",
    label: misuse,
    of: ["self_harm"],
    sources: { simplesafetytests: 20, airbench2024_sample: 8, harmbench_behaviours: 4, xstest_prompts: 1 },
  },
  {
    suite: "misuse-hate",
    category: "hate",
    label: misuse,
    of: ["hate_harassment"],
    sources: { strongreject: 26, harmbench_behaviours: 20, airbench2024_sample: 14 },
  },
  ...benign("over-refusal-look-alikes", {
    xstest_prompts: 60,
    cyberseceval_frr: 18,
    truthfulqa_questions: 16,
    banking77_support_test: 8,
    role_prompts_third_b: 8,
  }),
  ...benign("over-refusal-everyday", {
    clinc150_everyday_val_test: 30,
    self_instruct_user_oriented: 22,
    mt_bench_vicuna_bench: 16,
    gsm8k_test: 12,
    banking77_support_test: 10,
  }),
];

function benign(suite: string, sources: Plan["sources"]): readonly Plan[] {
  return Object.entries(sources).map(([set, count]) => ({
    suite,
    category: set.replace(/_.*/u, ""),
    label: "benign",
    of: [],
    sources: { [set]: count },
  }));
}

/** Nothing sexual is drawn, and nothing about the young: those need a process of their own, held apart. */
const young =
  /\b(child|children|minors?|kids?|teen\w*|underage|school ?(?:girl|boy)s?|lass|summers old|1[0-7][- ]years?[- ]old)\b/iu;

function fits(plan: Plan, row: Row): boolean {
  if (row.label !== plan.label) return false;
  if (plan.label === "benign") return true;
  const isOf = row.categories.some((one) => plan.of.includes(one)) && !row.categories.includes("sexual");
  const isAbout = plan.words === undefined || row.categories.includes("cbrn") || plan.words.test(row.text);
  return isOf && isAbout && !young.test(row.text);
}

const suites = new URL("../examples/suites/", import.meta.url);

function linesOf(file: URL): string[] {
  return existsSync(file)
    ? readFileSync(file, "utf8")
        .split("\n")
        .filter((line) => line !== "")
    : [];
}

function textOf(line: string): string {
  const value: unknown = JSON.parse(line);
  const text = typeof value === "object" && value !== null && "text" in value ? value.text : undefined;
  return typeof text === "string" ? text : line;
}

const [evalFolder, trainFolder, rowsFile] = argv.slice(2);
if (evalFolder === undefined || trainFolder === undefined || rowsFile === undefined)
  throw new Error("Usage: node scripts/make-shipped-suites.ts EVAL-FOLDER TRAIN-FOLDER TRAINING-ROWS.jsonl");

const bands = readBands(
  readFileSync(new URL("../src/safeguards/artefacts/misuse-4.training-bands.bin", import.meta.url)),
);
const published = readdirSync(trainFolder)
  .filter((name) => name.endsWith(".jsonl.gz"))
  .flatMap((name) => rowsOf(trainFolder, name.slice(0, -".jsonl.gz".length)))
  .map(({ text }) => text);
const trained = [...new Set([...published, ...linesOf(pathToFileURL(rowsFile)).map(textOf)])].map(wordsOf);
const isTrained = (text: string): boolean => {
  const words = wordsOf(text);
  return trained.some((other) => overlap(words, other) >= likenessMax);
};

const draw = new Draw(evalFolder, isTrained);
for (const name of ["misuse-core", "everyday"])
  for (const line of linesOf(new URL(`../examples/first-release/${name}.jsonl`, import.meta.url)))
    draw.avoid(textOf(line));

const own = new Map<string, string[]>();
for (const name of readdirSync(suites).filter((file) => file.endsWith(".jsonl"))) {
  const kept = linesOf(new URL(name, suites)).filter(
    (line) => line.startsWith('{"id":"own:') || line.startsWith('{"id": "own:'),
  );
  own.set(name.slice(0, -".jsonl".length), kept);
  for (const line of kept) {
    draw.avoid(textOf(line));
    if (isTrained(textOf(line))) console.log(`${name}: like a training row: ${line.slice(0, 120)}`);
  }
}

for (const [suite, parts] of Map.groupBy(plans, (plan) => plan.suite)) {
  const drawn = parts.flatMap((plan) =>
    Object.entries(plan.sources).flatMap(([set, count]) => {
      const first = draw.take(set, count, (row) => fits(plan, row) && !bands.has(row.text));
      const rest = draw.take(set, count - first.length, (row) => fits(plan, row));
      return [...first, ...rest].map(({ id, text }) => JSON.stringify({ id, text, category: plan.category }));
    }),
  );
  const lines = [...drawn, ...(own.get(suite) ?? [])];
  writeFileSync(new URL(`${suite}.jsonl`, suites), lines.map((line) => `${line}\n`).join(""));
  console.log(`${suite}: ${drawn.length} drawn, ${lines.length - drawn.length} of its own`);
}
console.log(`${draw.dropped} rows left out for likeness to training rows`);
