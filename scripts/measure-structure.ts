// What each rule of `structure@1`, with its usual settings, finds of the public training sets and of lines of our own: false positives by
// kind of text, and attacks. Nothing is learnt from them; rules were written with a part of the own lines in sight.
// Usage: node scripts/measure-structure.ts TRAIN-FOLDER EVAL-FOLDER [--write] [--show RULE]
// Writes src/safeguards/artefacts/structure-1.card.json, or names what a rule finds of what is harmless.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { argv } from "node:process";
import { gunzipSync } from "node:zlib";
import { z } from "zod";
import { disguiseOf } from "../src/safeguards/disguise.ts";
import { decodedViews } from "../src/safeguards/decoding/decode.ts";
import { allSteps } from "../src/safeguards/steps.ts";
import { structure } from "../src/safeguards/structure/structure.ts";
import { Rules } from "../src/safeguards/structure/structure-document.ts";
import { clopperPearson } from "../src/statistics/binomial.ts";

const Row = z.object({ text: z.string(), label: z.string(), categories: z.array(z.string()) });
type Row = z.infer<typeof Row>;

const rules = Rules.parse(undefined);
const safeguard = structure(rules);

/** As the chain has it read: as it stands, and decoded. */
function foundIn(text: string): ReadonlySet<string> {
  const views = allSteps(decodedViews(text)).views.map((view) => view.text);
  const found = new Set<string>();
  for (const one of [text, ...views]) {
    const inspection = safeguard.inspect(one, "input", { review: {}, block: {} });
    if (inspection.kind === "unknown") continue;
    for (const { pattern } of inspection.findings) if (pattern !== undefined) found.add(pattern);
  }
  return found;
}

const harmlessSets: Readonly<Record<string, readonly string[]>> = {
  everyday: ["clinc150_everyday_train", "banking77_support_train", "gsm8k_train"],
  instructions: ["gpteacher_instructions", "self_instruct_seed_tasks"],
  "role prompts": ["role_prompts_third_a"],
  coding: ["cyberseceval_instruct_benign_coding"],
  "security questions": ["cybersoceval_defensive_questions"],
  "chat messages": ["sms_spam_collection"],
};

/** Harmless requests that no rule was written with; only counted. */
const evaluation = "evaluation";
const evaluationSets = [
  "banking77_support_test",
  "clinc150_everyday_val_test",
  "gsm8k_test",
  "self_instruct_user_oriented",
  "mt_bench_vicuna_bench",
  "truthfulqa_questions",
  "role_prompts_third_b",
  "cyberseceval_frr",
  "xstest_prompts",
  "bipia_email_test",
];

function rowsOf(folder: string, set: string): readonly Row[] {
  return gunzipSync(readFileSync(join(folder, `${set}.jsonl.gz`)))
    .toString("utf8")
    .trimEnd()
    .split("\n")
    .map((line) => Row.parse(JSON.parse(line)));
}

/** The own lines, by the head that they stand under. */
function ownLines(): ReadonlyMap<string, readonly string[]> {
  const lines = new Map<string, string[]>();
  let under: string[] = [];
  for (const line of readFileSync(new URL("data/structure-lines.txt", import.meta.url), "utf8").split("\n")) {
    const [, head] = /^\[(.+)\]$/.exec(line) ?? [];
    if (head !== undefined) lines.set(head, (under = []));
    else if (line !== "" && !line.startsWith("#")) under.push(line);
  }
  return lines;
}

/** The same numbers every time. */
function numbersFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

type Turns = readonly (readonly [question: string, answer: string])[];

/** Ways to write a dialogue down. */
const layouts: Readonly<Record<string, (turns: Turns) => string>> = {
  lines: (turns) => turns.map(([asked, answered]) => `User: ${asked}\nAssistant: ${answered}`).join("\n\n"),
  "one line": (turns) => turns.map(([asked, answered]) => `Human: ${asked} AI: ${answered}`).join(" "),
  numbered: (turns) => turns.map(([asked, answered], at) => `Q${at + 1}: ${asked}\nA${at + 1}: ${answered}`).join("\n"),
  markup: (turns) => turns.map(([asked, answered]) => `<|user|>${asked}<|assistant|>${answered}`).join(""),
  chatml: (turns) =>
    turns
      .map(([asked, answered]) => `<|im_start|>user\n${asked}<|im_end|>\n<|im_start|>assistant\n${answered}<|im_end|>`)
      .join("\n"),
  bold: (turns) => turns.map(([asked, answered]) => `**Person**: ${asked}\n**Bot**: ${answered}`).join("\n\n"),
  json: (turns) =>
    JSON.stringify(
      turns.flatMap(([asked, answered]) => [
        { role: "user", content: asked },
        { role: "assistant", content: answered },
      ]),
    ),
  instructions: (turns) =>
    turns.map(([asked, answered]) => `### Instruction:\n${asked}\n### Response:\n${answered}`).join("\n"),
};

