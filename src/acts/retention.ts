// How long a kept text lives: as policy or watch says, or as the release says, whichever is shorter. Asked by the gateway that seals it, and
// again by the control plane that keeps it.
import type { Retention } from "./conditions.ts";

interface Kept {
  readonly expiresHours: number;
  readonly retentionDays: number;
}

export function shorterOf<T extends Kept>(rules: T, retention: Retention | undefined): T {
  const { waitHours = Infinity, decidedDays = Infinity } = retention ?? {};
  return {
    ...rules,
    expiresHours: Math.min(rules.expiresHours, waitHours),
    retentionDays: Math.min(rules.retentionDays, decidedDays),
  };
}
