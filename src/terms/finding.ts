// What a safeguard says and what policy makes of it. A safeguard that did not run is its own state, never a pass.
import { z } from "zod";
import type { Name } from "./ids.ts";
import type { SafeguardMode } from "./safeguard-mode.ts";

export const Category = z.enum([
  "misinformation",
  "cyber",
  "manipulation",
  "fraud",
  "weapons",
  "violence",
  "self-harm",
  "hate",
  "sexual",
  "privacy",
  "illegal-goods",
  "illegal-acts",
  "jailbreak",
  "injection",
]);
export type Category = z.infer<typeof Category>;

export const Surface = z.enum(["input", "output"]);
export type Surface = z.infer<typeof Surface>;

/** A half-open range of UTF-16 offsets into the text that was inspected. */
export type Span = readonly [start: number, end: number];

/**
 * How far a score reaches: past the block threshold, only past the review threshold, or below both. `flag`: past a
 * threshold of a safeguard that runs in flag mode, which records and never stops. `redact`: what is found in an answer need
 * not stop it, as it can be taken out.
 */
export type Band = "clear" | "flag" | "redact" | "review" | "block";

export interface Finding {
  readonly category: Category;
  /** Calibrated to 0..1; comparable within one detector version only. */
  readonly score: number;
  readonly band: Band;
  readonly span: Span;
  /** Name and version of the detector, for example `misuse@4`. */
  readonly detector: string;
  /** Which of its patterns, where it looks for those of an operator's own. */
  readonly pattern?: Name;
  /** The mode of the safeguard that found it, where that is not `block`. */
  readonly mode?: Exclude<SafeguardMode, "off" | "block">;
  /** Of a safeguard that was asked over HTTP: what answered is not measured. */
  readonly basis?: "declared";
  /** Past the block threshold, and for review only by the mode of the safeguard. */
  readonly isPastBlock?: true;
  /** Where it is to be redacted: what stands in its place. */
  readonly replacement?: string;
}

/** Why a safeguard could not say anything. A closed set: it goes into receipts and metrics. */
export const UnknownCause = z.enum([
  "timeout",
  "failed",
  "overloaded",
  "unscannable",
  "too-long",
  "not-configured",
  /** A safeguard that is asked over HTTP answered something that is no verdict. */
  "unparsable",
  /** As often as it may be asked, it was. */
  "budget-spent",
  /** A person was to look at it, and as many wait for that as may. */
  "review-full",
  /** A person was to look at it, and the control plane did not keep it. */
  "review-away",
]);
export type UnknownCause = z.infer<typeof UnknownCause>;

/** What safeguards found in one text: findings, or the cause why they cannot know. */
export type Look =
  | { readonly kind: "inspected"; readonly findings: readonly Finding[] }
  | {
      readonly kind: "unknown";
      readonly cause: UnknownCause;
      /** Which of them, where it was one. */
      readonly detector?: string;
    };

/** What a chain of safeguards found, and, apart from it, what those that only run in shadow did: nothing is decided by that. */
export type Inspection = Look & {
  readonly shadow?: Look;
  /** What those in shadow that are asked over HTTP will have found: nobody waits for them to go on. Never rejects. */
  readonly later?: Promise<Look>;
};

/** Policy applied to an inspection and to the caller's scopes. */
export type Verdict =
  | { readonly kind: "pass" }
  | { readonly kind: "flag"; readonly category: Category }
  | { readonly kind: "review"; readonly category: Category }
  | { readonly kind: "block"; readonly category: Category }
  | { readonly kind: "unknown"; readonly cause: UnknownCause };

/** What leaves the building, by verdict. Review does not: a person looks first where the policy says so, else it is a block. */
const letThrough = { pass: true, flag: true, review: false, block: false, unknown: false } as const satisfies Record<
  Verdict["kind"],
  boolean
>;

/** Whether a verdict lets text through. */
export function lets(verdict: Verdict): boolean {
  return letThrough[verdict.kind];
}
