// Who waits to ask one safeguard over HTTP: so many at once, the rest in a line in which callers take turns. Everything is
// bounded: under way in all and of one caller, waiting in all and of one caller, and the time from the question to its answer.
import type { UnknownCause } from "../../terms/finding.ts";
import { Lines } from "../misuse/lines.ts";

/** Questions that wait, over all callers; more are refused, or the last of who has the most waiting, where who asks has less. */
export const waitingMax = 256;
/** Questions of one caller that wait: half of what one key may have under way. */
export const waitingPerCallerMax = 32;

/** Of what may be under way, what one caller may have: where a server hangs on theirs, others still get through. */
const shareMax = 3 / 4;

/** Asks once; it has so many milliseconds left, and is to be over by then. Never rejects. */
type Ask<Answer> = (msLeft: number) => Promise<Answer>;

type Outcome<Answer> = Answer | { readonly kind: "unknown"; readonly cause: UnknownCause };

interface Job {
  readonly begin: () => void;
  readonly giveUp: (cause: UnknownCause) => void;
}

export interface AskingLine {
  /** What `ask` gave, or why it was not asked. */
  readonly take: <Answer>(ask: Ask<Answer>, caller: string) => Promise<Outcome<Answer>>;
}

export function createAskingLine(rules: { readonly concurrent: number; readonly timeoutMs: number }): AskingLine {
  const lines = new Lines<Job>();
  const waiting = new Counts();
  const asking = new Counts();
  let underWay = 0;
  const askingMax = Math.max(1, Math.floor(rules.concurrent * shareMax));
  const mayAsk = (caller: string): boolean => asking.of(caller) < askingMax;

  function beginNext(): void {
    while (underWay < rules.concurrent) {
      const job = lines.next(mayAsk);
      if (job === undefined) return;
      job.begin();
    }
  }

  function hasRoom(caller: string): boolean {
    if (underWay < rules.concurrent && mayAsk(caller)) return true;
    if (waiting.of(caller) >= waitingPerCallerMax) return false;
    const given = lines.room(caller, 1, waitingMax);
    for (const job of given ?? []) job.giveUp("overloaded");
    return given !== undefined;
  }

  return {
    take: <Answer>(ask: Ask<Answer>, caller: string) => {
      if (!hasRoom(caller)) return Promise.resolve({ kind: "unknown", cause: "overloaded" } as const);
      const { promise, resolve, reject } = Promise.withResolvers<Outcome<Answer>>();
      const endAt = performance.now() + rules.timeoutMs;
      const leaveLine = (): void => {
        clearTimeout(timer);
        waiting.change(caller, -1);
      };
      const giveUp = (cause: UnknownCause): void => {
        leaveLine();
        resolve({ kind: "unknown", cause });
      };
      const begin = (): void => {
        leaveLine();
        underWay += 1;
        asking.change(caller, 1);
        const over = (): void => {
          underWay -= 1;
          asking.change(caller, -1);
          beginNext();
        };
        ask(endAt - performance.now())
          .finally(over)
          .then(resolve, reject);
      };
      const timer = setTimeout(() => {
        leave();
        giveUp("timeout");
      }, rules.timeoutMs);
      waiting.change(caller, 1);
      const leave = lines.add(caller, [{ begin, giveUp }]);
      beginNext();
      return promise;
    },
  };
}

/** By caller; who has none takes no room. */
class Counts {
  readonly #of = new Map<string, number>();

  of(caller: string): number {
    return this.#of.get(caller) ?? 0;
  }

  change(caller: string, by: 1 | -1): void {
    const now = this.of(caller) + by;
    if (now === 0) this.#of.delete(caller);
    else this.#of.set(caller, now);
  }
}
