// How alike two requests are worded, without keeping either: each is known by hashes of its telling words, with a seed of this
// process. Frames ("How do I …?", "Write a guide on …") do not count: they are what is changed first when something is asked again.
import { foldText } from "./normalise.ts";

/** Hashes of words in order, each once; at most `wordsMax`, the smallest, so that long texts keep the same ones. */
export type Wording = Int32Array;

/** Characters of a text that are looked at, at either end of a longer one. */
const charsMax = 20_000;
const wordsMax = 64;
/** Fewer say too little: half the world asks about one thing. */
const wordsMin = 2;
/** Units of a word that count: what comes behind is its ending. */
const stemUnits = 7;
/** Shorter words, in alphabets, tell little. */
const unitsMin = 3;

const frameWords = new Set(
  (
    "the and but then else for with from are was were been being does did how what which who whom whose when where why can " +
    "could would should will shall may might must mine our you your she its they them their this that these those there here " +
    "not yes please tell give show make write get let need want help step steps guide detail explain describe list best way " +
    "easiest instruct tutorial some any all one two five about into out over under than too very just also only own same " +
    "other such more most going someone somebody know start thing exactly story novel character write writing wrote scene " +
    "script imagine pretend suppose hypothetical hypothetically purely theory act expert friend email example question answer"
  )
    .split(" ")
    .map((word) => word.slice(0, stemUnits)),
);

/** Undefined where a text has too few telling words to be recognised by. Cost: linear in its length. */
export function wordingOf(text: string, seed: number): Wording | undefined {
  const half = charsMax / 2;
  const read = text.length <= charsMax ? text : `${text.slice(0, half)} ${text.slice(-half)}`;
  const { units, length } = foldText(read);
  const found = new Set<number>();
  for (let at = 0; at < length;) {
    const end = wordEnd(units, at, length);
    if (end > at) addWord(found, units.subarray(at, end), seed);
    at = end + 1;
  }
  if (found.size < wordsMin) return undefined;
  return Int32Array.from(found).toSorted().slice(0, wordsMax);
}

function wordEnd(units: Uint16Array, from: number, length: number): number {
  let end = from;
  while (end < length && isInWord(units[end] ?? 0)) end += 1;
  return end;
}

function isInWord(unit: number): boolean {
  return (unit >= 97 && unit <= 122) || (unit >= 48 && unit <= 57) || unit >= 0x80;
}

const letterS = 115;
/** Scripts that put no spaces between words are told by pairs of their characters. */
const firstUnspaced = 0x2e80;

function addWord(found: Set<number>, word: Uint16Array, seed: number): void {
  if ((word[0] ?? 0) >= firstUnspaced) {
    for (let at = 0; at + 1 < word.length; at += 1) found.add(hashOf(word.subarray(at, at + 2), seed));
    return;
  }
  // One bomb and several.
  const isPlural = word.length > unitsMin && word.at(-1) === letterS;
  const stem = word.subarray(0, Math.min(stemUnits, isPlural ? word.length - 1 : word.length));
  if (word.length < unitsMin || frameWords.has(String.fromCharCode(...stem))) return;
  found.add(hashOf(stem, seed));
}

/** FNV-1a, begun with the seed. */
function hashOf(units: Uint16Array, seed: number): number {
  let hash = seed | 0;
  for (const unit of units) hash = Math.imul(hash ^ unit, 0x01000193);
  return hash;
}

/** Dice's coefficient, 0 to 1; of a few words in common less than of as large a share of many. */
export function likenessOf(one: Wording, other: Wording): number {
  let common = 0;
  for (let left = 0, right = 0; left < one.length && right < other.length;) {
    const order = (one[left] ?? 0) - (other[right] ?? 0);
    if (order === 0) common += 1;
    if (order <= 0) left += 1;
    if (order >= 0) right += 1;
  }
  return (2 * common) / Math.max(fewWords, one.length + other.length);
}

const fewWords = 4;
