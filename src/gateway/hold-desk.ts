// Hands envelopes of holds over to the ledger, again and again until it takes them. The holds are in force meanwhile.
import type { Feed } from "../feed/feed.ts";

/** Envelopes that wait for the ledger; the mark holds them in force however long that takes. */
const waitingMax = 256;
const retryMs = 1000;

export interface HoldDesk {
  readonly deliver: (envelope: Uint8Array) => void;
  readonly close: () => void;
}

export function openHoldDesk(feed: Feed): HoldDesk {
  let waiting: Uint8Array[] = [];
  let isBusy = false;

  async function handOver(): Promise<void> {
    if (isBusy) return;
    isBusy = true;
    try {
      for (let [envelope] = waiting; envelope !== undefined; [envelope] = waiting) {
        await feed.recordHold(envelope);
        waiting = waiting.slice(1);
      }
    } catch {
      // The ledger is away; the timer asks again. The hold is in force meanwhile.
    } finally {
      isBusy = false;
    }
  }

  const timer = setInterval(() => void handOver(), retryMs);
  return {
    deliver: (envelope) => {
      if (waiting.length < waitingMax) waiting.push(envelope);
      void handOver();
    },
    close: () => {
      clearInterval(timer);
    },
  };
}
