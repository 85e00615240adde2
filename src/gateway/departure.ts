// Whether a caller has left, told to whoever works for it. An AbortSignal would say the same and costs as much as an admission.
export interface Departure {
  readonly hasLeft: () => boolean;
  /** Why, once it has left. */
  readonly reason: () => unknown;
  /** Tells the listener once it leaves, or now if it has; what it gives takes the listener away again. */
  readonly onLeave: (listener: () => void) => () => void;
}

export interface Leaving extends Departure {
  /** Only the first word counts. */
  readonly leave: (reason: unknown) => void;
}

export function createDeparture(): Leaving {
  const listeners = new Set<() => void>();
  let has = false;
  let why: unknown;
  return {
    hasLeft: () => has,
    reason: () => why,
    onLeave: (listener) => {
      if (has) listener();
      else listeners.add(listener);
      return () => listeners.delete(listener);
    },
    leave: (reason) => {
      if (has) return;
      has = true;
      why = reason;
      for (const listener of listeners) listener();
      listeners.clear();
    },
  };
}
