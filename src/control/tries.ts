// How often one address may try to sign in and fail. What is tried has 256 bits or a signature, so that guessing leads nowhere; this keeps
// whoever tries all the same from costing much.
import { getConnInfo } from "@hono/node-server/conninfo";
import type { Context } from "hono";
import { callerAddress } from "../terms/caller-address.ts";
import { Failure, failureCode } from "../terms/failure.ts";
import type { Network } from "../terms/network.ts";

/** Failed tries of one address in a minute, and addresses that are counted. */
const triesMax = 20;
const addressesMax = 4_096;
const minuteMs = 60_000;

export interface Tries {
  /** Runs it; counts where it fails with session_missing. Fails with quota_exhausted where it was tried too often. */
  readonly take: <T>(context: Context, attempt: () => T | Promise<T>) => Promise<T>;
}

/** `now` in milliseconds. `proxies`: behind them everybody would else be one address, and anybody could keep all others out. */
export function createTries(now: () => number, proxies: readonly Network[]): Tries {
  const failed = new Map<string, { readonly since: number; count: number }>();
  const countOf = (address: string): number => {
    const found = failed.get(address);
    if (found !== undefined && now() - found.since < minuteMs) return found.count;
    failed.delete(address);
    return 0;
  };
  return {
    take: async (context, attempt) => {
      const address = addressOf(context, proxies);
      if (countOf(address) >= triesMax) {
        throw new Failure("quota_exhausted", "Too many tries from here failed. Wait a minute, then try again.");
      }
      try {
        return await attempt();
      } catch (error) {
        if (failureCode(error) !== "session_missing") throw error;
        if (failed.size >= addressesMax) failed.clear();
        const found = failed.get(address);
        if (found === undefined) failed.set(address, { since: now(), count: 1 });
        else found.count += 1;
        throw error;
      }
    },
  };
}

function addressOf(context: Context, proxies: readonly Network[]): string {
  try {
    const { address: remote } = getConnInfo(context).remote;
    return callerAddress({ remote, forwarded: context.req.header("x-forwarded-for") }, proxies) ?? "";
  } catch {
    // Without a socket, as in a test of the application alone.
    return "";
  }
}
