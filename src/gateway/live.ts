// Exchanges under way. After every change of what may be served, and a few times a second for leases and expiries that
// end with the clock, each is asked again whether it may go on; one that may not is stopped.
import type { Failure } from "../terms/failure.ts";

interface LiveExchange {
  /** Why it may not go on, or undefined. */
  readonly check: () => Failure | undefined;
  readonly stop: (why: Failure) => void;
}

export interface LiveExchanges {
  readonly add: (exchange: LiveExchange) => () => void;
  readonly recheck: () => void;
  readonly stopAll: (why: Failure) => void;
  readonly count: () => number;
  readonly close: () => void;
}

const recheckMs = 200;

export function createLiveExchanges(): LiveExchanges {
  const exchanges = new Set<LiveExchange>();
  const recheck = (): void => {
    for (const exchange of exchanges) {
      const why = exchange.check();
      if (why !== undefined) exchange.stop(why);
    }
  };
  const timer = setInterval(recheck, recheckMs);
  return {
    add: (exchange) => {
      exchanges.add(exchange);
      return () => exchanges.delete(exchange);
    },
    recheck,
    stopAll: (why) => {
      for (const exchange of exchanges) exchange.stop(why);
    },
    count: () => exchanges.size,
    close: () => {
      clearInterval(timer);
    },
  };
}
