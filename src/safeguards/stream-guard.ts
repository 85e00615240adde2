// Holds an answer back until it is cleared. Promise, but where text is not held back at all: no character is sent before a window that contains it and
// `holdBackChars` further characters (or the end of the answer) was let through, however the answer is cut into chunks;
// at most stride + holdBackChars + 1 characters are withheld. It says up to which character it checked.
import { type Inspection, type Verdict, lets } from "../terms/finding.ts";
import type { Chain } from "./chain.ts";
import { joined } from "./inspections.ts";
import { type AnswerReader, readStretches } from "./safeguard.ts";
import { Unescaped, type UnescapedShape, hasEscape } from "./unescaped.ts";

/** What may be sent: up to the next border that was set, and beyond each of those that are behind it now. */
interface Cleared {
  readonly text: string;
  readonly beyond?: readonly string[];
}

export type GuardStep =
  | (Cleared & { readonly kind: "release"; readonly verdict: Verdict })
  /** What is given was cleared before the stop and may still be sent, so that what is sent does not depend on the chunks. */
  | (Cleared & { readonly kind: "stop"; readonly verdict: Verdict; readonly checkedChars: number });

export interface StreamGuard {
  /** Takes the next piece of the answer, gives what may be sent now (often nothing). A stop is final. */
  readonly push: (text: string) => GuardStep;
  /** Sets a border where the text has come to: it is read on over it as one text, and told apart when it is let go. */
  readonly border: () => GuardStep;
  /** The answer has ended: judges the rest and gives it, or stops. */
  readonly finish: () => GuardStep;
}

export interface GuardBounds {
  /** Longer answers are stopped, cause too-long. In UTF-16 units. */
  readonly outputCharsMax: number;
  /** Whether the text is JSON, as the arguments of a call are; it then is read with its escapes undone, too. */
  readonly isJson?: boolean;
  /** False where text goes on while it is judged, because nothing is to be stopped: verdicts then come late. */
  readonly isHeldBack?: boolean;
}

/** Policy with its caller bound. Verdicts pass and flag let text through, all others stop. */
type Decide = (inspection: Inspection) => Verdict;

export function createStreamGuard(chain: Chain, decide: Decide, bounds: GuardBounds): StreamGuard {
  return new WindowGuard(chain, decide, bounds);
}

