// Recorded answers of two makers, as other people's repositories keep them: one JSON event a line (`.chunks.txt`), server-sent
// events as they were (`.sse`, `.txt`), whole answers (`.json`). They are read where they lie and are no part of this project.
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";

export type Dialect = "openai-chat" | "openai-responses" | "anthropic-messages";
type Frame = Readonly<Record<string, unknown>>;

export interface Recording {
  readonly name: string;
  readonly dialect: Dialect;
  readonly isStream: boolean;
  /** The answer's body, as a server sends it. */
  readonly body: string;
  /** Its events, or the one object of a whole answer. */
  readonly frames: readonly Frame[];
}

/** Where recordings lie in a clone, and what they speak. */
const places: readonly (readonly [pattern: string, dialect: Dialect])[] = [
  ["packages/anthropic/src/__fixtures__/*.{chunks.txt,json}", "anthropic-messages"],
  ["packages/openai/src/chat/__fixtures__/*.{chunks.txt,json}", "openai-chat"],
  ["packages/openai/src/responses/__fixtures__/*.{chunks.txt,json}", "openai-responses"],
  ["tests/fixtures/*/*.sse", "anthropic-messages"],
  ["tests/lib/fixtures/*.txt", "anthropic-messages"],
];

/** All recordings in a clone of vercel/ai or anthropics/anthropic-sdk-typescript. */
export function recordingsIn(clone: string): readonly Recording[] {
  return places.flatMap(([pattern, dialect]) =>
    globSync(pattern, { cwd: clone })
      .toSorted()
      .flatMap((file) => recordingsOf(path.join(clone, file), file, dialect)),
  );
}

const Frame = z.record(z.string(), z.unknown());

function recordingsOf(file: string, name: string, dialect: Dialect): readonly Recording[] {
  const text = readFileSync(file, "utf8");
  if (file.endsWith(".json")) {
    return [{ name, dialect, isStream: false, body: text, frames: [Frame.parse(JSON.parse(text))] }];
  }
  if (!file.endsWith(".chunks.txt")) return [{ name, dialect, isStream: true, body: text, frames: framesIn(text) }];
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const last = dialect === "openai-chat" ? "data: [DONE]\n\n" : "";
  const answers = answersIn(lines.map((line) => eventOf(line, dialect)));
  return answers.map((body, at) => ({
    name: answers.length === 1 ? name : `${name} #${at + 1}`,
    dialect,
    isStream: true,
    body: body + last,
    frames: framesIn(body),
  }));
}

/** Some recordings are of a whole loop with tools: each answer of OpenAI's begins as `response.created`. */
function answersIn(events: readonly string[]): readonly string[] {
  const answers: string[] = [];
  for (const event of events) {
    if (answers.length === 0 || event.startsWith("event: response.created")) answers.push(event);
    else answers[answers.length - 1] += event;
  }
  return answers;
}

/** A line that is no JSON is sent as it is, under the name that it says. */
function eventOf(line: string, dialect: Dialect): string {
  const type = /^\{"type":"([\w.]+)"/.exec(line)?.[1] ?? frameOf(line)?.["type"];
  return dialect === "openai-chat" ? `data: ${line}\n\n` : `event: ${String(type)}\ndata: ${line}\n\n`;
}

function frameOf(line: string): Frame | undefined {
  try {
    return Frame.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

/** The objects in a stream of server-sent events; comments, `[DONE]` and broken lines are none. */
export function framesIn(text: string): readonly Frame[] {
  return text
    .split("\n")
    .filter((line) => line.startsWith("data:"))
    .map((line) => line.slice("data:".length).trim())
    .map(frameOf)
    .filter((frame) => frame !== undefined);
}
