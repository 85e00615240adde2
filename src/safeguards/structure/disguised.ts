// The rule `disguise`: a text much of which had to be undone before it could be read is a finding in itself, whatever it says.
import type { Span } from "../../terms/finding.ts";
import { addDisguise, shareOf, type Disguise } from "../disguise.ts";
import type { RuleReader } from "./rule-reader.ts";

/** Of fewer characters a share says nothing: a name in full-width letters, a word with a stroke through it. */
const undoneMin = 16;

export function disguiseCounter(shareMin: number): RuleReader {
  const disguise: Disguise = { undone: 0, all: 0 };
  let end = 0;
  return {
    add: ({ text, from }) => {
      addDisguise(disguise, text);
      end = from + text.length;
    },
    found: (): Span | undefined =>
      disguise.undone >= undoneMin && shareOf(disguise) >= shareMin ? [0, end] : undefined,
  };
}