/** A class, as thousands of them are there at a time: methods of their own would take as much as what they hold. */
class WindowGuard implements StreamGuard {
  readonly #chain: Chain;
  readonly #decide: Decide;
  readonly #bounds: GuardBounds;
  readonly #state: State = {
    held: "",
    heldFrom: 0,
    released: 0,
    checked: 0,
    free: 0,
    total: 0,
    verdict: { kind: "pass" },
    isBlind: false,
    isJson: false,
  };
  /** Opened when there is something to judge. */
  #reader: AnswerReader | undefined;
  /** Opened at the first escape. */
  #unescaped: Unescaped | undefined;
  #stopped: Verdict | undefined;

  constructor(chain: Chain, decide: Decide, bounds: GuardBounds) {
    this.#chain = chain;
    this.#decide = decide;
    this.#bounds = bounds;
    this.#state.isJson = bounds.isJson === true;
  }

  push(text: string): GuardStep {
    if (this.#stopped !== undefined) return this.#stop(nothing, this.#stopped);
    const state = this.#state;
    if (state.isBlind || state.total + text.length > this.#bounds.outputCharsMax) return this.#overflow(text);
    state.held += text;
    state.total += text.length;
    const isNothingDue = state.checked + this.#chain.shape.strideChars >= state.total;
    if (isNothingDue && this.#bounds.isHeldBack !== false) return this.#release(nothing);
    return this.#advance(false);
  }

  border(): GuardStep {
    if (this.#stopped !== undefined) return this.#stop(nothing, this.#stopped);
    const state = this.#state;
    state.borders = [...(state.borders ?? none), state.total];
    return this.#release(take(state, state.released));
  }

  finish(): GuardStep {
    if (this.#stopped !== undefined) return this.#stop(nothing, this.#stopped);
    return this.#state.isBlind ? this.#release(nothing) : this.#advance(true);
  }

  #advance(final: boolean): GuardStep {
    const [state, chain] = [this.#state, this.#chain];
    const ends = endsDue(state, chain, final);
    const found = this.#read(ends, final);
    for (const [at, end] of ends.entries()) {
      const stretch = state.held.slice(state.checked - state.heldFrom, end - state.heldFrom);
      const inspection = found[at] ?? { kind: "unknown", cause: "failed" };
      const verdict = this.#judge(this.#withEscapes(inspection, stretch, final && end === state.total));
      state.checked = end;
      if (!lets(verdict)) return this.#stop(take(state, state.free), verdict);
      if (state.verdict.kind === "pass") state.verdict = verdict;
      state.free = this.#freeUpTo(end);
    }
    const cleared = take(state, final ? state.total : releasable(state, this.#bounds));
    forget(state, this.#keptChars());
    return this.#release(cleared);
  }

  /** With what is found in the window with its escapes undone. */
  #withEscapes(inspection: Inspection, stretch: string, isEnd: boolean): Inspection {
    const { checked, held, heldFrom } = this.#state;
    if (checked === 0) this.#state.isJson ||= isJsonBegun.test(stretch);
    if (this.#unescaped === undefined) {
      const before = this.#keptChars() === 0 ? "" : held.charAt(checked - heldFrom - 1);
      if (!hasEscape(stretch, before, this.#state.isJson)) return inspection;
      this.#unescaped = new Unescaped(this.#unescapedShape(), { before: this.#before(checked), from: checked });
    }
    return joined([inspection, ...this.#unescaped.read(stretch, isEnd)]);
  }

  #unescapedShape(): UnescapedShape {
    const { stream, shape, openAnswer } = this.#chain;
    const backChars = stream.holdBackChars + shape.windowChars + shape.strideChars;
    return { open: openAnswer, isJson: this.#state.isJson, backChars };
  }

  /** What came right before the place `checked`, as much as there always is. */
  #before(checked: number): string {
    const { held, heldFrom } = this.#state;
    return held.slice(Math.max(0, checked - this.#keptChars() - heldFrom), checked - heldFrom);
  }

  /** Kept behind what was checked, for whatever is opened later. */
  #keptChars(): number {
    const isKept = this.#state.isJson || this.#bounds.isHeldBack !== false;
    return isKept ? this.#chain.stream.holdBackChars : 0;
  }

  /** How far text may go that was checked up to `end`: an escape counts as the character that it stands for. */
  #freeUpTo(end: number): number {
    const { holdBackChars } = this.#chain.stream;
    const free = end - holdBackChars;
    return this.#unescaped === undefined ? free : Math.min(free, this.#unescaped.placeBefore(holdBackChars));
  }

  /** What is found in the windows that end at `ends`, in order. */
  #read(ends: readonly number[], isEnd: boolean): readonly Inspection[] {
    const { checked, heldFrom, held } = this.#state;
    const last = ends.at(-1);
    if (last === undefined) return [];
    this.#reader ??= this.#chain.openAnswer();
    const text = held.slice(checked - heldFrom, last - heldFrom);
    return readStretches(this.#reader, { text, ends: ends.map((end) => end - checked), isEnd });
  }

  /** More than is judged: stopped, or, where nothing is to be stopped, let go unjudged. */
  #overflow(text: string): GuardStep {
    const verdict = this.#judge({ kind: "unknown", cause: "too-long" });
    if (!lets(verdict)) return this.#stop(nothing, verdict);
    const state = this.#state;
    state.held += text;
    state.total += text.length;
    const rest = take(state, state.total);
    state.held = "";
    state.heldFrom = state.total;
    state.isBlind = true;
    return { kind: "release", ...rest, verdict };
  }

  #judge(inspection: Inspection): Verdict {
    try {
      return this.#decide(inspection);
    } catch {
      return { kind: "unknown", cause: "failed" };
    }
  }

  #release({ text, beyond }: Cleared): GuardStep {
    const { verdict } = this.#state;
    return beyond === undefined ? { kind: "release", text, verdict } : { kind: "release", text, beyond, verdict };
  }

  /** Nothing of what is held is ever needed again. */
  #stop(cleared: Cleared, verdict: Verdict): GuardStep {
    this.#stopped = verdict;
    this.#state.held = "";
    this.#reader = undefined;
    this.#unescaped = undefined;
    return { kind: "stop", ...cleared, verdict, checkedChars: this.#state.checked };
  }
}

/** A text that begins so is JSON, also as models fence it. */
const isJsonBegun = /^\s*(?:```\w*\s*)?[{[]/;

/** Ends of the windows that can be judged now: every stride, if text goes on beyond it, and the end of the answer. */
function endsDue(state: State, chain: Chain, final: boolean): number[] {
  const ends: number[] = [];
  let end = state.checked + chain.shape.strideChars;
  for (; end < state.total; end += chain.shape.strideChars) ends.push(end);
  if (final && state.checked < state.total) ends.push(state.total);
  return ends;
}

interface State {
  /** The answer from `heldFrom` on: what is still to be sent or judged. */
  held: string;
  heldFrom: number;
  released: number;
  checked: number;
  /** How far it may be sent before its end is known. */
  free: number;
  total: number;
  verdict: Verdict;
  /** The rest is not judged. */
  isBlind: boolean;
  isJson: boolean;
  /** Borders that text was not let go up to yet, in order. */
  borders?: readonly number[] | undefined;
}

/** How far text may go before its end is known. A pair of surrogates goes as one, also where nothing is held back. */
function releasable(state: State, { isHeldBack = true }: GuardBounds): number {
  if (isHeldBack) return state.free;
  return isHighSurrogate(state.held.charCodeAt(state.held.length - 1)) ? state.total - 1 : state.total;
}

/** What may be sent up to `end`, never half of a surrogate pair. */
function take(state: State, end: number): Cleared {
  let cut = Math.min(end, state.total);
  if (cut < state.total && isHighSurrogate(state.held.charCodeAt(cut - 1 - state.heldFrom))) cut -= 1;
  const { borders } = state;
  if (borders === undefined) return cut <= state.released ? nothing : { text: takeUpTo(state, cut) };
  cut = Math.max(cut, state.released);
  const crossed = borders.filter((border) => border <= cut);
  if (crossed.length === borders.length) state.borders = undefined;
  else state.borders = borders.slice(crossed.length);
  const [text = "", ...beyond] = [...crossed, cut].map((border) => takeUpTo(state, border));
  return crossed.length === 0 ? { text } : { text, beyond };
}

const nothing: Cleared = { text: "" };
const none: readonly number[] = [];

function takeUpTo(state: State, cut: number): string {
  const text = state.held.slice(state.released - state.heldFrom, cut - state.heldFrom);
  state.released = cut;
  return text;
}

/** Drops what was both judged and sent, but for so many characters behind what was judged. */
function forget(state: State, kept: number): void {
  const from = Math.min(state.checked - kept, state.released);
  if (from <= state.heldFrom) return;
  state.held = state.held.slice(from - state.heldFrom);
  state.heldFrom = from;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
