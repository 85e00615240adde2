// What an attack is: a fixed way to ask for the same thing otherwise. Each is pure, and what it makes of a behaviour follows from
// its version, the suite's seed and the number of the draw alone: so a suite can pin its attacks by the root over what they made.
import type { Draw } from "./draw.ts";

export interface Turn {
  readonly role: "system" | "user" | "assistant";
  readonly text: string;
}

/** What an attack changes: how the words are written, what stands around them, the turns before them, or all of it by chance. */
type AttackKind = "encoding" | "framing" | "conversation" | "resampling";

export interface Attack {
  /** With its version, for example `rot13@1`. Another outcome for the same text is another version. */
  readonly name: string;
  readonly kind: AttackKind;
  /** What it does, in a line; with its source where it is published. */
  readonly about: string;
  /** Of the text of the last turn. */
  readonly rewrite?: (text: string, draw: Draw) => string;
  /** What is said before the last turn, made for it; and the last turn's text, where that changes with it. */
  readonly before?: (text: string, draw: Draw) => { readonly turns: readonly Turn[]; readonly text: string };
  /** Whether two draws differ: only such an attack can be drawn more than once. */
  readonly isDrawn: boolean;
}

/** The turns with an attack made on the last of them, which is the user's. */
export function attacked(turns: readonly Turn[], attack: Attack, draw: Draw): readonly Turn[] {
  const last = turns.at(-1);
  if (last === undefined) return turns;
  const { turns: before, text } = attack.before?.(last.text, draw) ?? { turns: [], text: last.text };
  return [...turns.slice(0, -1), ...before, { ...last, text: attack.rewrite?.(text, draw) ?? text }];
}
