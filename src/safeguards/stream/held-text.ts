// The text of an answer that was not let go yet, and what is to become of it: borders at which it is told apart, and stretches in
// whose place a replacement is sent. It is cut nowhere but at these, and never within a pair of surrogates.
import { isHighSurrogate } from "../normalise.ts";
import type { Stretch } from "../windows.ts";

/** What may be sent: up to the next border that was set, and beyond each of those that are behind it now. */
export interface Cleared {
  readonly text: string;
  readonly beyond?: readonly string[];
  /** How many replacements stand in it. */
  readonly replacements?: number;
  /** Where there are any: of `text` and each one beyond, whether something of it was replaced. */
  readonly changed?: readonly boolean[];
}

export const nothing: Cleared = { text: "" };

/** What may be sent now and what may be sent next, as one. */
export function followedBy(one: Cleared, next: Cleared): Cleared {
  if (one === nothing || next === nothing) return one === nothing ? next : one;
  const texts = joinedAt(textsIn(one), textsIn(next), (end, start) => end + start);
  const changes = joinedAt(changesIn(one), changesIn(next), (end, start) => end || start);
  return clearedOf(texts, { changes, replacements: (one.replacements ?? 0) + (next.replacements ?? 0) });
}

function textsIn({ text, beyond = [] }: Cleared): readonly string[] {
  return [text, ...beyond];
}

function changesIn(cleared: Cleared): readonly boolean[] {
  return cleared.changed ?? textsIn(cleared).map(() => false);
}

/** The last of one and the first of the next are of one text. */
function joinedAt<Part>(one: readonly Part[], next: readonly Part[], join: (end: Part, start: Part) => Part): Part[] {
  const [end, start] = [one.at(-1), next.at(0)];
  if (end === undefined || start === undefined) return [...one, ...next];
  return [...one.slice(0, -1), join(end, start), ...next.slice(1)];
}

function clearedOf(
  [text = "", ...beyond]: readonly string[],
  { changes, replacements }: { readonly changes: readonly boolean[]; readonly replacements: number },
): Cleared {
  return {
    text,
    ...(beyond.length === 0 ? {} : { beyond }),
    ...(replacements === 0 ? {} : { replacements }),
    ...(changes.includes(true) ? { changed: changes } : {}),
  };
}

/** A stretch that is not sent, and what is in its place. */
export interface Redacted {
  readonly stretch: Stretch;
  readonly replacement: string;
}

export class HeldText {
  /** The answer from `from` on: what is still to be sent or judged. */
  text = "";
  from = 0;
  /** Sent, or replaced, up to here. */
  released = 0;
  total = 0;
  /** Borders that text was not let go up to yet, in order. */
  #borders: readonly number[] | undefined;
  /** What is still to be replaced, in order and apart from each other. */
  #redacted: readonly Redacted[] | undefined;
  /** What was replaced last. */
  #last: Redacted | undefined;
  /** Its stretch has grown since it was sent. */
  #hasGrown = false;

  add(text: string): void {
    this.text += text;
    this.total += text.length;
  }

  slice(start: number, end: number): string {
    return this.text.slice(Math.max(0, start - this.from), end - this.from);
  }

  setBorder(): void {
    this.#borders = [...(this.#borders ?? none), this.total];
  }

  /** Has a replacement stand for a stretch, one for all that overlap. False where some of it was sent already. */
  redact(more: Redacted): boolean {
    const [start, end] = more.stretch;
    const last = this.#last;
    const isAtLast = last !== undefined && isOneStretch(last, more) && start >= last.stretch[0];
    if (isAtLast && end <= last.stretch[1]) return true;
    if (isAtLast && last.stretch[1] === this.released) {
      // Nothing was sent since: the replacement that was stands for this, too.
      this.#last = { ...last, stretch: [last.stretch[0], end] };
      this.#hasGrown = true;
      this.released = end;
      return true;
    }
    if (start < this.released) return false;
    this.#redacted = withOneMore(this.#redacted ?? nothingRedacted, more);
    return true;
  }

