// The ways in which a run can leave the plan that was registered for it. Found by registration.ts; what one of them comes to is a
// requirement's business.

/** The ways to leave a plan, in words that end a sentence about a run. */
export const deviationWords = {
  "not-sealed": "it was begun and is not sealed",
  withdrawn: "its evidence was withdrawn",
  "sealed-early": "it was sealed before its permit ended, with trials that were never made",
  "fewer-trials": "it made fewer trials than were registered",
  "early-answers": "a gateway answered before it was registered",
  "late-answers": "a gateway answered after its permit had ended",
  "other-grader": "it was graded by another grader than was registered",
  "other-calibration": "its grader's errors were counted on another set than its suite pins",
  repeated: "it repeats what had been run before without showing what was to be shown",
} as const;
export type Deviation = keyof typeof deviationWords;
