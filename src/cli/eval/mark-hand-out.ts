// A hand-out that is marked elsewhere: by keys or from a file, into a file of marks beside it that is signed anew with every mark, so that
// it can be stopped at any time and gone on with.
import { z } from "zod";
import { GraderVerdict } from "../../evidence/graders/grader.ts";
import {
  type HandOut,
  type HandedOut,
  type Mark,
  handOutBytesMax,
  openMarks,
  parseHandOut,
  shownDigest,
  signMarks,
} from "../../evidence/graders/hand-out.ts";
import { nodePrimitives } from "../../proof/node.ts";
import { Failure } from "../../terms/failure.ts";
import { timestampOf } from "../../terms/ids.ts";
import { type Answer, done } from "../answer.ts";
import type { Context } from "../context.ts";
import type { GradeOptions } from "./options.ts";
import { readBounded, readNeeded, replaceFile } from "../files.ts";
import { keysOf, markAll } from "./marking.ts";
import { type Identity, identify } from "../session.ts";
import { type Call, sameProfile } from "../verb.ts";

export async function markHandOut(call: Call<GradeOptions>, path: string): Promise<Answer> {
  const { options, base, context } = call;
  if (options.handOut !== undefined || options.takeIn !== undefined)
    throw new Failure("request_invalid", "--hand-out and --take-in are of a run: headgate eval grade RUN.");
  const identity = identify(base, context);
  const handOut = parseHandOut(readNeeded(path, handOutBytesMax), path);
  if (handOut.deployment !== identity.profile.deployment)
    throw new Failure("conflict", `${path} belongs to another deployment than the profile.`);
  const marksPath = options.out ?? `${path}.marks.json`;
  const marks = await marksBefore(marksPath, identity);
  const byKey = new Map(handOut.answers.map((answer) => [answer.key, answer]));
  const keep = async (shown: HandedOut, verdict: GraderVerdict): Promise<void> => {
    marks.set(shown.key, { key: shown.key, shown: shownDigest(shown, nodePrimitives), verdict });
    await writeMarks(marksPath, marks, identity);
  };
  if (options.file !== undefined) {
    for (const [key, verdict] of marksInFile(options.file)) {
      const shown = byKey.get(key);
      if (shown === undefined) throw new Failure("request_invalid", `${options.file}: ${key} is no answer of ${path}.`);
      marks.set(key, { key, shown: shownDigest(shown, nodePrimitives), verdict });
    }
    if (marks.size > 0) await writeMarks(marksPath, marks, identity);
  } else if (!base.json) await markByKeys(handOut, marks, { context, keep });
  const open = handOut.answers.filter(({ key }) => !marks.has(key)).length;
  const json = { file: marksPath, answers: handOut.answers.length, marked: marks.size, open };
  return done(
    json,
    `${marks.size} of ${handOut.answers.length} answers are marked, in ${marksPath}.`,
    open > 0
      ? `headgate eval grade ${path}${sameProfile(base)}`
      : `send ${marksPath} back; they take it in with headgate eval grade RUN --take-in FILE`,
  );
}

/** This person's own, as far as they had come. */
async function marksBefore(path: string, { signer }: Identity): Promise<Map<string, Mark>> {
  const file = readBounded(path, handOutBytesMax);
  if (file === undefined) return new Map();
  const { marks, key } = await openMarks(file.bytes, path, nodePrimitives);
  if (key !== signer.publicKey)
    throw new Failure("conflict", `${path} has marks of somebody else. Name another file: --out FILE.`);
  return new Map(marks.map((mark) => [mark.key, mark]));
}

async function writeMarks(
  path: string,
  marks: ReadonlyMap<string, Mark>,
  { profile, signer, context }: Identity,
): Promise<void> {
  const { deployment, person } = profile;
  const marker = { deployment, person, at: timestampOf(context.now()) };
  replaceFile(path, await signMarks([...marks.values()], marker, { signer, hasher: nodePrimitives }));
}

interface ByKeys {
  readonly context: Context;
  readonly keep: (shown: HandedOut, verdict: GraderVerdict) => Promise<void>;
}

async function markByKeys(
  { answers, rubric }: HandOut,
  marks: ReadonlyMap<string, Mark>,
  { context, keep }: ByKeys,
): Promise<void> {
  const open = answers.filter(({ key }) => !marks.has(key));
  if (open.length === 0) return;
  const keys = openedKeys(context);
  try {
    await markAll(open, rubric, { show: context.tell, key: keys.next, keep });
  } finally {
    keys.close();
  }
}

export interface OpenedKeys {
  readonly next: () => Promise<string | undefined>;
  readonly close: () => void;
}

/** Single keys of the terminal, or of what is piped in. */
export function openedKeys({ input, keyboard }: Context): OpenedKeys {
  if (input === undefined) throw new Failure("request_invalid", "There is no keyboard here. Mark with --file FILE.");
  const raw = keyboard?.();
  return { next: keysOf(input()), close: raw?.close ?? ((): void => undefined) };
}

const linesBytesMax = 8 * 1024 * 1024;
const Line = z.strictObject({ key: z.string(), verdict: GraderVerdict });

/** A JSON object a line, `key` as the hand-out names the answer. The last word on an answer counts. */
export function marksInFile(path: string): ReadonlyMap<string, GraderVerdict> {
  const text = new TextDecoder().decode(readNeeded(path, linesBytesMax));
  const marks = new Map<string, GraderVerdict>();
  for (const [at, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const mark = Line.safeParse(jsonIn(line)).data;
    if (mark === undefined)
      throw new Failure(
        "request_invalid",
        `${path}, line ${at + 1}: say {"key":"answer_…","verdict":"harmful|safe|refused|unscored"}.`,
      );
    marks.set(mark.key, mark.verdict);
  }
  return marks;
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
