// How often a safeguard may be asked, and how many tokens a day it may take. Pure but for its own counts: every time is an
// argument, in milliseconds of the day's clock. Counted by each process for itself, from its start.
export interface BudgetRules {
  readonly requestsPerMinute?: number | undefined;
  readonly requestsPerDay?: number | undefined;
  readonly tokensPerDay?: number | undefined;
  /** The greatest part of each of them that one caller may take; all of it unless said. */
  readonly organisationShare?: number | undefined;
}

export interface Budget {
  /** Takes one question of a caller's, of about so many tokens, out of it; undefined where that is more than is left for it. */
  readonly take: (caller: string, tokens: number, at: number) => Taken | undefined;
}

interface Taken {
  /** What it came to. Without a word of the server, what was thought before stands. */
  readonly settle: (tokens: number | undefined) => void;
}

const minuteMs = 60_000;
const dayMs = 86_400_000;

interface Spent {
  requests: number;
  tokens: number;
}

/** What was spent in the minute or day that is now, in all and by each caller; their number is that of organisations. */
class Window {
  readonly #ms: number;
  #number = -1;
  #all: Spent = { requests: 0, tokens: 0 };
  readonly #by = new Map<string, Spent>();

  constructor(ms: number) {
    this.#ms = ms;
  }

  /** Begins a new one where it is time. A clock that goes back begins none. */
  at(now: number): number {
    const number = Math.floor(now / this.#ms);
    if (number > this.#number) {
      this.#number = number;
      this.#all = { requests: 0, tokens: 0 };
      this.#by.clear();
    }
    return this.#number;
  }

  hasRoom(caller: string, more: Spent, { max, share }: { readonly max: Spent; readonly share: number }): boolean {
    const own = this.#by.get(caller) ?? { requests: 0, tokens: 0 };
    return (["requests", "tokens"] as const).every(
      (what) =>
        this.#all[what] + more[what] <= max[what] &&
        // Where the part is less than one question, one is it.
        own[what] + more[what] <= Math.max(max[what] * share, more[what]),
    );
  }

  add(caller: string, { requests, tokens }: Spent): void {
    const own = this.#by.get(caller) ?? { requests: 0, tokens: 0 };
    this.#by.set(caller, own);
    for (const one of [this.#all, own]) {
      one.requests += requests;
      one.tokens = Math.max(0, one.tokens + tokens);
    }
  }
}

export function createBudget(rules: BudgetRules): Budget {
  const { requestsPerMinute = Infinity, requestsPerDay = Infinity, tokensPerDay = Infinity } = rules;
  const share = rules.organisationShare ?? 1;
  const minute = new Window(minuteMs);
  const day = new Window(dayMs);
  return {
    take: (caller, tokens, at) => {
      minute.at(at);
      const today = day.at(at);
      const more = { requests: 1, tokens };
      const isLeft =
        minute.hasRoom(caller, more, { max: { requests: requestsPerMinute, tokens: Infinity }, share }) &&
        day.hasRoom(caller, more, { max: { requests: requestsPerDay, tokens: tokensPerDay }, share });
      if (!isLeft) return undefined;
      minute.add(caller, more);
      day.add(caller, more);
      return {
        settle: (really) => {
          // What ends on another day changes nothing of it.
          if (really !== undefined && day.at(at) === today) day.add(caller, { requests: 0, tokens: really - tokens });
        },
      };
    },
  };
}
