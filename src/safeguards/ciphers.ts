// Stretches of a text whose letters were shifted through the alphabet or stand backwards. A stretch is undone where it then
// reads like a language, and clearly more so than it does as it stands.
import type { Reading } from "./encodings.ts";
import { languageMin, lettersOf, likenessOf } from "./letter-pairs.ts";
import type { Survey } from "./survey.ts";

/** By how much a stretch has to read better when it is undone, and by how much more divided by its letters: few may do so by chance. */
const gainMin = 0.6;
const gainOfFew = 12;
/** Of a long stretch as much as this shows how it was written. */
const triedCharsMax = 2_000;

/** What is hidden so in the stretches of a text that read like no language, in order. Cost: linear. */
export function ciphersIn(text: string, { odd }: Survey): readonly Reading[] {
  return odd.flatMap(([from, to]) => {
    const reading = undo(text.slice(from, to));
    return reading === undefined ? [] : [{ from, to, text: reading }];
  });
}

/** The likeliest of all shifts, forwards and backwards; undefined where none is clearly likelier than the stretch as it stands. */
function undo(stretch: string): string | undefined {
  const forwards = lettersOf(stretch.slice(0, triedCharsMax));
  const backwards = forwards.toReversed();
  let best: readonly [isBackwards: boolean, shift: number] | undefined;
  let reached = Math.max(languageMin, likenessOf(forwards, 0) + gainMin + gainOfFew / forwards.length);
  for (let shift = 0; shift < 26; shift += 1) {
    for (const letters of [forwards, backwards]) {
      const likes = likenessOf(letters, shift);
      if (likes <= reached) continue;
      best = [letters === backwards, shift];
      reached = likes;
    }
  }
  if (best === undefined) return undefined;
  const [isBackwards, shift] = best;
  return shifted(isBackwards ? Array.from(stretch).toReversed().join("") : stretch, shift);
}

function shifted(text: string, by: number): string {
  if (by === 0) return text;
  return text.replaceAll(/[A-Za-z]/g, (letter) => {
    const unit = letter.charCodeAt(0);
    const first = unit < 97 ? 65 : 97;
    return String.fromCharCode(first + ((unit - first + by) % 26));
  });
}
