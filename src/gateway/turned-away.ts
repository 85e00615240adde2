// Requests of a known key that were turned away before any limit counted them: a closed model, a body that is wrong, a limit
// that is used up. Each is read, judged and put on record, so without a bound of its own one key could fill the disk with
// refusals, or keep the process busy with large bodies that are none.
import type { Digest, Instant } from "../terms/ids.ts";
import { Failure } from "../terms/failure.ts";

/** Refusals a minute that one secret is given by one gateway; then it waits for the next minute. */
const refusalsPerMinuteUsual = 3_000;

/** Bytes of a body that count as much as another refusal. */
const bytesPerRefusal = 8 * 1024;

const minuteMs = 60_000;

export interface TurnedAway {
  /** Fails with quota_exhausted for a secret that was turned away too often this minute. */
  readonly check: (hash: Digest, at: Instant) => void;
  readonly add: (hash: Digest, bytes: number, at: Instant) => void;
}

export function countTurnedAway(perMinuteMax = refusalsPerMinuteUsual): TurnedAway {
  let minute = 0;
  let counts = new Map<Digest, number>();

  /** Minutes only go forward: a clock that steps back gives nobody a second allowance. */
  function goTo(at: Instant): void {
    const now = Math.floor(at / minuteMs);
    if (now <= minute) return;
    minute = now;
    counts = new Map();
  }

  return {
    check: (hash, at) => {
      goTo(at);
      if ((counts.get(hash) ?? 0) < perMinuteMax) return;
      const retryAfterSeconds = Math.max(1, Math.ceil((minuteMs - (at % minuteMs)) / 1_000));
      throw new Failure("quota_exhausted", "", { detail: { reason: "requests", retryAfterSeconds } });
    },
    add: (hash, bytes, at) => {
      goTo(at);
      counts.set(hash, (counts.get(hash) ?? 0) + 1 + Math.floor(bytes / bytesPerRefusal));
    },
  };
}
