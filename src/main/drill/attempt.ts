// What an attempt of the drill is, and when it counts. An attempt that met a closed door for another reason than the one
// it is about has shown nothing: it is unfinished, never passed.
import type { Ground } from "./ground.ts";
import type { Knock } from "./gate.ts";

export interface Attempt {
  readonly name: string;
  /** One sentence: what is tried. */
  readonly attempted: string;
  readonly make: (ground: Ground) => Promise<Outcome>;
}

export interface Outcome {
  readonly opened: boolean;
  /** How it was stopped, or how far it came. */
  readonly how: string;
}

export interface Result {
  readonly name: string;
  readonly attempted: string;
  readonly opened: boolean;
  readonly unfinished: boolean;
  readonly how: string;
}

/** The attempt could not be made as it was meant. */
export class Unfinished extends Error {}

export function stopped(how: string): Outcome {
  return { opened: false, how };
}

export function opened(how: string): Outcome {
  return { opened: true, how };
}

/** A request at the door: opened if anything was served, or if so much as asked of the model. */
export function judgeKnock(knock: Knock, expected: readonly string[]): Outcome {
  const said = saidBy(knock);
  if (knock.asked > 0 || knock.reply.status === 200) return opened(`the model was asked; ${said}`);
  const { code, reason } = knock.reply;
  if (code !== null && (expected.includes(code) || expected.includes(`${code}:${reason ?? ""}`))) return stopped(said);
  throw new Unfinished(`closed for another reason than this attempt is about: ${said}`);
}

function saidBy({ reply }: Knock): string {
  const reason = reply.reason === null ? "" : ` (${reply.reason})`;
  return `${reply.status} ${reply.code ?? "answered"}${reason}`;
}

/** Something that has to be refused with one of these codes; accepted, the gate is open. */
export function judgeRefusal(code: string | undefined, expected: readonly string[]): Outcome {
  if (code === undefined) return opened("it was accepted");
  if (expected.includes(code)) return stopped(`refused: ${code}`);
  throw new Unfinished(`refused for another reason than this attempt is about: ${code}`);
}

/** Where several steps were tried, one that opened is enough. */
export function worst(outcomes: readonly Outcome[]): Outcome {
  const found = outcomes.find((outcome) => outcome.opened);
  return found ?? stopped(outcomes.map(({ how }) => how).join("; then "));
}

/** Runs one attempt. Whatever goes wrong on the way is a reason why it proves nothing. */
export async function makeAttempt(attempt: Attempt, ground: Ground): Promise<Result> {
  const { name, attempted } = attempt;
  try {
    const { opened: isOpened, how } = await attempt.make(ground);
    return { name, attempted, opened: isOpened, unfinished: false, how };
  } catch (error) {
    const how = error instanceof Error ? error.message : String(error);
    return { name, attempted, opened: false, unfinished: true, how };
  }
}
