// How often each item of a permit may be sent: as often as the permit says with an answer, and a few times more for
// attempts that got none. Kept in memory; what was sent before a restart stands in the receipts and is counted there.
import type { Permit } from "../acts/bodies.ts";
import type { Digest } from "../terms/ids.ts";

/** Sends per allowed attempt, unanswered ones included. */
const sendsPerAttemptMax = 4;

export interface Attempts {
  /** False when the permit is used up for this item. */
  readonly begin: (permit: Permit, item: Digest) => boolean;
  readonly answered: (permit: Permit, item: Digest) => void;
}

export function createAttempts(): Attempts {
  const counts = new Map<string, { sent: number; answered: number }>();
  const countsOf = (permit: Permit, item: Digest): { sent: number; answered: number } => {
    const id = `${permit.permit} ${item}`;
    const known = counts.get(id) ?? { sent: 0, answered: 0 };
    counts.set(id, known);
    return known;
  };
  return {
    begin: (permit, item) => {
      const known = countsOf(permit, item);
      if (known.answered >= permit.attempts || known.sent >= permit.attempts * sendsPerAttemptMax) return false;
      known.sent += 1;
      return true;
    },
    answered: (permit, item) => {
      countsOf(permit, item).answered += 1;
    },
  };
}
