// What a sitting of a run may cost, said by whoever pays for it: requests, tokens, minutes, and how many requests may leave
// in a minute. What is used up ends the sitting and nothing else: what is on its way comes in, and the run can be resumed
// with another budget. Requests are never more than was said, but where attempts take several of
// them side by side; tokens are known once an answer is there, so that those of answers on their way may come on top.
import type { Instant } from "../terms/ids.ts";

export interface Caps {
  readonly requestsMax?: number | undefined;
  readonly tokensMax?: number | undefined;
  readonly minutesMax?: number | undefined;
  readonly perMinute?: number | undefined;
}

export type Cap = "requests" | "tokens" | "minutes";

export interface Budget {
  /** What is used up, if anything is. */
  readonly spent: (now: Instant) => Cap | undefined;
  /** Counts a request, tries again included. How long it has to wait before it leaves, in milliseconds. */
  readonly take: (now: Instant) => number;
  /** Prompt and completion of an answer, as its receipt says. */
  readonly use: (tokens: number) => void;
  /** What is left of each that was said. */
  readonly left: (now: Instant) => Readonly<Partial<Record<Cap, number>>>;
}

const minuteMs = 60_000;

export function budgetOf({ requestsMax, tokensMax, minutesMax, perMinute }: Caps, start: Instant): Budget {
  let [requests, tokens, nextMs] = [0, 0, 0];
  const left = (now: Instant): Partial<Record<Cap, number>> => ({
    ...(requestsMax === undefined ? {} : { requests: Math.max(0, requestsMax - requests) }),
    ...(tokensMax === undefined ? {} : { tokens: Math.max(0, tokensMax - tokens) }),
    ...(minutesMax === undefined ? {} : { minutes: Math.max(0, minutesMax - (now - start) / minuteMs) }),
  });
  const caps = ["requests", "tokens", "minutes"] as const;
  return {
    spent: (now) => {
      const remaining = left(now);
      return caps.find((cap) => remaining[cap] === 0);
    },
    take: (now) => {
      requests += 1;
      if (perMinute === undefined) return 0;
      const leavesMs = Math.max(now, nextMs);
      nextMs = leavesMs + minuteMs / perMinute;
      return leavesMs - now;
    },
    use: (count) => {
      tokens += count;
    },
    left,
  };
}

/** As it stands at the end of a line of progress; nothing where nothing was said. */
export function leftInWords(left: ReturnType<Budget["left"]>): string {
  const parts = [
    ...(left.requests === undefined ? [] : [`${left.requests} requests`]),
    ...(left.tokens === undefined ? [] : [`${left.tokens} tokens`]),
    ...(left.minutes === undefined ? [] : [`${left.minutes.toFixed(1)} min`]),
  ];
  return parts.length === 0 ? "" : `  budget left: ${parts.join(", ")}`;
}
