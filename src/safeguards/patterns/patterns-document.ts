// Exact patterns in a Safeguards document: words, expressions, and kinds of secrets that Headgate knows. They find what a
// list can name and nothing else, so they have no rates.
import { RE2JS } from "re2js";
import { z } from "zod";
import { Category } from "../../terms/finding.ts";
import { Name } from "../../terms/ids.ts";
import { KnownPattern, knownPatterns } from "./exact-known.ts";
import { normalise } from "../normalise.ts";

/** The safeguard that takes patterns. */
export const patternsName = "patterns@1";

/** Size of the program that an expression becomes; an expression's time is at most this times the length of the text. */
const programSizeMax = 500;
const expressionCharsMax = 500;
const wordCharsMax = 200;
const replacementCharsMax = 100;
/** Words of one pattern, and patterns of one safeguard. */
const wordsMax = 10_000;
const patternsMax = 64;

/** Of all words of a document together: they are compiled at once, in some tens of milliseconds. In UTF-16 units. */
const listCharsMax = 150_000;
/**
 * Of all expressions of a document together: steps times the characters that are searched for each, which is one find at the
 * longest and a stride of an answer. A step takes 60 ns a character at the worst, so that 1,000 characters of a request take
 * some 40 ms.
 */
const searchMax = 100_000;

