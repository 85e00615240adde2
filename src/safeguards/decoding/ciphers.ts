// Stretches of a text whose letters were shifted through the alphabet or stand backwards, or that are Base64 in groups. A
// stretch is undone where it then reads like a language, and clearly more so than it does as it stands.
import { readBase64, type Reading } from "./encodings.ts";
import { languageMin, lettersOf, likenessOf } from "./letter-pairs.ts";
import type { Survey } from "./survey.ts";

/** By how much a stretch has to read better when it is undone, and by how much more divided by its letters: few may do so by chance. */
const gainMin = 0.6;
const gainOfFew = 12;
/** Of a long stretch as much as this shows how it was written. */
const triedCharsMax = 2_000;

/**
 * What is hidden so in the stretches of a text that read like no language, in order; what stands in one of those `found` is
 * not looked at again. Cost: linear.
 */
export function ciphersIn(text: string, { odd }: Survey, found: readonly Reading[]): readonly Reading[] {
  let at = 0;
  return odd.flatMap(([from, to]) => {
    while ((found[at]?.to ?? Infinity) <= from) at += 1;
    const isFound = (found[at]?.from ?? Infinity) < to;
    const stretch = text.slice(from, to);
    const reading = (isFound ? undefined : readGroups(stretch)) ?? undo(stretch);
    return reading === undefined ? [] : [{ from, to, text: reading }];
  });
}

/** Nearly all of a stretch of Base64 is signs of it, in groups or not. */
const base64ShareMin = 0.6;
/** Capitals and figures stand anywhere in it. */
const looksLikeGroups = /[a-z0-9][A-Z]/;

function readGroups(stretch: string): string | undefined {
  if (!looksLikeGroups.test(stretch)) return undefined;
  const signs = stretch.match(/[A-Za-z0-9+/_-]/g)?.length ?? 0;
  return signs < base64ShareMin * stretch.length ? undefined : readBase64(stretch);
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