  /** What may be sent up to `end`, never half of a surrogate pair, nor of what is replaced. */
  take(end: number): Cleared {
    let cut = Math.min(end, this.total);
    if (cut < this.total && isHighSurrogate(this.text.charCodeAt(cut - 1 - this.from))) cut -= 1;
    if (this.#borders !== undefined || this.#redacted !== undefined || this.#hasGrown)
      return this.#takeApart(Math.max(cut, this.released));
    return cut <= this.released ? nothing : { text: this.#takeUpTo(cut) };
  }

  /** Drops what was both judged and sent, but for so many characters behind what was judged. */
  forget(upTo: number): void {
    const from = Math.min(upTo, this.released);
    if (from <= this.from) return;
    this.text = this.text.slice(from - this.from);
    this.from = from;
  }

  /** Nothing of what is held is ever needed again. */
  drop(): void {
    this.text = "";
    this.from = this.total;
  }

  #takeApart(cut: number): Cleared {
    const parts: Parts = { texts: [""], changes: [this.#hasGrown] };
    let replacements = 0;
    this.#hasGrown = false;
    for (let next = this.#nextRedacted(cut); next !== undefined; next = this.#nextRedacted(cut)) {
      this.#takeWithBorders(next.stretch[0], parts);
      addTo(parts, next.replacement, true);
      replacements += 1;
      this.released = next.stretch[1];
      this.#last = next;
      this.#crossBorders(parts);
    }
    this.#takeWithBorders(Math.max(cut, this.released), parts);
    return clearedOf(parts.texts, { changes: parts.changes, replacements });
  }

  #takeWithBorders(end: number, parts: Parts): void {
    for (let [border = Infinity] = this.#borders ?? none; border <= end; [border = Infinity] = this.#borders ?? none) {
      addTo(parts, this.#takeUpTo(border), false);
      this.#crossBorders(parts);
    }
    addTo(parts, this.#takeUpTo(end), false);
  }

  /** Borders up to where text was let go begin texts of their own; what was replaced over one is missing behind it, too. */
  #crossBorders({ texts, changes }: Parts): void {
    const borders = this.#borders ?? none;
    const crossed = borders.filter((border) => border <= this.released);
    for (const border of crossed) {
      texts.push("");
      changes.push(border < this.released);
    }
    this.#borders = crossed.length === borders.length ? undefined : borders.slice(crossed.length);
  }

  #nextRedacted(cut: number): Redacted | undefined {
    const [next, ...rest] = this.#redacted ?? nothingRedacted;
    if (next === undefined || next.stretch[0] >= cut) return undefined;
    this.#redacted = rest.length === 0 ? undefined : rest;
    return next;
  }

  /** Nothing where it was let go that far, or a replacement stands for it. */
  #takeUpTo(cut: number): string {
    if (cut <= this.released) return "";
    const text = this.text.slice(this.released - this.from, cut - this.from);
    this.released = cut;
    return text;
  }
}

/** Texts that are told apart, and of each whether something of it was replaced. */
interface Parts {
  readonly texts: string[];
  readonly changes: boolean[];
}

function addTo({ texts, changes }: Parts, text: string, isChanged: boolean): void {
  texts.push(`${texts.pop() ?? ""}${text}`);
  changes.push(changes.pop() === true || isChanged);
}

const none: readonly number[] = [];
const nothingRedacted: readonly Redacted[] = [];

/** Whether one replacement stands for both: they overlap, or one goes on where the other of its kind ends. */
function isOneStretch(one: Redacted, other: Redacted): boolean {
  const [start, end] = [Math.max(one.stretch[0], other.stretch[0]), Math.min(one.stretch[1], other.stretch[1])];
  return start < end || (start === end && one.replacement === other.replacement);
}

/** In order, with the replacement of the first of those that overlap. */
function withOneMore(redacted: readonly Redacted[], more: Redacted): readonly Redacted[] {
  const ordered = [...redacted, more].toSorted((one, other) => one.stretch[0] - other.stretch[0]);
  const apart: Redacted[] = [];
  for (const next of ordered) {
    const before = apart.at(-1);
    if (before === undefined || !isOneStretch(before, next)) apart.push(next);
    else
      apart.push({
        ...(apart.pop() ?? next),
        stretch: [before.stretch[0], Math.max(before.stretch[1], next.stretch[1])],
      });
  }
  return apart;
}
