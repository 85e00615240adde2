// How much of a text is disguised: the share of its characters that stood for another one, showed nothing, were piled on
// a letter, or spelled a word out, and that the normaliser has to undo. What languages, emoji and typesetting write
// so by themselves (joiners of Indic and Arabic scripts, vowel signs, two accents on a letter, variation selectors, full-width
// letters among Han) is not counted, or so little that a share of a text tells it apart.
import { figuresUndone } from "./figures.ts";
import { foldOf, foldsToItself, isInvisible } from "./folds.ts";
import { lookAlikes } from "./normalise.ts";

/** Counts over a text, which may come in pieces. */
export interface Disguise {
  /** Characters that were undone. */
  undone: number;
  /** Characters that show, and those undone that do not. */
  all: number;
}

/** The share of a text that is disguised, 0 to 1. Cost: linear. */
export function disguiseOf(text: string): number {
  const disguise: Disguise = { undone: 0, all: 0 };
  addDisguise(disguise, text);
  return shareOf(disguise);
}

export function shareOf({ undone, all }: Disguise): number {
  return all === 0 ? 0 : Math.min(1, undone / all);
}

/** Adds a piece of a text, which begins and ends between words. */
export function addDisguise(into: Disguise, piece: string): void {
  const { visible, isAscii, maySpellOut } = glanceAt(piece);
  into.undone += (maySpellOut ? spelledOutIn(piece) : 0) + figuresIn(piece);
  into.all += visible;
  if (isAscii) return;
  const { undone, all } = new Tally(piece).counted();
  into.undone += undone;
  into.all += all - visible;
}

/** All that most texts need: how much of one shows, and whether the same separator stands three times, two apart. */
function glanceAt(piece: string): {
  readonly visible: number;
  readonly isAscii: boolean;
  readonly maySpellOut: boolean;
} {
  let visible = 0;
  let seen = 0;
  let maySpellOut = false;
  // What stood one to four places before.
  let [first, second, third, fourth] = [0, 0, 0, 0];
  for (let at = 0; at < piece.length; at += 1) {
    const unit = piece.charCodeAt(at);
    seen |= unit;
    if (unit > 32) visible += 1;
    if (unit === second && unit === fourth && unit !== first && unit !== third && unit < 97) maySpellOut = true;
    [fourth, third, second, first] = [third, second, first, unit];
  }
  return { visible, isAscii: seen < 0x80, maySpellOut };
}

/** Letters of words that stand letter by letter, with the same separator between; three are a word's initials. */
const spelledOut = /(?<![\p{L}\p{N}])\p{L}([ ._*-])\p{L}\1\p{L}(?:\1\p{L})+(?![\p{L}\p{N}])/gu;

function spelledOutIn(piece: string): number {
  let count = 0;
  for (const [run] of piece.matchAll(spelledOut)) count += (run.length + 1) / 2;
  return count;
}

/** Figures that stand for letters. */
function figuresIn(piece: string): number {
  const undone = figuresUndone(piece);
  if (undone === piece) return 0;
  let count = 0;
  for (let at = 0; at < piece.length; at += 1) if (undone.charCodeAt(at) !== piece.charCodeAt(at)) count += 1;
  return count;
}

/** Of a piece that is not all ASCII, character by character. */
class Tally {
  readonly #text: string;
  readonly #isRightToLeft: boolean;
  #undone = 0;
  #all = 0;
  /** Letters of Latin, Greek and Cyrillic, and how many of them carry a mark. */
  #letters = 0;
  #accented = 0;
  /** What the last character was that showed. */
  #before: Before = "nothing";
  /** Marks and characters that show nothing since then, and letters since the last one of those. */
  #marks = 0;
  #hidden = 0;
  #sinceHyphen = Infinity;
  /** Whether the styled letter before stands in a word of such. */
  #isWord = false;
  /** Of the word that goes on: Latin letters, letters that look like them, others. */
  #word = { latin: 0, alike: 0, other: 0 };

  constructor(text: string) {
    this.#text = text;
    this.#isRightToLeft = rightToLeft.test(text);
  }

  counted(): Disguise {
    for (const character of this.#text) this.#add(character, character.codePointAt(0) ?? 0);
    this.#endWord();
    // No language puts marks on most of its letters.
    if (this.#accented >= accentedMin && this.#accented > accentedMax * this.#letters) this.#undone += this.#accented;
    return { undone: this.#undone, all: this.#all };
  }

  #add(character: string, code: number): void {
    if (code <= 32) {
      this.#shows("nothing");
      this.#endWord();
    } else if (code < 0x80) this.#addAscii(code);
    else if (isInvisible(code)) this.#addHidden(code);
    else if (isMark.test(character)) this.#addMark(code);
    else this.#addOther(character, code);
  }

  #addAscii(code: number): void {
    this.#all += 1;
    if (isAsciiLetter(code)) {
      this.#letters += 1;
      this.#word.latin += 1;
      this.#shows("letter");
    } else {
      this.#shows("sign");
      if (!isFigure(code)) this.#endWord();
    }
  }

  #addHidden(code: number): void {
    this.#hidden += 1;
    if (!this.#isDisguise(code)) return;
    this.#undone += 1;
    this.#all += 1;
  }

  #isDisguise(code: number): boolean {
    if (isDirection(code)) return !this.#isRightToLeft && this.#isAfterLetter();
    if (code === softHyphen) {
      const isDense = this.#sinceHyphen <= 1;
      this.#sinceHyphen = 0;
      return isDense;
    }
    // A flag of a part of a country is a black flag with six tags behind it.
    if (isTag(code)) return this.#before !== "flag" || this.#hidden > flagTagsMax;
    if (isSelector(code)) return this.#hidden > 1;
    return this.#isAfterLetter() || this.#hidden > hiddenMax;
  }

