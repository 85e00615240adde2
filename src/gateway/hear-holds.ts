// Holds that another gateway was told directly: heard over the feed, judged here as if they had come here, in force at once.
import type { Feed } from "../feed/feed.ts";
import type { Gateway } from "./gateway.ts";
import { takeHold } from "./hold.ts";
import { sleep } from "./within.ts";
import { troubleIn } from "../terms/trouble.ts";

const retryMs = 500;

/** Listens until the signal aborts. */
export async function hearHolds(feed: Feed, gateway: Gateway, signal: AbortSignal): Promise<void> {
  let cursor = "";
  while (!signal.aborted) {
    try {
      const told = await feed.holds(cursor, signal);
      for (const envelope of told.envelopes) await takeOne(envelope, gateway);
      ({ cursor } = told);
    } catch (error) {
      if (signal.aborted) return;
      gateway.report("feed", { why: troubleIn(error) });
      await sleep(retryMs, signal);
    }
  }
}

/** One that is refused must not keep the others back; one that the mark did not take is in force all the same. */
async function takeOne(envelope: Uint8Array, gateway: Gateway): Promise<void> {
  try {
    await takeHold(envelope, gateway);
  } catch (error) {
    gateway.report("hold", { why: troubleIn(error) });
  }
}
