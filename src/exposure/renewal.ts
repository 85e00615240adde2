// How long a certificate still lasts, and whether it is time to renew it. A renewal is a proposal for the same stage,
// signed and advanced while the old certificate stands, so that there is no gap; nobody renews by forgetting.
import { type Instant, type Timestamp, instantOf } from "../terms/ids.ts";

/** How long a certificate stands. */
interface Life {
  readonly notBefore: Timestamp;
  readonly notAfter: Timestamp;
}

/** Days before the end from which on people are told, each time more plainly. */
const renewalDays = [1, 7, 14] as const;
/** And of its whole life the last part in which they are told: one of a week is not about to end on its first day. */
const lastPart = 1 / 5;

export interface Renewal {
  /** Whole days that are left, rounded down; 0 on the last day and after the end. */
  readonly endsInDays: number;
  /** The nearest warning that is due, in days; null while there is time. */
  readonly renewalDue: (typeof renewalDays)[number] | null;
}

const dayMs = 86_400_000;

export function renewalOf({ notBefore, notAfter }: Life, at: Instant): Renewal {
  const days = Math.max(0, (instantOf(notAfter) - at) / dayMs);
  const life = (instantOf(notAfter) - instantOf(notBefore)) / dayMs;
  const isLate = days <= life * lastPart;
  return {
    endsInDays: Math.floor(days),
    renewalDue: (isLate ? renewalDays.find((due) => days <= due) : undefined) ?? null,
  };
}
