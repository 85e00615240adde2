// Every code a program can meet has a line in docs/errors.md that says what it means and what to do, and no line stands
// there for a code that is gone.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import assert from "node:assert/strict";
import { httpStatus } from "../src/terms/failure.ts";

interface Line {
  readonly code: string;
  readonly status: number;
  readonly meaning: string;
  readonly whatToDo: string;
}

const lines = parseLines(readFileSync(join(dirname(import.meta.dirname), "docs", "errors.md"), "utf8"));

test("docs/errors.md and the program know the same codes", () => {
  assert.deepEqual(lines.map(({ code }) => code).toSorted(), Object.keys(httpStatus).toSorted());
});

test("docs/errors.md and the program answer each code with the same status", () => {
  assert.deepEqual(Object.fromEntries(lines.map(({ code, status }) => [code, status])), { ...httpStatus });
});

test("every code has a meaning and something to do", () => {
  const thin = lines.filter(({ meaning, whatToDo }) => meaning.length < 12 || whatToDo.length < 12);
  assert.deepEqual(thin, []);
});

// One table row a code: | `code` | status | meaning | what to do |
function parseLines(text: string): readonly Line[] {
  const rows = text.matchAll(/^\| `([a-z_]+)` \| (\d{3}) \| (.+?) \| (.+?) \|$/gm);
  return [...rows].map(([, code = "", status = "", meaning = "", whatToDo = ""]) => {
    return { code, status: Number(status), meaning: meaning.trim(), whatToDo: whatToDo.trim() };
  });
}
