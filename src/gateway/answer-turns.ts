// How much of an answer is judged before others have their turn. How it is cut changes nothing of what is decided about it.
import type { AnswerEvent } from "../wire/answer.ts";

/** Characters that are judged in one turn where the safeguards are slow. */
export const slowCharsAtOnce = 512;

/** The first events, up to so many characters of text, and the others. */
export function dividedAt(
  events: readonly AnswerEvent[],
  chars: number,
): readonly [now: readonly AnswerEvent[], later: readonly AnswerEvent[]] {
  let left = chars;
  for (const [at, event] of events.entries()) {
    if (event.kind !== "text") continue;
    if (event.text.length > left) {
      const now = { ...event, text: event.text.slice(0, left) };
      const later = { ...event, text: event.text.slice(left) };
      return [
        [...events.slice(0, at), now],
        [later, ...events.slice(at + 1)],
      ];
    }
    left -= event.text.length;
  }
  return [events, []];
}
