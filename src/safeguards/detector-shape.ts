// The sizes that detector and training share. Changing one makes a new version of the detector.

export const detectorShape = {
  /** Normalised characters judged at once; longer text is judged in overlapping windows. */
  windowChars: 480,
  /** Hash buckets of the n-gram view. */
  buckets: 1 << 18,
  /** Word pieces read of a window, more than a window of ordinary text has. */
  piecesMax: 160,
} as const;
