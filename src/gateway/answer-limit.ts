// What was set aside for an answer binds it, whether its server heeds a limit or not: a stream is not read on, and a whole
// answer is cut, each ending for its length.
import { Failure } from "../terms/failure.ts";
import type { Block, Choice } from "../wire/answer.ts";
import type { Reservation } from "./record.ts";

/** Characters of text that make a token, at the most: an honest server ends by its own count long before. */
const charsPerTokenMax = 8;

/** Whether an answer of so many characters has used up what was set aside for it. */
export function isUsedUp(reservation: Reservation | undefined, chars: number): boolean {
  return reservation?.spend(Math.floor(chars / charsPerTokenMax)) === "stop";
}

export function usedUp(): Failure {
  return new Failure("quota_exhausted", "", { detail: { reason: "tokens" } });
}

export function textOf(block: Block): string {
  if (block.kind === "sealed") return "";
  return block.kind === "tool" ? block.arguments : block.text;
}

/** The choices as far as what was set aside reaches, one after another; the same list where all of it fits. */
export function withinLimit(choices: readonly Choice[], reservation: Reservation | undefined): readonly Choice[] {
  const chars = choices.reduce((sum, { blocks }) => sum + charsOf(blocks), 0);
  if (!isUsedUp(reservation, chars)) return choices;
  let left = charsLeft(reservation, chars);
  return choices.map((choice) => {
    const length = charsOf(choice.blocks);
    const kept = length <= left ? choice : shortened(choice, left);
    left = Math.max(0, left - length);
    return kept;
  });
}

function charsOf(blocks: readonly Block[]): number {
  return blocks.reduce((sum, block) => sum + textOf(block).length, 0);
}

/** The most characters that do not use it up, by halving: `tooMany` do. */
function charsLeft(reservation: Reservation | undefined, tooMany: number): number {
  let [fits, over] = [0, tooMany];
  while (over - fits > 1) {
    const middle = Math.floor((fits + over) / 2);
    if (isUsedUp(reservation, middle)) over = middle;
    else fits = middle;
  }
  return fits;
}

function shortened({ index, blocks }: Choice, chars: number): Choice {
  const kept: Block[] = [];
  let left = chars;
  for (const block of blocks) {
    const { length } = textOf(block);
    if (length > left) {
      if (left > 0) kept.push(cut(block, left));
      break;
    }
    kept.push(block);
    left -= length;
  }
  return { index, blocks: kept, ending: { finish: "length" } };
}

/** A seal is of the whole text: what is cut has none. */
function cut(block: Block, chars: number): Block {
  const text = textOf(block).slice(0, chars);
  // Half a surrogate pair at the end is left out.
  const whole = text.isWellFormed() ? text : text.replace(/[\uD800-\uDBFF]$/, "");
  switch (block.kind) {
    case "sealed":
      return block;
    case "tool":
      return { ...block, arguments: whole };
    case "reasoning":
      return { kind: "reasoning", text: whole };
    case "text":
    case "refusal":
      return { ...block, text: whole };
  }
}
