// Words in which figures stand for letters, such as h0w or b0mb, as they are meant.

const figures: ReadonlyMap<string, string> = new Map(
  Object.entries({ 0: "o", 1: "i", 3: "e", 4: "a", 5: "s", 7: "t", 8: "b", 9: "g", "@": "a", $: "s" }),
);

/** Words with figures among their letters; fewer in a text are names of things, such as mp3 or B2B. */
const figureWordsMin = 3;
/** Where so many of the words are such, numbers are words as well: 15 is "is". */
const allFiguresShare = 0.3;

/** The text with letters for figures, unit for unit, where it has some such words; else as it is. Cost: linear. */
export function figuresUndone(text: string): string {
  if (!amongLetters.test(text)) return text;
  const words = text.match(word) ?? [];
  const clear = words.filter((one) => amongLetters.test(one) && isWrittenWithFigures(one)).length;
  if (clear < figureWordsMin) return text;
  const isMeant = clear >= allFiguresShare * words.length ? isShort : isWrittenWithFigures;
  return text.replaceAll(word, (one, at: number) => {
    const isAddress = one.includes("@") && text[at + one.length] === ".";
    return isAddress || !isMeant(one) ? one : Array.from(one, (sign) => figures.get(sign) ?? sign).join("");
  });
}

const word = /[A-Za-z0-9@$]+/g;
const amongLetters = /[A-Za-z][0-9@$]+[A-Za-z]/;

/** Neither what counts or measures something (4th, 70s, 16GB), nor the number of a thing (A1000), nor part of a digest. */
const isNumbered =
  /^[0-9$]+(?:[ksmbx]|st|nd|rd|th|am|pm|[kmgt]b|[kmc]?[mg]|px|hz)?$|^[a-z]+[0-9]{2,}$|[0-9]{6}|^[0-9a-f]{8,}$|^.{25}/i;

function isWrittenWithFigures(one: string): boolean {
  return /[A-Za-z]/.test(one) && /[0-9@$]/.test(one) && !isNumbered.test(one);
}

function isShort(one: string): boolean {
  return one.length < 25;
}
