// Holds an answer back until it is cleared. Promise, but where text is not held back at all: no character is sent before a window that contains it and
// `holdBackChars` further characters (or the end of the answer) was let through, however the answer is cut into chunks;
// at most stride + holdBackChars + 1 characters are withheld. It says up to which character it checked.
import { type Inspection, type Verdict, lets } from "../terms/finding.ts";
import type { Chain } from "./chain.ts";
import { windowStart } from "./windows.ts";

export type GuardStep =
  | { readonly kind: "release"; readonly text: string; readonly verdict: Verdict }
  /** `text` was cleared before the stop and may still be sent, so that what is sent does not depend on the chunks. */
  | { readonly kind: "stop"; readonly text: string; readonly verdict: Verdict; readonly checkedChars: number };

export interface StreamGuard {
  /** Takes the next piece of the answer, gives what may be sent now (often nothing). A stop is final. */
  readonly push: (text: string) => GuardStep;
  /** The answer has ended: judges the rest and gives it, or stops. */
  readonly finish: () => GuardStep;
}

export interface GuardBounds {
  /** Longer answers are stopped, cause too-long. In UTF-16 units. */
  readonly outputCharsMax: number;
  /** False where text goes on while it is judged, because nothing is to be stopped: verdicts then come late. */
  readonly isHeldBack?: boolean;
}

/** `decide` is policy with its caller bound; verdicts pass and flag let text through, all others stop. */
export function createStreamGuard(
  chain: Chain,
  decide: (inspection: Inspection) => Verdict,
  bounds: GuardBounds,
): StreamGuard {
  const state: State = {
    held: "",
    heldFrom: 0,
    released: 0,
    checked: 0,
    total: 0,
    verdict: { kind: "pass" },
    isBlind: false,
  };
  let stopped: Verdict | undefined;
  const stop = (text: string, verdict: Verdict): GuardStep => {
    stopped = verdict;
    return { kind: "stop", text, verdict, checkedChars: state.checked };
  };
  const judge = (inspection: Inspection): Verdict => {
    try {
      return decide(inspection);
    } catch {
      return { kind: "unknown", cause: "failed" };
    }
  };
  const advance = (final: boolean): GuardStep => {
    const ends = endsDue(state, chain, final);
    const inspections = inspectedAt(ends, state, chain);
    for (const [at, end] of ends.entries()) {
      const cleared = state.checked;
      const verdict = judge(inspections[at] ?? { kind: "unknown", cause: "failed" });
      state.checked = end;
      if (!lets(verdict)) return stop(take(state, cleared - chain.stream.holdBackChars), verdict);
      if (state.verdict.kind === "pass") state.verdict = verdict;
    }
    const text = take(state, final ? state.total : releasable(state, chain, bounds));
    forget(state, windowStart(state.checked, chain.shape));
    return { kind: "release", text, verdict: state.verdict };
  };
  /** More than is judged: stopped, or, where nothing is to be stopped, let go unjudged. */
  const overflow = (text: string): GuardStep => {
    const verdict = judge({ kind: "unknown", cause: "too-long" });
    if (!lets(verdict)) return stop("", verdict);
    const rest = take(state, state.total) + text;
    state.isBlind = true;
    return { kind: "release", text: rest, verdict };
  };
  return {
    push: (text) => {
      if (stopped !== undefined) return stop("", stopped);
      if (state.isBlind || state.total + text.length > bounds.outputCharsMax) return overflow(text);
      state.held += text;
      state.total += text.length;
      return advance(false);
    },
    finish: () => {
      if (stopped !== undefined) return stop("", stopped);
      return state.isBlind ? { kind: "release", text: "", verdict: state.verdict } : advance(true);
    },
  };
}

/** Ends of the windows that can be judged now: every stride, if text goes on beyond it, and the end of the answer. */
function endsDue(state: State, chain: Chain, final: boolean): number[] {
  const ends: number[] = [];
  let end = state.checked + chain.shape.strideChars;
  for (; end < state.total; end += chain.shape.strideChars) ends.push(end);
  if (final && state.checked < state.total) ends.push(state.total);
  return ends;
}

/** All windows that are due, together: they overlap. None where the chain breaks. */
function inspectedAt(ends: readonly number[], state: State, chain: Chain): readonly Inspection[] {
  const [first, last] = [ends[0], ends.at(-1)];
  if (first === undefined || last === undefined) return [];
  const from = windowStart(first, chain.shape);
  try {
    return chain.inspectWindows(state.held.slice(from - state.heldFrom, last - state.heldFrom), ends, from);
  } catch {
    return [];
  }
}

interface State {
  /** The answer from `heldFrom` on: what is still to be sent, and what later windows still look back on. */
  held: string;
  heldFrom: number;
  released: number;
  checked: number;
  total: number;
  verdict: Verdict;
  /** The rest is not judged. */
  isBlind: boolean;
}

/** How far text may go before its end is known. A pair of surrogates goes as one, also where nothing is held back. */
function releasable(state: State, chain: Chain, { isHeldBack = true }: GuardBounds): number {
  if (isHeldBack) return state.checked - chain.stream.holdBackChars;
  return isHighSurrogate(state.held.charCodeAt(state.held.length - 1)) ? state.total - 1 : state.total;
}

/** What may be sent up to `end`, never half of a surrogate pair. */
function take(state: State, end: number): string {
  let cut = Math.min(end, state.total);
  if (cut < state.total && isHighSurrogate(state.held.charCodeAt(cut - 1 - state.heldFrom))) cut -= 1;
  if (cut <= state.released) return "";
  const text = state.held.slice(state.released - state.heldFrom, cut - state.heldFrom);
  state.released = cut;
  return text;
}

/** Drops what no later window and no later release needs. */
function forget(state: State, before: number): void {
  const from = Math.min(before, state.released);
  if (from <= state.heldFrom) return;
  state.held = state.held.slice(from - state.heldFrom);
  state.heldFrom = from;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
