// An answer as it reads when escapes of JSON are undone, beside as it stands: `4111\u0020…` in the arguments of a call is a
// number to whoever is given them. Read on as it comes, stretch by stretch; what is found is pointed at in the answer itself.
import type { Finding, Inspection, Span } from "../../terms/finding.ts";
import { inBoth } from "../inspections.ts";
import type { AnswerReader } from "../safeguard.ts";

/** Times that JSON may stand inside a text of JSON and still be read. */
const levelsMax = 3;

export interface UnescapedShape {
  readonly open: () => AnswerReader;
  /** Whether it is JSON: else only characters by their number are escapes, and a backslash before anything else is one. */
  readonly isJson: boolean;
  /** How far back a view reaches that is opened within the answer, and how far back places are told exactly, in its characters. */
  readonly backChars: number;
}

/** Whether there is something to undo in a stretch, after the sign that came before it. */
export function hasEscape(stretch: string, before: string, isJson: boolean): boolean {
  if (isJson) return stretch.includes("\\");
  return stretch.includes("\\u") || (before === "\\" && stretch.startsWith("u"));
}

export class Unescaped {
  readonly #shape: UnescapedShape;
  readonly #reader: AnswerReader;
  readonly #level: number;
  /** The same once more, from the first escape in it on. */
  #below: Unescaped | undefined;
  /** The end of what came, where it is the beginning of an escape. */
  #begun = "";
  /** Ends of what was read: in the text that comes, and undone. */
  #from: number;
  #end = 0;
  #recent = "";
  /** Where places in the view stand in the text, for the last of them: after each escape. */
  readonly #places: Place[];

  /** From the place `from` on in the text that comes, with what came right before it. */
  constructor(shape: UnescapedShape, { before, from }: { readonly before: string; readonly from: number }, level = 1) {
    this.#shape = shape;
    this.#reader = shape.open();
    this.#from = from - before.length;
    this.#level = level;
    this.#places = [{ at: 0, from: this.#from }];
    if (before !== "") this.read(before, false);
  }

  /** Everything that is found in the next stretch, undone as often as it can be; with spans in the text that comes. */
  read(stretch: string, isEnd: boolean): Inspection[] {
    const undone = this.#undo(stretch, isEnd);
    const inspections = [this.#reader.read(undone, isEnd)];
    const before = this.#recent;
    const { isJson, backChars } = this.#shape;
    if (this.#below === undefined && this.#level < levelsMax && hasEscape(undone, before.slice(-1), isJson))
      this.#below = new Unescaped(this.#shape, { before, from: this.#end }, this.#level + 1);
    this.#end += undone.length;
    this.#recent = (before + undone).slice(-backChars);
    for (const inspection of this.#below?.read(undone, isEnd) ?? none) inspections.push(inspection);
    this.#forget();
    return inspections.map((inspection) => inBoth(inspection, (finding) => this.#placed(finding)));
  }

  /** The place in the text that comes after which `chars` characters stand in each view. */
  placeBefore(chars: number): number {
    const own = this.#sourceOf(this.#end - chars);
    return this.#below === undefined ? own : Math.min(own, this.#sourceOf(this.#below.placeBefore(chars)));
  }

  #undo(stretch: string, isEnd: boolean): string {
    const text = this.#begun + stretch;
    let undone = "";
    let at = 0;
    this.#begun = "";
    for (let backslash = text.indexOf("\\"); backslash >= 0; backslash = text.indexOf("\\", at)) {
      undone += text.slice(at, backslash);
      const escape = escapeAt(text, backslash, this.#shape.isJson);
      if (escape === undefined && !isEnd) {
        this.#begun = text.slice(backslash);
        this.#from += backslash;
        return undone;
      }
      const { sign, length } = escape ?? { sign: "\\", length: 1 };
      undone += sign;
      at = backslash + length;
      if (length > sign.length) this.#places.push({ at: this.#end + undone.length, from: this.#from + at });
    }
    this.#from += text.length;
    return undone + text.slice(at);
  }

  #placed(finding: Finding): Finding {
    const [start, end] = finding.span;
    const span: Span = [this.#sourceOf(start), this.#sourceOf(end)];
    return { ...finding, span };
  }

  /** Where a place in the view stands in the text: never within an escape. */
  #sourceOf(at: number): number {
    const last = this.#places.findLast((place) => place.at <= at) ?? this.#places[0];
    return last === undefined ? 0 : last.from + Math.max(0, at - last.at);
  }

  #forget(): void {
    const places = this.#places;
    if (places.length < 2 * this.#shape.backChars) return;
    const first = places.findLastIndex(({ at }) => at <= this.#end - this.#shape.backChars);
    if (first > 0) places.splice(0, first);
  }
}

const none: readonly Inspection[] = [];

interface Place {
  readonly at: number;
  readonly from: number;
}

const spaces: Readonly<Record<string, string>> = { n: "\n", r: "\n", t: "\t", b: " ", f: "\n" };

/** What an escape stands for; undefined where it may go on. */
function escapeAt(
  text: string,
  at: number,
  isJson: boolean,
): { readonly sign: string; readonly length: number } | undefined {
  const letter = text[at + 1];
  if (letter === undefined) return undefined;
  if (letter === "u") {
    const hex = text.slice(at + 2, at + 6);
    if (/^[0-9a-fA-F]{4}$/.test(hex)) return { sign: String.fromCharCode(Number.parseInt(hex, 16)), length: 6 };
    if (hex.length < 4 && at + 2 + hex.length === text.length && /^[0-9a-fA-F]*$/.test(hex)) return undefined;
  }
  return isJson ? { sign: spaces[letter] ?? letter, length: 2 } : { sign: "\\", length: 1 };
}
