// Holds an answer back until it is cleared. Where text is held back at all, no character is sent before a window that contains
// it and `holdBackChars` further characters (or the end of the answer) was let through, however the answer is cut into chunks,
// and at most stride + holdBackChars + 1 characters are withheld. It says up to which character it checked.
import { type Finding, type Inspection, type Verdict, lets } from "../../terms/finding.ts";
import type { Chain } from "../chain.ts";
import { type Cleared, HeldText, followedBy, nothing } from "./held-text.ts";
import { joined } from "../inspections.ts";
import { JsonPlaces } from "./json-places.ts";
import { isHighSurrogate } from "../normalise.ts";
import { type AnswerReader, readStretches } from "../safeguard.ts";
import { Unescaped, type UnescapedShape, hasEscape } from "./unescaped.ts";

export type GuardStep =
  | (Cleared & { readonly kind: "release"; readonly verdict: Verdict })
  /** What is given was cleared before the stop and may still be sent, so that what is sent does not depend on the chunks. */
  | (Cleared & { readonly kind: "stop"; readonly verdict: Verdict });

export interface StreamGuard {
  /** Takes the next piece of the answer, gives what may be sent now (often nothing). A stop is final. */
  readonly push: (text: string) => GuardStep;
  /** Sets a border where the text has come to: it is read on over it as one text, and told apart when it is let go. */
  readonly border: () => GuardStep;
  /** The answer has ended: judges the rest and gives it, or stops. */
  readonly finish: () => GuardStep;
  /** Characters of what came that were checked. */
  readonly checked: () => number;
}

/** Characters of an answer that gateways guard at all; a longer one is stopped. */
export const answerCharsMax = 1_000_000;

export interface GuardBounds {
  /** Longer answers are stopped, cause too-long. In UTF-16 units. */
  readonly outputCharsMax: number;
  /** Whether the text is JSON, as the arguments of a call are; it then is read with its escapes undone, too. */
  readonly isJson?: boolean;
  /** What of an inspection has to be taken out of the answer; unless it is said everything that a safeguard finds for that. */
  readonly redacts?: (inspection: Inspection) => readonly Finding[];
  /** False where text goes on while it is judged, because nothing is to be stopped: verdicts then come late. */
  readonly isHeldBack?: boolean;
}

/** Policy with its caller bound. Verdicts pass and flag let text through, all others stop. */
type Decide = (inspection: Inspection) => Verdict;

export function createStreamGuard(chain: Chain, decide: Decide, bounds: GuardBounds): StreamGuard {
  return new WindowGuard(chain, decide, bounds);
}

/** A whole answer at once, for tools: all that is found in it, and what would be sent if nothing stopped it. */
export function readWhole(
  chain: Chain,
  text: string,
  bounds: GuardBounds,
): { readonly inspection: Inspection; readonly sent: Cleared } {
  const inspections: Inspection[] = [];
  const pass = (inspection: Inspection): Verdict => {
    inspections.push(inspection);
    return passed;
  };
  const guard = createStreamGuard(chain, pass, bounds);
  const [first, last] = [guard.push(text), guard.finish()];
  // What no replacement can stand for stops an answer, whoever judges.
  if (last.kind === "stop" && "category" in last.verdict) {
    const { category } = last.verdict;
    const span = [0, text.length] as const;
    const findings = [{ category, score: 1, band: "block", span, detector: "redaction" }] as const;
    inspections.push({ kind: "inspected", findings });
  }
  return { inspection: joined(inspections), sent: followedBy(first, last) };
}

/** A class, as thousands of them are there at a time: methods of their own would take as much as what they hold. */
class WindowGuard implements StreamGuard {
  readonly #chain: Chain;
  readonly #decide: Decide;
  readonly #bounds: GuardBounds;
  readonly #held = new HeldText();
  #checked = 0;
  /** How far text may be sent before its end is known. */
  #free = 0;
  #verdict: Verdict = passed;
  /** The rest is not judged. */
  #isBlind = false;
  #isJson: boolean;
  /** Opened when there is something to judge. */
  #reader: AnswerReader | undefined;
  /** Opened at the first escape. */
  #unescaped: Unescaped | undefined;
  /** Of JSON of which something may have to be redacted. */
  #places: JsonPlaces | undefined;
  #stopped: Verdict | undefined;
  /** Nearly every window is found as clear as the one before it: in one step that is decided once. */
  #clear: Inspection | undefined;

