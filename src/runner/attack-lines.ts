// What an attacker was asked and said in a run, as lines of its file: that it is about to be asked, so that a budget holds across
// sittings, and what it said, so that nothing is paid for twice. Texts are held only for attempts that go on.
import { z } from "zod";
import { adaptiveTurnsMax } from "../acts/bodies.ts";
import { Timestamp } from "../terms/ids.ts";

const ofTurn = {
  item: z.string(),
  attempt: z.number().int().min(1),
  number: z.number().int().min(1),
  /** Of the attempt: which request it is for. */
  turn: z.number().int().min(1),
  at: Timestamp,
};

/** A question to the attacker is about to leave; `tokens` of question and answer, about. */
export const AttackingLine = z.strictObject({
  kind: z.literal("attacking"),
  ...ofTurn,
  tokens: z.number().int().nonnegative(),
});

/** What it said; `tokens` as it counted them, where it did. */
export const AttackedLine = z.strictObject({
  kind: z.literal("attacked"),
  ...ofTurn,
  said: z.string(),
  tokens: z.number().int().nonnegative().optional(),
});

export type AttackLine = z.infer<typeof AttackingLine> | z.infer<typeof AttackedLine>;

interface AttackSpent {
  readonly requests: number;
  readonly tokens: number;
}

type TurnPlace = Pick<AttackLine, "item" | "attempt" | "turn">;

/** Grows with a run's lines, in their order. */
export class AttackBook {
  readonly #said = new Map<string, string>();
  readonly #open = new Map<string, number>();
  #requests = 0;
  #tokens = 0;

  take(line: AttackLine): void {
    const key = keyOf(line);
    if (line.kind === "attacking") {
      this.#requests += 1;
      this.#tokens += line.tokens;
      this.#open.set(key, line.tokens);
      return;
    }
    // What it counts itself stands in the place of what it was reckoned at.
    if (line.tokens !== undefined) this.#tokens += line.tokens - (this.#open.get(key) ?? 0);
    this.#open.delete(key);
    this.#said.set(key, line.said);
  }

  /** What it said for a request that is not sent yet. */
  said(place: TurnPlace): string | undefined {
    return this.#said.get(keyOf(place));
  }

  /** Drops what was said in an attempt that is over. */
  forget({ item, attempt }: Pick<TurnPlace, "item" | "attempt">): void {
    for (let turn = 1; turn <= adaptiveTurnsMax; turn += 1) {
      this.#said.delete(keyOf({ item, attempt, turn }));
      this.#open.delete(keyOf({ item, attempt, turn }));
    }
  }

  spent(): AttackSpent {
    return { requests: this.#requests, tokens: this.#tokens };
  }
}

function keyOf({ item, attempt, turn }: TurnPlace): string {
  return JSON.stringify([item, attempt, turn]);
}