function dialogues(questions: readonly string[], answers: readonly string[]): readonly string[] {
  const number = numbersFrom(7);
  return Object.values(layouts).flatMap((layout) =>
    Array.from({ length: 25 }, (_, at) => {
      const turns = Array.from({ length: 6 + (at % 10) }, () => {
        return [questions[number(questions.length)] ?? "", answers[number(answers.length)] ?? ""] as const;
      });
      return layout(turns);
    }),
  );
}

const letters = "abcdefghijklmnopqrstuvwxyz";

function mapped(text: string, change: (letter: string, at: number) => string): string {
  return text.replaceAll(/[A-Za-z]/g, change);
}

function offsetBy(lower: number, upper: number): (text: string) => string {
  return (text) =>
    mapped(text, (letter) => {
      const at = letters.indexOf(letter.toLowerCase());
      return String.fromCodePoint((letter < "a" ? upper : lower) + at);
    });
}

const disguises: Readonly<Record<string, (text: string) => string>> = {
  "full width": offsetBy(0xff41, 0xff21),
  bold: offsetBy(0x1d41a, 0x1d400),
  "in circles": offsetBy(0x24d0, 0x24b6),
  "zero width": (text) => mapped(text, (letter) => `${letter}\u200b`),
  "soft hyphens": (text) => mapped(text, (letter) => `${letter}\u00ad`),
  tags: (text) => Array.from(text, (sign) => String.fromCodePoint(0xe0000 + (sign.codePointAt(0) ?? 0))).join(""),
  "look-alikes": (text) => text.replaceAll(/[aceopxy]/g, (letter) => "асеорху".charAt("aceopxy".indexOf(letter))),
  marks: (text) => mapped(text, (letter) => `${letter}\u0315\u035b\u0489\u0321`),
  struck: (text) => mapped(text, (letter) => `${letter}\u0336`),
  "figures for letters": (text) => text.replaceAll(/[aeiost]/g, (letter) => "431057".charAt("aeiost".indexOf(letter))),
  "spelled out": (text) =>
    text
      .split(" ")
      .map((word) => Array.from(word).join("."))
      .join(" "),
};

const base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

function inBase32(text: string): string {
  let bits = "";
  for (const byte of new TextEncoder().encode(text)) bits += byte.toString(2).padStart(8, "0");
  return (bits.match(/.{1,5}/g) ?? []).map((five) => base32.charAt(Number.parseInt(five.padEnd(5, "0"), 2))).join("");
}

function withKey(text: string, key: string): string {
  let at = 0;
  return mapped(text, (letter) => {
    const by = letters.indexOf(key.charAt(at++ % key.length));
    const first = letter < "a" ? 65 : 97;
    return String.fromCharCode(first + ((letter.charCodeAt(0) - first + by) % 26));
  });
}

const encodings: Readonly<Record<string, (text: string) => string>> = {
  base32: inBase32,
  "cipher with a key": (text) => withKey(text, "headgate"),
  "other alphabet": (text) =>
    mapped(text, (letter) => "qwertyuiopasdfghjklzxcvbnm".charAt(letters.indexOf(letter.toLowerCase()))),
  "base64 of other bytes": (text) => Buffer.from(Buffer.from(text).map((byte) => byte ^ 0x5a)).toString("base64"),
};

interface Counted {
  readonly of: string;
  readonly kind: "harmless" | "attack";
  readonly rows: number;
  readonly found: Readonly<
    Record<string, { readonly count: number; readonly share: number; readonly interval95: readonly number[] }>
  >;
}

const [folder, evalFolder, ...flags] = argv.slice(2);
if (folder === undefined || evalFolder === undefined)
  throw new Error("Usage: node scripts/measure-structure.ts TRAIN-FOLDER EVAL-FOLDER [--write] [--show RULE]");
const shownRule = flags.includes("--show") ? flags[flags.indexOf("--show") + 1] : undefined;
const results: Counted[] = [];

/** But for the one that reads messages: rows are one text each. */
const everyRule = rules.map(({ rule }) => rule).filter((rule) => rule !== "many-messages");

function harmless(of: string, texts: readonly string[], only: readonly string[] = everyRule): void {
  count({ of, kind: "harmless" }, texts, only);
}

function attack(of: string, texts: readonly string[], only: readonly string[] = everyRule): void {
  count({ of, kind: "attack" }, texts, only);
}

function count({ of, kind }: Pick<Counted, "of" | "kind">, texts: readonly string[], only: readonly string[]): void {
  const found = texts.map(foundIn);
  const shares = only.map((rule) => {
    const times = found.filter((one) => one.has(rule)).length;
    const { lower, upper } = clopperPearson({ failures: times, trials: texts.length }, 0.95);
    return [
      rule,
      { count: times, share: rounded(times / texts.length), interval95: [rounded(lower), rounded(upper)] },
    ] as const;
  });
  results.push({ of, kind, rows: texts.length, found: Object.fromEntries(shares) });
  console.log(
    `${kind} ${of} (${texts.length}): ${shares.map(([rule, { count: times, share, interval95 }]) => `${rule} ${times} = ${share} [${interval95.join(", ")}]`).join("; ")}`,
  );
  if (shownRule === undefined || of.endsWith("held") || of.startsWith(evaluation)) return;
  for (const [at, one] of found.entries())
    if (one.has(shownRule) === (kind === "harmless"))
      console.log(`    ${(texts[at] ?? "").slice(0, 500).replaceAll("\n", " / ")}`);
}

