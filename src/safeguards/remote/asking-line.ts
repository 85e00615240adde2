// Who waits to ask one safeguard over HTTP: so many at once, the rest in a line in which callers take turns. Everything is
// bounded: under way, waiting in all, waiting of one caller, and the time from the question to its answer.
import type { UnknownCause } from "../../terms/finding.ts";
import { Lines } from "../lines.ts";

/** Questions that wait, over all callers; more are refused, or the last of who has the most waiting, where who asks has less. */
export const waitingMax = 256;
/** Questions of one caller that wait: half of what one key may have under way. */
export const waitingPerCallerMax = 32;

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
  const waiting = new Map<string, number>();
  let underWay = 0;

  function count(caller: string, change: 1 | -1): void {
    const now = (waiting.get(caller) ?? 0) + change;
    if (now === 0) waiting.delete(caller);
    else waiting.set(caller, now);
  }

  function beginNext(): void {
    while (underWay < rules.concurrent) {
      const job = lines.next();
      if (job === undefined) return;
      job.begin();
    }
  }

  function hasRoom(caller: string): boolean {
    if (underWay < rules.concurrent) return true;
    if ((waiting.get(caller) ?? 0) >= waitingPerCallerMax) return false;
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
        count(caller, -1);
      };
      const giveUp = (cause: UnknownCause): void => {
        leaveLine();
        resolve({ kind: "unknown", cause });
      };
      const begin = (): void => {
        leaveLine();
        underWay += 1;
        const over = (): void => {
          underWay -= 1;
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
      count(caller, 1);
      const leave = lines.add(caller, [{ begin, giveUp }]);
      beginNext();
      return promise;
    },
  };
}
