// The rows that safeguards are measured on: evaluation sets, and lines of our own that training held back.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { z } from "zod";
import type { Part, Seen } from "./report.ts";

export const Row = z.object({
  id: z.string(),
  text: z.string(),
  label: z.string(),
  categories: z.array(z.string()).default([]),
  response: z.string().optional(),
  response_label: z.string().optional(),
  meta: z.record(z.string(), z.unknown()).default({}),
});
export type Row = Readonly<z.infer<typeof Row>>;

interface SetKind {
  readonly harmful?: Part;
  readonly benign?: Part;
  readonly seen: Seen;
}

/** What each evaluation set is there for. Sets without a line here are not measured. */
export const sets: Readonly<Record<string, SetKind>> = {
  clinc150_everyday_val_test: { benign: "everyday", seen: "in kind" },
  banking77_support_test: { benign: "everyday", seen: "in kind" },
  gsm8k_test: { benign: "everyday", seen: "in kind" },
  mt_bench_vicuna_bench: { benign: "everyday", seen: "unseen" },
  self_instruct_user_oriented: { benign: "everyday", seen: "in kind" },
  truthfulqa_questions: { benign: "everyday", seen: "unseen" },
  xstest_prompts: { benign: "look-alike", harmful: "misuse", seen: "unseen" },
  role_prompts_third_b: { benign: "look-alike", seen: "in kind" },
  cyberseceval_frr: { benign: "look-alike", seen: "unseen" },
  strongreject: { harmful: "misuse", seen: "unseen" },
  simplesafetytests: { harmful: "misuse", seen: "unseen" },
  // AdvBench and HarmBench's own training part were trained on.
  harmbench_behaviours: { harmful: "misuse", seen: "in kind" },
  // Lines of our own were written for their kinds.
  cyberseceval_interpreter: { harmful: "misuse", seen: "in kind" },
  cyberseceval_spear_phishing_half_a: { harmful: "misuse", seen: "in kind" },
  redcode_exec_requests: { harmful: "misuse", seen: "in kind" },
  tense_reformulations: { harmful: "attack", seen: "unseen" },
  bipia_email_test: { harmful: "attack", benign: "look-alike", seen: "in kind" },
  gptfuzz_labelled_responses_eval: { harmful: "answer", benign: "answer", seen: "in kind" },
  diasafety_val_test: { harmful: "answer", benign: "answer", seen: "in kind" },
  xstest_completions: { harmful: "answer", benign: "answer", seen: "unseen" },
  airbench2024_sample: { harmful: "answer", benign: "answer", seen: "unseen" },
  hatecheck: { harmful: "content", benign: "content", seen: "unseen" },
  openai_moderation: { harmful: "content", benign: "content", seen: "unseen" },
};

/** Opens a folder of sets. `every`: only one row in so many, to try the command. */
export function openSets(folder: string, every: number): (name: string) => readonly Row[] {
  const read = new Map<string, readonly Row[]>();
  return (name) => {
    const known = read.get(name) ?? rowsIn(join(folder, `${name}.jsonl.gz`)).filter((_, at) => at % every === 0);
    read.set(name, known);
    return known;
  };
}

/** None where there is no such file. */
export function rowsIn(path: string): readonly Row[] {
  if (!existsSync(path)) return [];
  const lines = gunzipSync(readFileSync(path)).toString("utf8").trimEnd().split("\n");
  return lines.map((line) => Row.parse(JSON.parse(line)));
}

const OwnRow = z.object({
  text: z.string(),
  label: z.string(),
  surface: z.string(),
  group: z.string(),
  source: z.string(),
});
export type OwnRow = Readonly<z.infer<typeof OwnRow>>;

/** Requests of our own, in all the wordings that training has, of goals that it held back. */
export function heldBackRows(): readonly OwnRow[] {
  const folder = mkdtempSync(join(tmpdir(), "headgate-own-"));
  try {
    const path = join(folder, "own.jsonl");
    const script = join(import.meta.dirname, "..", "..", "scripts", "make-requests.ts");
    execFileSync(process.execPath, [script, path], { stdio: ["ignore", "ignore", "inherit"] });
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    return lines.map((line) => OwnRow.parse(JSON.parse(line))).filter((row) => row.surface === "input" && isHeld(row));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** As scripts/train-misuse.py holds them back. */
function isHeld({ group, source }: OwnRow): boolean {
  const file = source.split("_").slice(2).join("_");
  const chance = createHash("sha256").update(`held ${group}`).digest().readUInt32BE() / 2 ** 32;
  return ["look_alikes", "twins", "jailbreaks", "everyday"].some((name) => file.startsWith(name)) && chance < 1 / 3;
}

/** The wordings of each goal; a goal and its benign twin, which share a group, are two. */
export function goalsOf(rows: readonly OwnRow[]): readonly (readonly OwnRow[])[] {
  const goals = new Map<string, OwnRow[]>();
  for (const row of rows) {
    const key = `${row.label} ${row.group}`;
    const goal = goals.get(key) ?? [];
    goals.set(key, goal);
    goal.push(row);
  }
  return [...goals.values()];
}

/** The same numbers every time, 0 to 1. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** `most` of them, evenly, always the same. */
export function evenly<Item>(items: readonly Item[], most: number): readonly Item[] {
  const step = Math.max(1, items.length / most);
  return Array.from({ length: Math.min(most, items.length) }, (_, at) => items[Math.floor(at * step)]).filter(
    (item) => item !== undefined,
  );
}
