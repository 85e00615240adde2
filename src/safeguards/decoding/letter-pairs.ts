// How much a text reads like English, letter by letter: the mean logarithm of how likely each letter is after the one before.
// What was shifted through the alphabet or written backwards falls far below any language written in it, and comes back above
// it when it is undone. Pairs counted on the requests of the public training sets (5.8 million; decisions/018).

/** Row: the letter before, a to z and anything else; column: the letter. A sign s at place p of the alphabet stands for 2^(p/4 - 15). */
const table = [
  "fDHChuCmFfALEOfBbKJNxBtoDlL",
  "KtnnQtdbJDaNphMm0IBtJj82I8H",
  "MeDjLe9MG0GFgbOmcHwMHe16x0G",
  "ImkyOmsjKldxmtJo3AEjCtm0w0U",
  "GsGHByxowamECKtzsMLGmBvCwdR",
  "FefdJHb0N58B62Pb0JqDJ0l0z0Q",
  "HjehOeyHJ6dzsCGB2HCuG1c0x8S",
  "OifoSc4cL1kprxMm7zqCx6a9w0M",
  "CxIFEEC9divHEQKBrDKMjD5vfxG",
  "QialRfraEaidadNwngGaPfkfdgy",
  "CrovRsuoNhrzkHur7mJvuik5w7R",
  "JptGOzriL0sLpsKv0mDCFsx0I6O",
  "PFmqQqg6Jc5sFmLJ3lBlGjn9E1M",
  "GhHMJAMmEnvxqwFubiJLxvcaDdQ",
  "vwBEvHzlymwFHPCD0NBFMAHnrfM",
  "LiptNikDG0bNriLG3NBJGemkz0J",
  "tad4a4r4ia4Ca4if4qjgXdgad4K",
  "KoBDQsyiK5ywECKs3AGEBvl4F8P",
  "DgClMriGH0xtutFEmlGMFfx4x0T",
  "HjrhMmsPM09unkLt4FEzCeweB6Q",
  "DzGEIzBcC3iLFLlE6NMMeg5lsgK",
  "NaffV37cP60jhjFn0nncB988n0z",
  "MimoLf6NP2gu9CKg0IClb0o6e0P",
  "JeGnMxktJm9mxcnPn9nOB0ixw0P",
  "ttsrCmfaz38xyvPC0oIDi9rmjtV",
  "OlddUdllMddzjvGd6dolBfltAHH",
  "MEIGEGAFJutBGCHGtEJMCxGkCh0",
].join("");

const signs = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** How often each letter stands in the same requests (10.4 million letters), written in the same way. */
const single = "KzFFMCBGJowGDJJCoIIKEyBsCl";

/** Letters and, as the last, anything else. */
const letterCount = 27;
export const noLetter = 26;

const logsOfPairs = Float32Array.from(table, (sign) => signs.indexOf(sign) / 4 - 15);

/** The base-2 logarithm of how likely a letter is after another. */
export function logOfPair(before: number, letter: number): number {
  return logsOfPairs[before * letterCount + letter] ?? 0;
}

/** 0 to 25 for a letter of either case, 26 for anything else; what is beyond ASCII is not in it. */
export const lettersOfAscii = Uint8Array.from({ length: 128 }, (_, unit) => {
  const lower = unit | 0x20;
  return lower >= 97 && lower <= 122 ? lower - 97 : noLetter;
});

/** Likeness of what reads like a language written in Latin letters. */
export const languageMin = -4.3;

/** Mean over the pairs of a text, with an end before and after; what is no letter counts once in a row. English: -5 to -3. */
export function likeness(text: string): number {
  return likenessOf(lettersOf(text), 0);
}

/** The letters of a text, what is none once in a row, with an end before and after. */
export function lettersOf(text: string): Uint8Array {
  const letters = new Uint8Array(text.length + 2);
  letters[0] = noLetter;
  let length = 1;
  for (let at = 0; at < text.length; at += 1) {
    const letter = lettersOfAscii[text.charCodeAt(at)] ?? noLetter;
    if (letter === noLetter && letters[length - 1] === noLetter) continue;
    letters[length] = letter;
    length += 1;
  }
  if (letters[length - 1] !== noLetter) {
    letters[length] = noLetter;
    length += 1;
  }
  return letters.subarray(0, length);
}

const logsOfLetters = Float32Array.from(single, (sign) => signs.indexOf(sign) / 4 - 15);

/** The same twice over, so that a letter and a shift are one place. */
const logsTwice = Float32Array.from([...logsOfLetters, ...logsOfLetters]);

/** All shifts, 0 to 25, by how likely the letters are that stand there then: which, and not in which order. */
export function shiftsByLetters(letters: Uint8Array): readonly number[] {
  const counts = new Uint32Array(letterCount);
  for (const letter of letters) counts[letter] = (counts[letter] ?? 0) + 1;
  const likely = new Float64Array(26);
  for (let letter = 0; letter < 26; letter += 1) {
    const count = counts[letter] ?? 0;
    if (count === 0) continue;
    for (let shift = 0; shift < 26; shift += 1)
      likely[shift] = (likely[shift] ?? 0) + count * (logsTwice[letter + shift] ?? 0);
  }
  return Array.from(likely, (_, shift) => shift).toSorted((one, other) => (likely[other] ?? 0) - (likely[one] ?? 0));
}

/** The likeness of letters that are shifted through the alphabet by so many places. */
export function likenessOf(letters: Uint8Array, shift: number): number {
  let sum = 0;
  let before = noLetter;
  for (let at = 1; at < letters.length; at += 1) {
    const letter = letters[at] ?? noLetter;
    const moved = letter === noLetter ? noLetter : (letter + shift) % 26;
    sum += logOfPair(before, moved);
    before = moved;
  }
  return letters.length < 2 ? 0 : sum / (letters.length - 1);
}
