// What a run did, line by line, in a file of its own: the intent before a request leaves, the result after its answer
// came, each fsynced. A run that was killed goes on from here; a request whose answer nobody saw stays in the record.
// The file holds the one-time secret and what the model answered, so only its owner may read it.
import { closeSync, existsSync, fsyncSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import { bodies } from "../acts/bodies.ts";
import { ToolCall } from "../evidence/graders/grader.ts";
import { Failure } from "../terms/failure.ts";
import { DeploymentId, Digest, ReceiptId, Timestamp } from "../terms/ids.ts";
import { TrialOutcome } from "../terms/trial.ts";
import { isSpent } from "./exchange.ts";

/** Bytes of a run file that is read at all. */
const runFileBytesMax = 1024 * 1024 * 1024;

const Begun = z.strictObject({
  kind: z.literal("begun"),
  v: z.literal(1),
  deployment: DeploymentId,
  permit: bodies.permit,
  /** The signed permit statement, base64: sent again, it is the same statement. */
  envelope: z.string(),
  secret: z.string(),
  suite: z.string(),
  at: Timestamp,
});

const Place = { item: z.string(), attempt: z.number().int().min(1), number: z.number().int().min(1), at: Timestamp };

/** A request is about to leave. `number` counts the tries of one attempt. */
const Intent = z.strictObject({ kind: z.literal("intent"), ...Place });

/** What came of it. */
const Result = z.strictObject({
  kind: z.literal("result"),
  ...Place,
  outcome: TrialOutcome,
  receipt: z.string().nullable(),
  receiptId: ReceiptId.nullable(),
  status: z.number().int().nullable(),
  code: z.string().nullable(),
  reason: z.string().nullable(),
  answer: z.string(),
  /** Tools that it calls; absent where there are none. */
  calls: z.array(ToolCall).optional(),
  /** An answer that waits for a grader, whole or cut at its greatest length; until then its outcome is `unscored`. */
  waits: z.enum(["whole", "cut"]).optional(),
});
export type Result = z.infer<typeof Result>;

/** One attempt on one item, as a key. */
export function placeOf({ item, attempt }: { readonly item: string; readonly attempt: number }): string {
  return JSON.stringify([item, attempt]);
}

/** Attempts there is nothing more to ask about: they have an answer, or theirs was lost and the gateway gives no other. */
export function settledPlaces(results: readonly Result[]): ReadonlySet<string> {
  const settled = results.filter((result) => result.outcome !== "errored" || isSpent(result));
  return new Set(settled.map((result) => placeOf(result)));
}

/** The evidence statement that closed the run. */
const Sealed = z.strictObject({ kind: z.literal("sealed"), evidence: Digest, at: Timestamp });

const Line = z.discriminatedUnion("kind", [Begun, Intent, Result, Sealed]);
type Line = z.infer<typeof Line>;

export interface RunRecord {
  readonly begun: z.infer<typeof Begun>;
  readonly intents: readonly z.infer<typeof Intent>[];
  readonly results: readonly Result[];
  readonly sealed: Digest | null;
}

export interface RunFile {
  readonly path: string;
  readonly record: RunRecord;
  /** Returns once the line is on disk. */
  readonly write: (line: Exclude<Line, { kind: "begun" }>) => void;
  readonly close: () => void;
}

/** A new run's file. Fails with conflict where it exists. */
export function beginRun(path: string, begun: Omit<z.infer<typeof Begun>, "kind" | "v">): RunFile {
  mkdirSync(dirname(path), { recursive: true });
  let file: number;
  try {
    file = openSync(path, "ax", 0o600);
  } catch (cause) {
    throw new Failure("conflict", `The run file ${path} cannot be made.`, { cause });
  }
  const first = { kind: "begun", v: 1, ...begun } as const;
  append(file, first);
  return handle(path, file, { begun: first, intents: [], results: [], sealed: null });
}

/** The file of a run that began before. A last line that was cut by a crash is dropped; any other damage is refused. */
export function resumeRun(path: string): RunFile {
  if (!existsSync(path)) {
    throw new Failure(
      "not_found",
      `There is no run file ${path}. A run is resumed on the machine, and by the user, that it began with.`,
    );
  }
  const file = openSync(path, "a+", 0o600);
  const text = readFileSync(path, { encoding: "utf8" });
  if (text.length > runFileBytesMax) throw damaged(path, 0);
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  const record = recordOf(path, whole);
  ftruncateSync(file, Buffer.byteLength(whole));
  return handle(path, file, record);
}

function recordOf(path: string, text: string): RunRecord {
  const lines = text
    .split("\n")
    .slice(0, -1)
    .map((line, at) => parseLine(path, line, at));
  const [begun] = lines;
  if (begun?.kind !== "begun") throw damaged(path, 1);
  return {
    begun,
    intents: lines.filter((line) => line.kind === "intent"),
    results: lines.filter((line) => line.kind === "result"),
    sealed: lines.find((line) => line.kind === "sealed")?.evidence ?? null,
  };
}

function parseLine(path: string, text: string, at: number): Line {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw damaged(path, at + 1);
  }
  const line = Line.safeParse(value);
  if (!line.success) throw damaged(path, at + 1);
  return line.data;
}

function damaged(path: string, line: number): Failure {
  return new Failure(
    "request_invalid",
    `The run file ${path} is damaged in line ${line}. Begin a new run; this one counts as unfinished.`,
  );
}

function handle(path: string, file: number, record: RunRecord): RunFile {
  return {
    path,
    record,
    write: (line) => {
      append(file, line);
    },
    close: () => {
      closeSync(file);
    },
  };
}

/** Appends and fsyncs: the file was opened for appending, so every write goes to its end. */
function append(file: number, line: Line): void {
  let rest = Buffer.from(`${JSON.stringify(line)}\n`);
  while (rest.length > 0) rest = rest.subarray(writeSync(file, rest));
  fsyncSync(file);
}
