// Words in which figures stand for letters, such as h0w or b0mb, as they are meant.

const figures: ReadonlyMap<string, string> = new Map(
  Object.entries({ 0: "o", 1: "i", 3: "e", 4: "a", 5: "s", 7: "t", 8: "b", 9: "g", "@": "a", $: "s" }),
);

/** Words with figures among their letters; fewer in a text are names of things, such as mp3 or B2B. */
const figureWordsMin = 3;

/** The text with letters for figures, unit for unit, where it has some such words; else as it is. Cost: linear. */
export function figuresUndone(text: string): string {
  if (!amongLetters.test(text)) return text;
  let clear = 0;
  const undone = text.replaceAll(/[A-Za-z0-9@$]+/g, (word, at: number) => {
    const isAddress = word.includes("@") && text[at + word.length] === ".";
    if (isAddress || !isWrittenWithFigures(word)) return word;
    if (amongLetters.test(word)) clear += 1;
    return Array.from(word, (sign) => figures.get(sign) ?? sign).join("");
  });
  return clear < figureWordsMin ? text : undone;
}

const amongLetters = /[A-Za-z][0-9@$]+[A-Za-z]/;

/** Neither what counts or measures something (4th, 70s, 16GB), nor the number of a thing (A1000), nor part of a digest. */
const isNumbered =
  /^[0-9$]+(?:[ksmbx]|st|nd|rd|th|am|pm|[kmgt]b|[kmc]?[mg]|px|hz)?$|^[a-z]+[0-9]{2,}$|[0-9]{6}|^[0-9a-f]{8,}$|^.{25}/i;

function isWrittenWithFigures(word: string): boolean {
  return /[A-Za-z]/.test(word) && /[0-9@$]/.test(word) && !isNumbered.test(word);
}
