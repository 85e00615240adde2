// Where in a text of JSON a stretch stands, so that it stays JSON when a replacement takes its place: within a string, or as a number or
// word of its own, which then becomes a string. Read on as the text is let go, each character once.
import type { HeldText } from "./held-text.ts";
import type { Stretch } from "../windows.ts";

interface Placed {
  /** Without halves of escapes, and of numbers and words the whole. */
  readonly stretch: Stretch;
  readonly isInString: boolean;
}

const quote = 0x22;
const backslash = 0x5c;
const escapedByNumber = 0x75;

export class JsonPlaces {
  /** Read up to here, where no escape is under way. */
  #at = 0;
  #isInString = false;
  /** Where the number or word began that is under way. */
  #bareFrom = -1;

  /** Reads on as far as text was let go, and says how far it has come: but for an escape that is only begun. */
  readOn(held: HeldText): number {
    while (this.#at < held.released) {
      const next = this.#tokenEnd(held);
      if (next > held.released) break;
      this.#step(held, next);
    }
    return this.#at;
  }

  /** Undefined where a replacement could not stand for the stretch, or where it ends is not known before `known`. */
  placeOf([start, end]: Stretch, held: HeldText, known: number): Placed | undefined {
    const ahead = this.#copy();
    while (ahead.#tokenEnd(held) <= start) ahead.#step(held, ahead.#tokenEnd(held));
    const isInString = ahead.#isInString;
    const from = isInString || ahead.#bareFrom < 0 ? ahead.#at : ahead.#bareFrom;
    while (ahead.#at < end) {
      const unit = ahead.#unit(held);
      if (isInString ? unit === quote : !isBare(unit)) return undefined;
      ahead.#step(held, ahead.#tokenEnd(held));
    }
    if (isInString) return { stretch: [from, ahead.#at], isInString };
    while (ahead.#at < known && isBare(ahead.#unit(held))) ahead.#step(held, ahead.#at + 1);
    return ahead.#at < known ? { stretch: [from, ahead.#at], isInString } : undefined;
  }

  #copy(): JsonPlaces {
    const copy = new JsonPlaces();
    copy.#at = this.#at;
    copy.#isInString = this.#isInString;
    copy.#bareFrom = this.#bareFrom;
    return copy;
  }

  #unit({ text, from }: HeldText): number {
    return text.charCodeAt(this.#at - from);
  }

  /** Where the character or escape ends that comes next. */
  #tokenEnd(held: HeldText): number {
    if (!this.#isInString || this.#unit(held) !== backslash) return this.#at + 1;
    return this.#at + (held.text.charCodeAt(this.#at + 1 - held.from) === escapedByNumber ? 6 : 2);
  }

  #step(held: HeldText, next: number): void {
    const unit = this.#unit(held);
    if (unit === quote) this.#isInString = !this.#isInString;
    this.#bareFrom = this.#isInString || !isBare(unit) ? -1 : this.#bareFrom < 0 ? this.#at : this.#bareFrom;
    this.#at = next;
  }
}

/** Of numbers, and of words such as `true`. */
function isBare(unit: number): boolean {
  return bare[unit] === 1;
}

const bare = Uint8Array.from({ length: 128 }, (_, unit) => (/[A-Za-z0-9+.-]/.test(String.fromCharCode(unit)) ? 1 : 0));
