// Why an answer ended, in Anthropic's words and ours, both ways. A word that nobody here knows is a failure of the server:
// it must never look like an answer that simply ended.
import type { Category } from "../../terms/finding.ts";
import type { ReceiptId } from "../../terms/ids.ts";
import type { Ending, Finish } from "../answer.ts";

const finishes: Readonly<Record<string, Finish>> = {
  end_turn: "stop",
  stop_sequence: "stop",
  max_tokens: "length",
  tool_use: "tool",
  refusal: "refusal",
  model_context_window_exceeded: "context",
  pause_turn: "pause",
};

/** Undefined for a word that is not known. A stop text is passed on only where it is one that the caller gave. */
export function endingOf(reason: string, stopText: string | null, asked: readonly string[]): Ending | undefined {
  const finish = Object.hasOwn(finishes, reason) ? finishes[reason] : undefined;
  if (finish === undefined) return undefined;
  const isAsked = reason === "stop_sequence" && stopText !== null && asked.includes(stopText);
  return isAsked ? { finish, stopText } : { finish };
}

export interface Stop {
  readonly stop_reason: string | null;
  readonly stop_sequence: string | null;
  readonly stop_details: StopDetails | null;
}

interface StopDetails {
  readonly type: "refusal";
  readonly category: "cyber" | "general_harms" | null;
  readonly explanation: string | null;
}

/** Of a message that has not ended. */
export const noStop: Stop = { stop_reason: null, stop_sequence: null, stop_details: null };

/** The three fields that say how an answer ended. */
export function stopOf(ending: Ending, id: ReceiptId): Stop {
  return {
    stop_reason: reasonOf(ending),
    stop_sequence: ending.stopText ?? null,
    stop_details: ending.finish === "refusal" ? detailsOf(ending.category, id) : null,
  };
}

function reasonOf({ finish, stopText }: Ending): string {
  switch (finish) {
    case "stop":
      return stopText === undefined ? "end_turn" : "stop_sequence";
    case "length":
      return "max_tokens";
    case "tool":
      return "tool_use";
    case "refusal":
      return "refusal";
    case "context":
      return "model_context_window_exceeded";
    case "pause":
      return "pause_turn";
  }
}

/**
 * A server's own refusal carries no category here: its words are not passed on. Of Anthropic's categories ours map to two;
 * `bio` is narrower than our `weapons`, and claiming it would say more than was found.
 */
function detailsOf(category: Category | undefined, id: ReceiptId): StopDetails {
  if (category === undefined) return { type: "refusal", category: null, explanation: null };
  const explanation =
    `The usage policy of this server does not allow this (${category}). ` +
    `If that is wrong, quote ${id} to your contact.`;
  return { type: "refusal", category: category === "cyber" ? "cyber" : "general_harms", explanation };
}
