// How many exchanges of one organisation a watch looks at in an hour: the same bound that the control plane keeps when it counts them.

/** How many texts of each organisation were handed over in the hour that runs. */
export interface SampleRoom {
  /** Whether there is room for one more. */
  readonly take: (of: string, max: number) => boolean;
}

const hourMs = 3_600_000;

export function createSampleRoom(now: () => number): SampleRoom {
  const taken = new Map<string, number>();
  let hour = 0;
  return {
    take: (of, max) => {
      const current = Math.floor(now() / hourMs);
      if (current !== hour) taken.clear();
      hour = current;
      const count = taken.get(of) ?? 0;
      if (count >= max) return false;
      taken.set(of, count + 1);
      return true;
    },
  };
}
