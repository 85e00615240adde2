// A circuit breaker for one model server: closed until it failed too often within a window, then open, then half-open with
// one call at a time until one succeeds. Pure but for its own counts: every time is an argument, in milliseconds of a clock
// that never goes back.
export interface BreakerRules {
  /** Failures within `windowMs` that open it. */
  readonly failuresMax: number;
  readonly windowMs: number;
  /** For how long it is open; doubled each time a probe fails, up to `openMsMax`. */
  readonly openMs: number;
  readonly openMsMax: number;
}

export type BreakerState = "closed" | "open" | "half-open";

export interface Breaker {
  readonly state: (at: number) => BreakerState;
  /** Whether a call may begin now. */
  readonly admits: (at: number) => boolean;
  /** A call begins. Half-open, it is the probe: nothing else is admitted until it ended. */
  readonly begin: (at: number) => Attempt;
}

interface Attempt {
  readonly succeeded: () => void;
  readonly failed: (at: number) => void;
  /** It ended and says nothing of the server: the caller left, or asked for what no server gives. */
  readonly left: () => void;
}

export function createBreaker(rules: BreakerRules): Breaker {
  let failures: readonly number[] = [];
  let openUntil: number | undefined;
  let openMs = rules.openMs;
  let probe: object | undefined;

  const state = (at: number): BreakerState =>
    openUntil === undefined ? "closed" : at < openUntil ? "open" : "half-open";

  function close(): void {
    openUntil = undefined;
    openMs = rules.openMs;
    failures = [];
  }

  function open(at: number): void {
    openUntil = at + openMs;
    openMs = Math.min(openMs * 2, rules.openMsMax);
    failures = [];
  }

  function fail(at: number, isProbe: boolean): void {
    if (isProbe) return open(at);
    // Calls that began before it opened tell nothing new.
    if (openUntil !== undefined) return;
    failures = [...failures.filter((then) => then > at - rules.windowMs), at];
    if (failures.length >= rules.failuresMax) open(at);
  }

  return {
    state,
    admits: (at) => state(at) === "closed" || (state(at) === "half-open" && probe === undefined),
    begin: (at) => {
      const own = {};
      const isProbe = state(at) === "half-open";
      if (isProbe) probe = own;
      const end = (): void => {
        if (probe === own) probe = undefined;
      };
      return {
        succeeded: () => {
          end();
          if (isProbe) close();
        },
        failed: (failedAt) => {
          end();
          fail(failedAt, isProbe);
        },
        left: end,
      };
    },
  };
}
