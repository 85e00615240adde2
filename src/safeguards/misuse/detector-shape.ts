// The sizes that detector and training share. Changing one makes a new version of the detector.

export const detectorShape = {
  /** Normalised units of a request that are summed at once; a window ends with each of them. */
  blockUnits: 120,
  /** A window is the last blocks of a request, this many. */
  blocksAWindow: 4,
  /** Characters of a window of an answer at the most. */
  answerWindowChars: 480,
} as const;