  constructor(chain: Chain, decide: Decide, bounds: GuardBounds) {
    this.#chain = chain;
    this.#decide = decide;
    this.#bounds = bounds;
    this.#isJson = bounds.isJson === true;
    if (this.#isJson && chain.redacts) this.#places = new JsonPlaces();
  }

  push(text: string): GuardStep {
    if (this.#stopped !== undefined) return this.#stop(nothing, this.#stopped);
    const held = this.#held;
    if (this.#isBlind || held.total + text.length > this.#bounds.outputCharsMax) return this.#overflow(text);
    held.add(text);
    const isNothingDue = this.#checked + this.#chain.shape.strideChars >= held.total;
    if (isNothingDue && this.#bounds.isHeldBack !== false) return this.#release(nothing);
    return this.#advance(false);
  }

  border(): GuardStep {
    if (this.#stopped !== undefined) return this.#stop(nothing, this.#stopped);
    this.#held.setBorder();
    return this.#release(this.#held.take(this.#held.released));
  }

  finish(): GuardStep {
    if (this.#stopped !== undefined) return this.#stop(nothing, this.#stopped);
    return this.#isBlind ? this.#release(nothing) : this.#advance(true);
  }

  checked(): number {
    return this.#checked;
  }

  #advance(final: boolean): GuardStep {
    const held = this.#held;
    const { shape, redacts } = this.#chain;
    const ends = endsDue(this.#checked, held.total, { strideChars: shape.strideChars, final });
    const { found, mayEscape } = this.#read(ends, final);
    let cleared = nothing;
    this.#clear = undefined;
    let at = 0;
    for (const end of ends) {
      const isEnd = final && end === held.total;
      let inspection = found[at] ?? failed;
      at += 1;
      if (this.#checked === 0 || mayEscape)
        inspection = this.#withEscapes(inspection, held.slice(this.#checked, end), isEnd);
      this.#checked = end;
      const verdict = this.#verdictOn(inspection, isEnd);
      if (!lets(verdict)) return this.#stop(followedBy(cleared, held.take(this.#free)), verdict);
      if (this.#verdict.kind === "pass") this.#verdict = verdict;
      this.#free = this.#freeUpTo(end);
      // Each in its turn: what can still be replaced must not depend on how much came at once.
      if (redacts) cleared = followedBy(cleared, held.take(this.#releasable()));
    }
    const last = held.take(final ? held.total : this.#releasable());
    held.forget(Math.min(this.#checked - this.#keptChars(), this.#places?.readOn(held) ?? Infinity));
    return this.#release(followedBy(cleared, last));
  }

  #verdictOn(inspection: Inspection, isEnd: boolean): Verdict {
    if (inspection === this.#clear) return passed;
    const judged = this.#judge(inspection);
    const verdict = lets(judged) ? (this.#redact(inspection, isEnd) ?? judged) : judged;
    if (verdict.kind === "pass" && isClear(inspection)) this.#clear = inspection;
    return verdict;
  }

  /** Whether there can be an escape in what comes next: nearly never, and then it need not be looked at again. */
  #mayEscape(text: string): boolean {
    return this.#unescaped !== undefined || text.includes("\\") || this.#signBefore() === "\\";
  }

  #signBefore(): string {
    return this.#keptChars() === 0 ? "" : this.#held.slice(this.#checked - 1, this.#checked);
  }

  /** With what is found in the window with its escapes undone. */
  #withEscapes(inspection: Inspection, stretch: string, isEnd: boolean): Inspection {
    const checked = this.#checked;
    if (checked === 0) this.#isJson ||= isJsonBegun.test(stretch);
    if (this.#unescaped === undefined) {
      if (!hasEscape(stretch, this.#signBefore(), this.#isJson)) return inspection;
      const place = { before: this.#held.slice(checked - this.#keptChars(), checked), from: checked };
      this.#unescaped = new Unescaped(this.#unescapedShape(), place);
    }
    return joined([inspection, ...this.#unescaped.read(stretch, isEnd)]);
  }

  #unescapedShape(): UnescapedShape {
    const { stream, shape, openAnswer } = this.#chain;
    const backChars = stream.holdBackChars + shape.windowChars + shape.strideChars;
    return { open: openAnswer, isJson: this.#isJson, backChars };
  }

  /** Kept behind what was checked, for whatever is opened later. */
  #keptChars(): number {
    const isKept = this.#isJson || this.#bounds.isHeldBack !== false;
    return isKept ? this.#chain.stream.holdBackChars : 0;
  }

  /** How far text may go that was checked up to `end`: an escape counts as the character that it stands for. */
  #freeUpTo(end: number): number {
    const { holdBackChars } = this.#chain.stream;
    const free = end - holdBackChars;
    return this.#unescaped === undefined ? free : Math.min(free, this.#unescaped.placeBefore(holdBackChars));
  }

  /** What is found in the windows that end at `ends`, in order. */
  #read(ends: readonly number[], isEnd: boolean): Read {
    const last = ends.at(-1);
    if (last === undefined) return nothingRead;
    this.#reader ??= this.#chain.openAnswer();
    const checked = this.#checked;
    const text = this.#held.slice(checked, last);
    const found = readStretches(this.#reader, { text, ends: behind(ends, checked), isEnd });
    return { found, mayEscape: this.#mayEscape(text) };
  }

  /** How far text may go before its end is known. A pair of surrogates goes as one, also where nothing is held back. */
  #releasable(): number {
    if (this.#bounds.isHeldBack !== false) return this.#free;
    const { text, total } = this.#held;
    return isHighSurrogate(text.charCodeAt(text.length - 1)) ? total - 1 : total;
  }

  /** Has replacements stand for what is to be redacted; the verdict that stops the answer where one cannot. */
  #redact(inspection: Inspection, isEnd: boolean): Verdict | undefined {
    if (!this.#chain.redacts || inspection.kind === "unknown" || inspection.findings.length === 0) return undefined;
    try {
      const found = this.#bounds.redacts?.(inspection) ?? inspection.findings.filter(({ band }) => band === "redact");
      const left = found
        .toSorted((one, other) => one.span[0] - other.span[0])
        .find((one) => !this.#isReplaced(one, isEnd));
      return left === undefined ? undefined : { kind: "block", category: left.category };
    } catch {
      return { kind: "unknown", cause: "failed" };
    }
  }

  #isReplaced({ span, replacement = "[redacted]" }: Finding, isEnd: boolean): boolean {
    const held = this.#held;
    if (this.#places === undefined || span[1] <= held.released) return held.redact({ stretch: span, replacement });
    // What was replaced before it stands where it stood; what is left must not reach over the end of that place.
    const left = [Math.max(span[0], held.released), span[1]] as const;
    const placed = this.#places.placeOf(left, held, isEnd ? held.total + 1 : this.#checked);
    if (placed === undefined) return false;
    const start = span[0] < held.released ? span[0] : placed.stretch[0];
    return held.redact({
      stretch: [start, placed.stretch[1]],
      replacement: placed.isInString ? replacement : `"${replacement}"`,
    });
  }

  /** More than is judged: stopped, or, where nothing is to be stopped, let go unjudged. */
  #overflow(text: string): GuardStep {
    const verdict = this.#judge({ kind: "unknown", cause: "too-long" });
    if (!lets(verdict)) return this.#stop(nothing, verdict);
    const held = this.#held;
    held.add(text);
    const rest = held.take(held.total);
    held.drop();
    this.#isBlind = true;
    return { kind: "release", ...rest, verdict };
  }

  #judge(inspection: Inspection): Verdict {
    try {
      return this.#decide(inspection);
    } catch {
      return { kind: "unknown", cause: "failed" };
    }
  }

  #release(cleared: Cleared): GuardStep {
    const verdict = this.#verdict;
    if (cleared === nothing && verdict === passed) return nothingYet;
    if (cleared.beyond === undefined && cleared.changed === undefined)
      return { kind: "release", text: cleared.text, verdict };
    return { kind: "release", ...cleared, verdict };
  }

  /** Nothing of what is held is ever needed again. */
  #stop(cleared: Cleared, verdict: Verdict): GuardStep {
    this.#stopped = verdict;
    this.#held.drop();
    this.#reader = undefined;
    this.#unescaped = undefined;
    this.#places = undefined;
    return { kind: "stop", ...cleared, verdict };
  }
}

const passed: Verdict = { kind: "pass" };
/** What most pieces come to. */
const nothingYet: GuardStep = { kind: "release", text: "", verdict: passed };
interface Read {
  readonly found: readonly Inspection[];
  /** Whether there can be an escape in what was read. */
  readonly mayEscape: boolean;
}

const nothingRead: Read = { found: [], mayEscape: false };
const failed: Inspection = { kind: "unknown", cause: "failed" };

function isClear(inspection: Inspection): boolean {
  return inspection.kind === "inspected" && inspection.findings.length === 0;
}

function behind(ends: readonly number[], start: number): readonly number[] {
  return start === 0 ? ends : ends.map((end) => end - start);
}

/** A text that begins so is JSON, also as models fence it. */
const isJsonBegun = /^\s*(?:```\w*\s*)?[{[]/;

/** Ends of the windows that can be judged now: every stride, if text goes on beyond it, and the end of the answer. */
function endsDue(
  checked: number,
  total: number,
  { strideChars, final }: { readonly strideChars: number; readonly final: boolean },
): number[] {
  const ends: number[] = [];
  for (let end = checked + strideChars; end < total; end += strideChars) ends.push(end);
  if (final && checked < total) ends.push(total);
  return ends;
}
