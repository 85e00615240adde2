// What a parser has against an option or an argument, as a sentence for whoever typed it. The parser's own wording is for
// programmers; words of our own types (a name, a digest) are kept as they are.
import type { z } from "zod";
import { nearestWord } from "../documents/nearest.ts";

type Issue = z.core.$ZodIssue;

/** For example `is a whole number from 1 to 30, not "99"`. `given` is what was typed, as far as it is known. */
export function issueInWords(issue: Issue | undefined, given: unknown): string {
  const typed = typeof given === "string" || typeof given === "number" ? `"${String(given)}"` : undefined;
  const but = typed === undefined ? "" : `, not ${typed}`;
  if (issue === undefined) return "is not understood";
  if (issue.code === "invalid_value") return choice(issue.values.map(String), given);
  if (issue.code === "too_small" || issue.code === "too_big") return boundInWords(issue, but);
  if (issue.code === "invalid_format") return formatInWords(issue, but);
  if (issue.code === "unrecognized_keys") return `there is no field ${issue.keys.map((key) => `"${key}"`).join(", ")}`;
  if (issue.code !== "invalid_type") return issue.message;
  return given === undefined ? "is missing" : `is a ${wordOf(issue.expected)}${but}`;
}

function boundInWords(issue: Extract<Issue, { code: "too_small" | "too_big" }>, but: string): string {
  const isBoundIn = issue.inclusive !== false;
  if (issue.code === "too_small") {
    return issue.origin === "string" ? "is empty" : `is ${isBoundIn ? "at least" : "more than"} ${issue.minimum}${but}`;
  }
  if (issue.origin === "string") return `is longer than ${issue.maximum} characters`;
  return `is ${isBoundIn ? "at most" : "less than"} ${issue.maximum}${but}`;
}

function choice(known: readonly string[], given: unknown): string {
  const near = typeof given === "string" ? nearestWord(given, known) : undefined;
  const hint = near === undefined ? "." : `; did you mean "${near}"?`;
  return `${typeof given === "string" ? `there is no "${given}"` : "is not one that is known"}${hint} One of: ${known.join(", ")}`;
}

function wordOf(expected: string): string {
  return expected === "int" ? "whole number" : expected;
}

/** Ids are a prefix and hex digits; what has words of its own keeps them. */
function formatInWords(issue: Extract<Issue, { code: "invalid_format" }>, but: string): string {
  if (issue.format === "url") return `is an address such as http://127.0.0.1:8700${but}`;
  const id = /^\/\^([a-z]+_)\[0-9a-f\]\{(\d+)\}\$\/$/.exec(issue.pattern ?? "");
  if (id !== null) return `is ${id[1] ?? ""} and ${id[2] ?? ""} hex digits${but}`;
  return issue.message.startsWith("Invalid ") ? `is not understood${but}` : issue.message;
}
