// Exchanges under way. After every change of what may be served, and a few times a second for leases and expiries that
// end with the clock, each is asked again whether it may go on; one that may not is stopped.
import type { Failure } from "../terms/failure.ts";
import type { Running } from "../terms/running.ts";

interface LiveExchange {
  readonly about: Omit<Running, "count">;
  /** Why it may not go on, or undefined. */
  readonly check: () => Failure | undefined;
  readonly stop: (why: Failure) => void;
}

export interface LiveExchanges {
  readonly add: (exchange: LiveExchange) => () => void;
  readonly recheck: () => void;
  readonly stopAll: (why: Failure) => void;
  readonly count: () => number;
  /** Counted anew at each call. Cost: linear. */
  readonly running: () => readonly Running[];
  readonly close: () => void;
}

/** In this time the clock has been asked for each of them. */
export const recheckMs = 200;
/** In so many steps: thousands at once would keep every token waiting that comes meanwhile. */
export const recheckSteps = 10;

export function createLiveExchanges(): LiveExchanges {
  // Places that are taken again, and not a Set: one whose members come and go by the thousand makes itself anew again and
  // again, each time with a reference from the old one to the new, through which what ended long ago outlives its time.
  const places: (LiveExchange | undefined)[] = [];
  const free: number[] = [];
  let count = 0;
  /** The next place that is asked, how many are left in this round, and how many are asked in each of its steps. */
  let next = 0;
  let leftOfRound = 0;
  let ofStep = 0;
  const look = (exchange: LiveExchange | undefined): void => {
    const why = exchange?.check();
    if (why !== undefined) exchange?.stop(why);
  };
  const timer = setInterval(() => {
    if (leftOfRound === 0) {
      next = 0;
      leftOfRound = places.length;
      ofStep = Math.ceil(places.length / recheckSteps);
    }
    const asked = Math.min(ofStep, leftOfRound);
    leftOfRound -= asked;
    for (const end = next + asked; next < end; next += 1) look(places[next]);
  }, recheckMs / recheckSteps);
  return {
    add: (exchange) => {
      const place = free.pop() ?? places.length;
      places[place] = exchange;
      count += 1;
      return () => {
        if (places[place] !== exchange) return;
        places[place] = undefined;
        free.push(place);
        count -= 1;
      };
    },
    recheck: () => {
      for (const exchange of places) look(exchange);
    },
    stopAll: (why) => {
      for (const exchange of places) exchange?.stop(why);
    },
    count: () => count,
    running: () => runningIn(places),
    close: () => {
      clearInterval(timer);
    },
  };
}

function runningIn(exchanges: readonly (LiveExchange | undefined)[]): readonly Running[] {
  const counts = new Map<string, Running>();
  for (const exchange of exchanges) {
    if (exchange === undefined) continue;
    const { about } = exchange;
    const name = `${about.model} ${about.stage} ${about.organisation} ${about.key}`;
    counts.set(name, { ...about, count: (counts.get(name)?.count ?? 0) + 1 });
  }
  return [...counts.values()];
}
