// What safeguards in shadow would have had policy say of an exchange: kept apart, so that no decision can read it by mistake.
// Those that are asked over HTTP are asked while the model is, and waited for a little before the receipt is made.
import { stricter } from "../policy/decide.ts";
import type { Inspection, Look, Surface, Verdict } from "../terms/finding.ts";
import { type Note, noteFound } from "./note.ts";

export interface Shadow {
  /** The strictest so far, of each side that they looked at. */
  input?: Verdict;
  output?: Verdict;
  /** Under way; never rejects. */
  later?: Promise<void>;
}

/** How long a receipt waits for them, in milliseconds, once all else is done. */
const shadowMsMax = 1_000;

export interface ShadowSide {
  readonly surface: Surface;
  readonly decide: (look: Look) => Verdict;
  readonly note: Note;
}

/** Takes down what they found in one inspection, and will have found. */
export function takeShadow(shadow: Shadow, { shadow: found, later }: Inspection, side: ShadowSide): void {
  if (found !== undefined) addTo(shadow, found, side);
  if (later !== undefined) shadow.later = takeLater(shadow, later, side);
}

async function takeLater(shadow: Shadow, later: Promise<Look>, side: ShadowSide): Promise<void> {
  try {
    const look = await later;
    noteFound(side.note, { kind: "inspected", findings: [], shadow: look }, side.surface);
    addTo(shadow, look, side);
  } catch {
    // Nothing comes of what is in shadow, least of all the end of this process.
    shadow[side.surface] = { kind: "unknown", cause: "failed" };
  }
  delete shadow.later;
}

function addTo(shadow: Shadow, look: Look, { surface, decide }: ShadowSide): void {
  const verdict = decide(look);
  shadow[surface] = stricter(shadow[surface] ?? verdict, verdict);
}

/** Waits until they are done, for as long as is waited at the most; then what they would have said is not known. */
export async function shadowSettled(shadow: Shadow): Promise<void> {
  if (shadow.later === undefined) return;
  const { promise: late, resolve } = Promise.withResolvers<"late">();
  const timer = setTimeout(resolve, shadowMsMax, "late");
  const first = await Promise.race([shadow.later, late]);
  clearTimeout(timer);
  if (first !== "late") return;
  const verdict: Verdict = { kind: "unknown", cause: "timeout" };
  shadow.input = stricter(shadow.input ?? verdict, verdict);
}