const common = {
  name: Name,
  category: Category,
  /** `review` is for what is likely and not certain; `redact` takes what is found out of an answer, and lets the rest through. */
  band: z.enum(["block", "review", "redact"]).default("block"),
  /** Stands in the place of what was redacted. Without what JSON would have to escape, as it stands in arguments too. */
  replacement: z
    .string()
    .max(replacementCharsMax)
    .regex(/^[^"\\\p{Cc}\p{Cs}]*$/u, "a replacement has no quotes, backslashes, line ends or other control characters")
    .optional(),
};

const Word = z
  .string()
  .max(wordCharsMax)
  .refine((word) => normalise(word).text.length >= 2, "a word has at least two characters that show");

const Words = z.strictObject({ ...common, words: z.array(Word).min(1).max(wordsMax) });

const Expression = z
  .strictObject({
    ...common,
    /** In the syntax of RE2, which is searched in linear time. */
    expression: z.string().min(1).max(expressionCharsMax).superRefine(checkExpression),
    /** Longest text that it is meant to find, in UTF-16 units. Longer ones are found by their beginning at the latest. */
    charsMax: z.number().int().min(1).max(4_000).default(100),
  })
  .superRefine(({ expression, charsMax }, context) => {
    const least = shortestFind(expression);
    if (least <= charsMax) return;
    const message = `must be at least ${least}: no text that the expression finds is shorter`;
    context.addIssue({ code: "custom", path: ["charsMax"], message });
  });

const Known = z.strictObject({ ...common, known: KnownPattern });

export const Pattern = z.union([Words, Expression, Known]).superRefine((pattern, context) => {
  const complain = (field: string, message: string): void => {
    context.addIssue({ code: "custom", path: [field], message });
  };
  if (pattern.replacement !== undefined && pattern.band !== "redact")
    complain("replacement", "is for patterns whose band is redact");
  if (pattern.band === "redact" && "known" in pattern && pattern.known === "private-key")
    complain("band", "a private key is found by the line it begins with, and what follows would leave");
});
export type Pattern = z.infer<typeof Pattern>;

export const Patterns = z
  .array(Pattern)
  .min(1)
  .max(patternsMax)
  .refine((patterns) => new Set(patterns.map(({ name }) => name)).size === patterns.length, "a pattern is named twice");

/** What stands in the place of what a pattern finds, where that is redacted. */
export function replacementOf({ name, replacement }: Pattern): string {
  return replacement ?? `[redacted: ${name}]`;
}

/**
 * Characters of an answer that must be held back so that nothing of what a pattern finds has left when it is found, in
 * UTF-16 units. What invisible characters stretch beyond that is found all the same, in answers up to 4,096 characters.
 */
export function charsToHold(pattern: Pattern): number {
  if ("words" in pattern) return Math.max(...pattern.words.map((word) => normalise(word).text.length)) + 1;
  return ("expression" in pattern ? pattern.charsMax : knownPatterns[pattern.known].charsMax) + 1;
}

/** Whether expressions may take more than some milliseconds for a thousand characters. */
export function isSearchedSlowly(patterns: readonly Pattern[]): boolean {
  return searchIn(patterns) > searchMax / 10;
}

/** What a document's patterns are too much of together, as a complaint. */
export function excessOf(patterns: readonly Pattern[]): string | undefined {
  const chars = patterns.reduce((sum, pattern) => sum + ("words" in pattern ? charsIn(pattern.words) : 0), 0);
  if (chars > listCharsMax) return `has ${chars} characters of words, and may have ${listCharsMax}`;
  const search = searchIn(patterns);
  if (search <= searchMax) return undefined;
  return (
    `has expressions that cost ${search} together, and may cost ${searchMax}: ` +
    `the steps of each times its charsMax and ${searchedBesides} more`
  );
}

function searchIn(patterns: readonly Pattern[]): number {
  return patterns.reduce((sum, pattern) => sum + ("expression" in pattern ? searchOf(pattern) : 0), 0);
}

function charsIn(words: readonly string[]): number {
  return words.reduce((sum, { length }) => sum + length, 0);
}

const searchedBesides = 50;

function searchOf({ expression, charsMax }: z.infer<typeof Expression>): number {
  return stepsOf(expression) * (charsMax + searchedBesides);
}

/** 0 for what is no expression, and is refused as such. */
function stepsOf(expression: string): number {
  try {
    return RE2JS.compile(expression).programSize();
  } catch {
    return 0;
  }
}

function checkExpression(expression: string, context: z.RefinementCtx<string>): void {
  const complain = (message: string): void => {
    context.addIssue({ code: "custom", message });
  };
  try {
    const compiled = RE2JS.compile(expression);
    if (compiled.programSize() > programSizeMax)
      complain(`too large an expression: it becomes ${compiled.programSize()} steps, and may become ${programSizeMax}`);
    const anywhere = compiled.matcher(" a ");
    if (anywhere.find() && anywhere.start() === anywhere.end())
      complain("the expression finds the empty text, which is everywhere");
  } catch (error) {
    complain(error instanceof Error ? error.message : "not an expression");
  }
}

/** As far as the program of an expression matters here: each step says which is next, some have another as well. */
const Program = z.object({
  start: z.number(),
  inst: z.array(z.object({ op: z.number(), out: z.number(), arg: z.number() })),
});
/** Steps with two next ones, steps that end nowhere or with a find, and steps that take no character. From 8 on one is taken. */
const stepOf = { either: [1, 2], fail: 5, find: 6, characterFrom: 8 } as const;

/** Characters of the shortest text that an expression finds, at the least; 0 for what is none, and is refused as such. */
function shortestFind(expression: string): number {
  const { data: program } = Program.safeParse(programOf(expression));
  if (program === undefined) return 0;
  const reached = new Set<number>();
  let now = [program.start];
  for (let chars = 0; now.length > 0; chars += 1) {
    const next: number[] = [];
    for (const at of now) {
      // What takes no character is reached in the same round.
      if (reached.has(at)) continue;
      reached.add(at);
      const step = program.inst[at];
      if (step === undefined || step.op === stepOf.fail) continue;
      if (step.op === stepOf.find) return chars;
      (step.op >= stepOf.characterFrom ? next : now).push(step.out);
      if (stepOf.either.some((op) => op === step.op)) now.push(step.arg);
    }
    now = next;
  }
  return 0;
}

function programOf(expression: string): unknown {
  try {
    return RE2JS.compile(expression).re2().prog;
  } catch {
    return undefined;
  }
}