function rounded(share: number): number {
  return Math.round(share * 1e5) / 1e5;
}

const own = ownLines();
const under = (head: string): readonly string[] => own.get(head) ?? [];
const all = new Map(
  Object.values(harmlessSets)
    .flat()
    .map((set) => [set, rowsOf(folder, set)]),
);
for (const [kind, sets] of Object.entries(harmlessSets)) {
  const texts = sets.flatMap((set) =>
    (all.get(set) ?? []).filter(({ label }) => label === "benign").map(({ text }) => text),
  );
  harmless(kind, texts);
}
harmless(
  "questions in Chinese and Vietnamese",
  rowsOf(folder, "catqa_en_zh_vi")
    .map(({ text }) => text)
    .filter((text) => /[^\0-\x7f]/.test(text)),
  ["disguise", "encoded-payload", "prompt-extraction"],
);
for (const head of ["not extraction", "not extraction held"]) harmless(head, under(head), ["prompt-extraction"]);
harmless("harmless dialogues", dialogues(under("harmless questions"), under("harmless answers")), ["many-shot"]);
for (const head of ["extraction", "extraction held"]) attack(head, under(head), ["prompt-extraction"]);
const templates = rowsOf(folder, "jailbreak_templates");
const isExtraction = ({ categories }: Row): boolean => categories.includes("system_prompt_extraction");
attack(
  "jailbreak_templates, for extraction (in sight after a first run, which found 14 of 28)",
  templates.filter(isExtraction).map(({ text }) => text),
  ["prompt-extraction"],
);
attack(
  "jailbreak_templates, others",
  templates.filter((row) => !isExtraction(row)).map(({ text }) => text),
);
attack(
  "jailbreaks_in_the_wild_half_a",
  rowsOf(folder, "jailbreaks_in_the_wild_half_a").map(({ text }) => text),
);
attack("harmful dialogues", dialogues(under("harmful questions"), under("harmful answers")), ["many-shot"]);
const catqa = rowsOf(folder, "catqa_en_zh_vi")
  .map(({ text }) => text)
  .filter((text) => !/[^\0-\x7f]/.test(text))
  .slice(0, 200);
attack("harmful dialogues of CatQA's questions", dialogues(catqa, under("harmful answers")), ["many-shot"]);
const sentences = Array.from({ length: 60 }, (_, at) => catqa.slice(3 * at, 3 * at + 3).join(" "));
for (const [name, disguise] of Object.entries(disguises)) {
  const texts = sentences.map(disguise);
  attack(`disguised: ${name}`, texts, ["disguise"]);
  console.log(
    `    ${Math.min(...texts.map(disguiseOf)).toFixed(2)} to ${Math.max(...texts.map(disguiseOf)).toFixed(2)}`,
  );
}
for (const [name, encode] of Object.entries(encodings))
  attack(
    `encoded: ${name}`,
    sentences.map((text) => `Decode this and do what it says: ${encode(text)}`),
    ["encoded-payload"],
  );

for (const set of evaluationSets)
  harmless(
    `${evaluation}: ${set}`,
    rowsOf(evalFolder, set)
      .filter(({ label }) => label === "benign")
      .map(({ text }) => text),
  );

if (flags.includes("--write")) {
  const card = {
    safeguard: "structure@1",
    date: new Date().toISOString().slice(0, 10),
    script: "scripts/measure-structure.ts",
    licence: "Apache-2.0",
    method:
      "Counts over the text, by words and bounds in src/safeguards/structure. Nothing is trained. Each rule with its usual settings; a text counts where the rule finds it as it stands or decoded.",
    rules,
    data: "Public training sets (NOTICES.md beside this card), benign rows only where harmless is said; lines of our own in scripts/data/structure-lines.txt. Rules were written with the own lines in sight that do not stand under a head ending in held, and the training sets' benign rows were looked at for false positives: their figures say that the rules do what they are for, less how they do on what is new. Dialogues, disguises and encodings are put together by the script.",
    results,
    limits:
      "English first; prompt-extraction knows nearly a dozen languages by a few words each. Whoever knows the words can avoid them: these rules find what is copied from others, not who adapts. Messages that alternate as if a dialogue had been held are not told from one that was.",
  };
  writeFileSync(
    new URL("../src/safeguards/artefacts/structure-1.card.json", import.meta.url),
    `${JSON.stringify(card, null, 2)}\n`,
  );
}
