// What is held of a run while it goes on, and when it is sealed: everything but the texts, so that memory grows by some
// hundred bytes a try however long the answers are. Whoever needs texts reads the lines again, one by one.
import type { Digest, Timestamp } from "../terms/ids.ts";
import { isSpent } from "./exchange.ts";
import { AttackBook } from "./attack-lines.ts";
import { GradeBook } from "./grade-lines.ts";
import { type Begun, type Line, type Result, type Turn, placeOf } from "./run-lines.ts";

/** A result without its texts. */
export type Try = Omit<Result, "kind" | "answer" | "calls" | "receipt" | "transcript">;

/** How often an attempt was begun, and when first. */
interface Begins {
  readonly count: number;
  readonly at: Timestamp;
}

/** An answered request of a conversation that goes on. */
type OpenTurn = Pick<Turn, "turn" | "receiptId" | "at" | "number">;

export interface RunRecord {
  readonly begun: Begun;
  /** By place (`placeOf`). */
  readonly begins: ReadonlyMap<string, Begins>;
  readonly results: readonly Try[];
  /** What graders said of answers, who grade afterwards. */
  readonly grades: GradeBook;
  /** Receipts of conversations that have no result yet, by place, in their order. */
  readonly conversations: ReadonlyMap<string, readonly OpenTurn[]>;
  /** What an attacker was asked and said. */
  readonly attacks: AttackBook;
  readonly sealed: Digest | null;
}

/** A record that grows with the lines, in their order. */
export interface GrowingRecord {
  readonly record: RunRecord;
  readonly take: (line: Exclude<Line, Begun>) => void;
}

export function growingRecord(begun: Begun): GrowingRecord {
  const begins = new Map<string, Begins>();
  const results: Try[] = [];
  const conversations = new Map<string, readonly OpenTurn[]>();
  const record: { -readonly [K in keyof RunRecord]: RunRecord[K] } = {
    begun,
    begins,
    results,
    grades: new GradeBook(),
    conversations,
    attacks: new AttackBook(),
    sealed: null,
  };
  return {
    record,
    take: (line) => {
      switch (line.kind) {
        case "intent":
          begin(begins, line);
          return;
        case "turn":
          goOn(conversations, line);
          return;
        case "result":
          results.push(tryOf(line));
          conversations.delete(placeOf(line));
          record.attacks.forget(line);
          return;
        case "attacking":
        case "attacked":
          record.attacks.take(line);
          return;
        case "grading":
        case "graded":
          record.grades.take(line);
          return;
        case "sealed":
          record.sealed ??= line.evidence;
      }
    },
  };
}

function begin(begins: Map<string, Begins>, line: Extract<Line, { kind: "intent" }>): void {
  const place = placeOf(line);
  const { count = 0, at = line.at } = begins.get(place) ?? {};
  begins.set(place, { count: count + 1, at });
}

function goOn(conversations: Map<string, readonly OpenTurn[]>, line: Turn): void {
  const place = placeOf(line);
  const { turn, receiptId, at, number } = line;
  conversations.set(place, [...(conversations.get(place) ?? []), { turn, receiptId, at, number }]);
}

function tryOf({ kind: _kind, answer: _a, calls: _c, receipt: _r, transcript: _t, ...known }: Result): Try {
  return known;
}

/** Attempts there is nothing more to ask about: they have an answer, or theirs was lost and the gateway gives no other. */
export function settledPlaces(results: readonly Try[]): ReadonlySet<string> {
  const settled = new Set<string>();
  for (const result of results) if (result.outcome !== "errored" || isSpent(result)) settled.add(placeOf(result));
  return settled;
}
