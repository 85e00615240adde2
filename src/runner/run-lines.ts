// What a run file says, a line each. Whatever else a run or its graders come to write is another member of this union, and
// what is to be known of it without its texts stands in src/runner/run-record.ts.
import { z } from "zod";
import { bodies } from "../acts/bodies.ts";
import { Outcome } from "../acts/receipt.ts";
import { ToolCall } from "../evidence/graders/grader.ts";
import { DeploymentId, Digest, ReceiptId, Timestamp } from "../terms/ids.ts";
import { TrialOutcome } from "../terms/trial.ts";
import { AttackedLine, AttackingLine } from "./attack-lines.ts";
import { GradedLine, GradingLine } from "./grade-lines.ts";
import { Message } from "./script.ts";

/** Always the first line. */
export const Begun = z.strictObject({
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
export type Begun = z.infer<typeof Begun>;

const Place = { item: z.string(), attempt: z.number().int().min(1), number: z.number().int().min(1), at: Timestamp };

/** A request is about to leave. `number` counts the tries of one attempt. */
const Intent = z.strictObject({
  kind: z.literal("intent"),
  ...Place,
  /** Of an attempt of several requests: which one. */
  turn: z.number().int().min(1).optional(),
});

/** A request of an attempt of several, and its answer, where one came: from these the attempt goes on. */
const Turn = z.strictObject({
  kind: z.literal("turn"),
  ...Place,
  turn: z.number().int().min(1),
  asked: z.array(Message).readonly(),
  isAnew: z.boolean(),
  answer: z.string(),
  calls: z.array(ToolCall).readonly(),
  finish: z.string().nullable(),
  status: z.number().int().nullable(),
  code: z.string().nullable(),
  receipt: z.string().nullable(),
  receiptId: ReceiptId.nullable(),
  /** As the receipt says it. */
  outcome: Outcome.nullable(),
});
export type Turn = z.infer<typeof Turn>;

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
  /** Of an attempt of several requests: the receipts of those before the last, and all that was said. */
  before: z.array(ReceiptId).min(1).optional(),
  transcript: z.string().optional(),
  /**
   * An answer that waits for a grader, whole or cut at its greatest length, or of an attempt that broke off, which is unknown where the
   * grader finds no failure; until then its outcome is `unscored`.
   */
  waits: z.enum(["whole", "cut", "broken-off"]).optional(),
});
export type Result = z.infer<typeof Result>;

/** The evidence statement that closed the run. */
const Sealed = z.strictObject({ kind: z.literal("sealed"), evidence: Digest, at: Timestamp });

export const Line = z.discriminatedUnion("kind", [
  Begun,
  Intent,
  Turn,
  Result,
  AttackingLine,
  AttackedLine,
  GradingLine,
  GradedLine,
  Sealed,
]);
export type Line = z.infer<typeof Line>;

/** One attempt on one item, as a key. */
export function placeOf({ item, attempt }: { readonly item: string; readonly attempt: number }): string {
  return JSON.stringify([item, attempt]);
}
