// Holds that come to the gateway directly, without store or control plane: checked here, on the mark, in force, and only
// then answered. The envelope is handed to the ledger as soon as somebody takes it.
import type { Feed } from "../feed/feed.ts";
import { timestampOf } from "../terms/ids.ts";
import type { Gateway } from "./gateway.ts";

/** Envelopes that wait for the ledger; the mark holds them in force however long that takes. */
const waitingMax = 256;
const retryMs = 1000;

export interface HeldAnswer {
  readonly hold: string;
  readonly heldAt: string;
}

export async function takeHold(envelope: Uint8Array, gateway: Gateway): Promise<HeldAnswer> {
  const { hold, at } = await gateway.follower.takeHold(envelope);
  gateway.live.recheck();
  gateway.holdDesk.deliver(envelope);
  return { hold, heldAt: timestampOf(at) };
}

export interface HoldDesk {
  readonly deliver: (envelope: Uint8Array) => void;
  readonly close: () => void;
}

/** Hands envelopes to the ledger, again and again until it takes them. */
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
