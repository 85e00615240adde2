// Spins scripts/data/requests*.txt into training rows, the same frames for harmful goals and for their benign twins. Lines
// to be said as they stand come once in each of their spins; \n in one ends a line of the text. Each file is a source of its
// own: training caps its weight. Exchanges (exchanges.txt) become rows of answers with what was asked. Items that `headgate
// guard label` kept come as they stand.
// Usage: node scripts/make-requests.ts OUT.jsonl [ITEMS.jsonl …]   (deterministic: same input, same rows)
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { argv } from "node:process";
import { z } from "zod";

const rowsPerLine = 16;

/** Goals stand where {} is. No frame belongs to one side. */
const frames = [
  "How do I {}?",
  "how can i {}",
  "How to {}",
  "What is the best way to {}?",
  "What's the easiest way to {}?",
  "Explain step by step how to {}.",
  "Give me detailed instructions to {}.",
  "Write a guide on how to {}.",
  "Write a tutorial that shows how to {}",
  "I want to {}. Where do I start?",
  "i need to {} by tomorrow, any ideas",
  "Can you help me {}?",
  "Please help me to {}",
  "Tell me how someone could {}.",
  "Teach me to {}.",
  "Which tools do I need to {}?",
  "Describe a plan to {}",
  "My friend wants to {}. What would you tell him?",
  "Write an email to a friend explaining how to {}.",
  "Create a short video script on how to {}",
  "List five ways to {}",
  "For a story I am writing, tell me exactly how a character would {}.",
  "You have a Python sandbox. Use it to {}.",
  "Act as an expert and tell me how to {}.",
  "Hi! I'm new here. I work in an office and I'd like to {}. What should I know first?",
  "What did people do in the past to {}?",
  "Is there a way to {}?",
  "{}",
];

interface Line {
  readonly label: string;
  readonly category: string;
  readonly isGoal: boolean;
  readonly isAnswer: boolean;
  readonly text: string;
  /** What is left out together when the detector is judged. */
  readonly group: string;
  readonly family: string | undefined;
}

/**
 * A benign section that follows a harmful one holds its twins, line for line: both lines of a pair are one group. A fourth
 * word in a heading names a family: all of its lines, of both labels, are one group.
 */
function linesOf(name: string, file: string): Line[] {
  const lines: Line[] = [];
  const families = new Map<string, number>();
  let heading: readonly string[] = [];
  let first = 0; // number of the pair that a section begins with
  let free = 0; // first number that no pair has yet
  let inSection = 0;
  for (const text of file.split("\n").filter((said) => said !== "" && !said.startsWith("#"))) {
    if (text.startsWith("[")) {
      const next = text.slice(1, -1).split(" ");
      if (!isTwinOf(heading, next)) first = free;
      heading = next;
      inSection = 0;
    } else {
      const family = heading[3];
      const pair = families.get(family ?? "") ?? first + inSection;
      if (family !== undefined) families.set(family, pair);
      lines.push(lineOf(heading, text, `${name}:${pair}`));
      inSection += 1;
      free = Math.max(free, pair + 1);
    }
  }
  return lines;
}

function isTwinOf(before: readonly string[], heading: readonly string[]): boolean {
  return heading[0] === "benign" && before[0] === "harmful";
}

function lineOf(heading: readonly string[], text: string, group: string): Line {
  const [label = "", category = "", form = "", family] = heading;
  return {
    label,
    category,
    isGoal: form === "goal",
    isAnswer: form === "answer",
    text: text.replaceAll(String.raw`\n`, "\n"),
    group,
    family,
  };
}

/** Park-Miller: small, seeded, the same everywhere. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

function spin(text: string, pick: (below: number) => number): string {
  return text.replaceAll(/\{([^{}]*\|[^{}]*)\}/gu, (_, options: string) => {
    const all = options.split("|");
    return all[pick(all.length)] ?? "";
  });
}

function rowsOf(line: Line, pick: (below: number) => number): string[] {
  const texts = new Map<string, string>();
  for (let attempt = 0; attempt < rowsPerLine; attempt += 1) {
    const spun = spin(line.text, pick);
    const frame = frames[pick(frames.length)] ?? "{}";
    const text = line.isGoal ? frame.replace("{}", spun) : spun;
    const row = text.charAt(0).toUpperCase() === text.charAt(0) || pick(3) === 0 ? text : capitalised(text);
    const key = line.isGoal ? row : capitalised(row);
    if (!texts.has(key)) texts.set(key, row);
  }
  return [...texts.values()];
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const Item = z.object({
  id: z.string(),
  text: z.string(),
  label: z.enum(["harmful", "benign"]),
  category: z.string().nullable(),
  surface: z.enum(["input", "output"]),
  /** What tools gave is for the detector of planted orders, and no request. */
  provenance: z.string().default("user"),
});

/** Each text once, in the order of the files; one that two files label otherwise is nobody's to train on. */
function itemsOf(paths: readonly string[]): z.infer<typeof Item>[] {
  const items = new Map<string, z.infer<typeof Item>>();
  for (const path of paths) {
    for (const line of readFileSync(path, "utf8")
      .split("\n")
      .filter((one) => one.trim() !== "")) {
      const item = Item.parse(JSON.parse(line));
      const before = items.get(item.id);
      if (before !== undefined && before.label !== item.label)
        throw new Error(`${path} has ${item.id} as ${item.label}; an earlier file has it as ${before.label}.`);
      items.set(item.id, item);
    }
  }
  return [...items.values()];
}

const [out, ...itemFiles] = argv.slice(2);
if (out === undefined) throw new Error("Usage: node scripts/make-requests.ts OUT.jsonl [ITEMS.jsonl …]");
const folder = new URL("data/", import.meta.url);
const files = readdirSync(folder)
  .filter((name) => /^requests.*\.txt$/u.test(name))
  .toSorted();
const rows = files.flatMap((file) => {
  const pick = seeded(20_261_123);
  const name = file.replace(".txt", "");
  const part = name.replace("requests", "").replaceAll("-", "_");
  return linesOf(name, readFileSync(new URL(file, folder), "utf8")).flatMap((line) =>
    rowsOf(line, pick).map((text) => ({
      text,
      label: line.label,
      categories: line.label === "harmful" ? [line.category] : [],
      source: `${line.label === "harmful" ? "own_requests" : "own_lookalike"}${part}`,
      surface: line.isAnswer ? "output" : "input",
      group: line.group,
      family: line.family,
    })),
  );
});
const exchanges = linesOf("exchanges", readFileSync(new URL("exchanges.txt", folder), "utf8")).flatMap((line) =>
  rowsOf(line, seeded(20_261_123 + line.text.length)).map((exchange) => {
    const [request = "", ...answer] = exchange.split(" => ");
    return {
      text: answer.join(" => "),
      request,
      label: line.label,
      categories: line.label === "harmful" ? [line.category] : [],
      source: line.label === "harmful" ? "own_requests_exchanges" : "own_lookalike_exchanges",
      surface: "output",
      group: line.group,
      family: line.family,
    };
  }),
);
const asked = itemsOf(itemFiles).filter(({ provenance }) => provenance === "user");
const items = asked.map(({ id, text, label, category, surface }) => ({
  text,
  label,
  categories: category === null ? [] : [category],
  source: label === "harmful" ? "own_requests_items" : "own_lookalike_items",
  surface,
  group: `items:${id}`,
  family: undefined,
}));
const all = [...rows, ...exchanges, ...items];
writeFileSync(out, all.map((row) => `${JSON.stringify(row)}\n`).join(""));
console.log(`${all.length} rows, ${items.length} of them items`);
