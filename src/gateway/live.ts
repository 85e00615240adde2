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

/** In this time the clock has been asked for each of them. */
export const recheckMs = 200;
/** In so many steps: thousands at once would keep every token waiting that comes meanwhile. */
export const recheckSteps = 10;

export function createLiveExchanges(): LiveExchanges {
  const exchanges = new Set<LiveExchange>();
  let round = exchanges.values();
  /** How many are asked in this round, and in each of its steps: as many as there were when it began. */
  let leftOfRound = 0;
  let ofStep = 0;
  const look = (exchange: LiveExchange): void => {
    const why = exchange.check();
    if (why !== undefined) exchange.stop(why);
  };
  const timer = setInterval(() => {
    if (leftOfRound === 0) {
      round = exchanges.values();
      leftOfRound = exchanges.size;
      ofStep = Math.ceil(leftOfRound / recheckSteps);
    }
    // Oldest first, and no further: a round that went on to whoever comes meanwhile would never end.
    for (let left = Math.min(ofStep, leftOfRound); left > 0; left -= 1) {
      const next = round.next();
      leftOfRound = next.done === true ? 0 : leftOfRound - 1;
      if (next.done === true) return;
      look(next.value);
    }
  }, recheckMs / recheckSteps);
  return {
    add: (exchange) => {
      exchanges.add(exchange);
      return () => exchanges.delete(exchange);
    },
    recheck: () => {
      for (const exchange of exchanges) look(exchange);
    },
    stopAll: (why) => {
      for (const exchange of exchanges) exchange.stop(why);
    },
    count: () => exchanges.size,
    close: () => {
      clearInterval(timer);
    },
  };
}