  #isAfterLetter(): boolean {
    return this.#before === "letter" || this.#before === "styled";
  }

  #addMark(code: number): void {
    if (!this.#isAfterLetter()) return;
    this.#marks += 1;
    if (this.#marks === 1) this.#accented += 1;
    if (!isOverlay(code) && this.#marks <= marksMax) return;
    this.#undone += 1;
    this.#all += 1;
  }

  #addOther(character: string, code: number): void {
    this.#all += 1;
    if (isStyled(character, code)) this.#addStyled();
    else if (isLetter.test(character)) this.#addLetter(code, plainScript.test(character));
    else {
      this.#endWord();
      this.#shows(code === blackFlag ? "flag" : "sign");
    }
  }

  /** One by itself is a sign of mathematics. */
  #addStyled(): void {
    const isWord = this.#before === "styled";
    if (isWord) this.#undone += this.#isWord ? 1 : 2;
    this.#letters += 1;
    this.#word.latin += 1;
    this.#shows("styled");
    this.#isWord = isWord;
  }

  #addLetter(code: number, isPlainScript: boolean): void {
    const isAlike = lookAlikes.has(code);
    const isLatin = isPlainScript && !isAlike && isAccentedLatin(code);
    if (isPlainScript) this.#letters += 1;
    if (isLatin) this.#accented += 1;
    this.#word[isAlike ? "alike" : isLatin ? "latin" : "other"] += 1;
    this.#shows(isPlainScript ? "letter" : "other");
  }

  #shows(what: Before): void {
    this.#before = what;
    this.#marks = 0;
    this.#hidden = 0;
    this.#sinceHyphen += 1;
  }

  /** A word of Latin letters in which only such stand besides as are drawn like them. */
  #endWord(): void {
    const { latin, alike, other } = this.#word;
    if (latin > 0 && alike > 0 && other === 0) this.#undone += alike;
    if (latin + alike + other > 0) this.#word = { latin: 0, alike: 0, other: 0 };
  }
}

/**
 * `letter`: of a script that is written without characters that show nothing, `styled` where it has another dress; `other`: of one
 * that may need them.
 */
type Before = "nothing" | "letter" | "styled" | "other" | "sign" | "flag";

const accentedMax = 0.7;
const accentedMin = 12;
/** Vietnamese, taken apart, has two on a letter. */
const marksMax = 2;
/** A family of emoji holds joiners one by one. */
const hiddenMax = 2;
const softHyphen = 0xad;
const blackFlag = 0x1f3f4;
const flagTagsMax = 6;
const isMark = /^\p{M}$/u;
const isLetter = /^\p{L}$/u;
const plainScript = /^[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}]$/u;
const rightToLeft = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}]/u;

function isAsciiLetter(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
}

function isFigure(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** Marks that say in which direction is read: Latin words in Arabic text need them. */
function isDirection(code: number): boolean {
  return code === 0x61c || code === 0x200e || code === 0x200f || (code >= 0x202a && code <= 0x202e) || isIsolate(code);
}

function isIsolate(code: number): boolean {
  return code >= 0x2066 && code <= 0x2069;
}

function isTag(code: number): boolean {
  return code >= 0xe0000 && code <= 0xe007f;
}

function isSelector(code: number): boolean {
  return (code >= 0xfe00 && code <= 0xfe0f) || (code >= 0xe0100 && code <= 0xe01ef);
}

/** Strokes through a letter, lines below and above, rings around it; not the box of a key. */
function isOverlay(code: number): boolean {
  if (code === 0x20e3) return false;
  return (code >= 0x332 && code <= 0x338) || (code >= 0x35c && code <= 0x362) || (code >= 0x20d0 && code <= 0x20ff);
}

/** A Latin letter in another dress: full width, bold, in a circle. */
function isStyled(character: string, code: number): boolean {
  if (foldsToItself(code) || !/^[a-z]$/.test(foldOf(code))) return false;
  return code >= 0x1d00 && character.normalize("NFD") === character;
}

/** Whether it is a Latin letter with an accent, which folds to the letter without. */
function isAccentedLatin(code: number): boolean {
  return !foldsToItself(code) && /^[a-z]+$/.test(foldOf(code));
}
