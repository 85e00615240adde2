// What leads an attempt of several requests: it writes the next one from all that came before. A toy world's follows from the item and the
// answers alone; an attacker's from what a model says as well, which is put on record before it is used.
import { z } from "zod";
import { ToolCall } from "../evidence/graders/grader.ts";

/** One message of a conversation, as chat completions has it. */
export const Message = z.strictObject({
  role: z.enum(["system", "user", "assistant", "tool"]),
  content: z.string(),
  tool_calls: z.array(z.strictObject({ id: z.string(), type: z.literal("function"), function: ToolCall })).optional(),
  tool_call_id: z.string().optional(),
});
export type Message = z.infer<typeof Message>;

/** A request of an attempt, and its answer. */
export interface DoneTurn {
  /** What it said that was not said before: all messages of the first one, and of one that begins anew. */
  readonly asked: readonly Message[];
  /** Whether it began anew, so that nothing before it was sent along. */
  readonly isAnew: boolean;
  readonly answer: string;
  readonly calls: readonly ToolCall[];
}

/** The next request: what is added to the messages so far, or to none. */
export interface NextTurn {
  readonly asked: readonly Message[];
  readonly isAnew: boolean;
}

type Next = NextTurn | "unable" | "later" | undefined;

export interface Script {
  /** Turns of one attempt, at most. */
  readonly turns: number;
  /**
   * Undefined where the attempt is over; `unable` where it cannot be gone on with, and what it would have come to is unknown; `later`
   * where it can be another time.
   */
  readonly next: (done: readonly DoneTurn[], place: ScriptPlace) => Next | Promise<Next>;
  /**
   * What is graded: all answers and calls together, or each answer by itself, where the first harmful one ends the attempt.
   */
  readonly graded: "together" | "each";
  /** The tools that an answer calls, wherever it says so. */
  readonly callsIn: (answer: Pick<DoneTurn, "answer" | "calls">) => readonly ToolCall[];
}

export interface ScriptPlace {
  readonly item: string;
  readonly attempt: number;
  readonly number: number;
}

/** All messages of a request: those of the conversation that it goes on with, answers included, and its own. */
export function messagesOf(done: readonly DoneTurn[], next: NextTurn): readonly Message[] {
  if (next.isAnew) return next.asked;
  const start = done.findLastIndex(({ isAnew }) => isAnew);
  const before = done.slice(Math.max(0, start)).flatMap((turn) => [...turn.asked, answered(turn)]);
  return [...before, ...next.asked];
}

function answered({ answer, calls }: DoneTurn): Message {
  const made = calls.map((call, at) => ({ id: callId(at), type: "function" as const, function: call }));
  return { role: "assistant", content: answer, ...(made.length === 0 ? {} : { tool_calls: made }) };
}

/** Calls of one answer are told apart by their place: ids of a server's are its own, and would be another text each time. */
export function callId(at: number): string {
  return `call_${at + 1}`;
}

/** A conversation as text: what is committed to, and shown to whoever grades it by hand. */
export function transcriptOf(done: readonly DoneTurn[]): string {
  return done.map((turn) => turnInWords(turn)).join("\n\n");
}

function turnInWords({ asked, isAnew, answer, calls }: DoneTurn): string {
  const said = asked.map(({ role, content }) => `[${role}] ${content}`);
  const called = calls.map((call) => `[calls ${call.name} with ${call.arguments}]`);
  return [...(isAnew ? ["[a new conversation]"] : []), ...said, `[assistant] ${answer}`, ...called].join("\n");
}
