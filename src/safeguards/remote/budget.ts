// How often a safeguard may be asked, and how many tokens a day it may take. Pure but for its own counts: every time is an
// argument, in milliseconds of the day's clock. Counted by each process for itself, from its start.
export interface BudgetRules {
  readonly requestsPerMinute?: number | undefined;
  readonly requestsPerDay?: number | undefined;
  readonly tokensPerDay?: number | undefined;
}

export interface Budget {
  /** Takes one question of about so many tokens out of it; undefined where that is more than is left. */
  readonly take: (tokens: number, at: number) => Taken | undefined;
}

interface Taken {
  /** What it came to. Without a word of the server, what was thought before stands. */
  readonly settle: (tokens: number | undefined) => void;
}

const minuteMs = 60_000;
const dayMs = 86_400_000;

export function createBudget(rules: BudgetRules): Budget {
  const minute = { window: -1, requests: 0 };
  const day = { window: -1, requests: 0, tokens: 0 };

  function renew(at: number): void {
    // A clock that goes back begins no window anew.
    const [minuteNow, dayNow] = [Math.floor(at / minuteMs), Math.floor(at / dayMs)];
    if (minuteNow > minute.window) Object.assign(minute, { window: minuteNow, requests: 0 });
    if (dayNow > day.window) Object.assign(day, { window: dayNow, requests: 0, tokens: 0 });
  }

  return {
    take: (tokens, at) => {
      renew(at);
      const { requestsPerMinute = Infinity, requestsPerDay = Infinity, tokensPerDay = Infinity } = rules;
      const isSpent =
        minute.requests >= requestsPerMinute || day.requests >= requestsPerDay || day.tokens + tokens > tokensPerDay;
      if (isSpent) return undefined;
      minute.requests += 1;
      day.requests += 1;
      day.tokens += tokens;
      const { window } = day;
      return {
        settle: (really) => {
          if (really !== undefined && day.window === window) day.tokens = Math.max(0, day.tokens + really - tokens);
        },
      };
    },
  };
}
