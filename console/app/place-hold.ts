// Places a hold from this browser: signed with its key where it has one, else by the session, which the server signs for. Nothing is
// read first, and nothing waits for the ledger: the statement names the largest one that this browser saw, or none. Where one way
// fails, the other is tried, and each has so long and no longer.
import type { HoldScope } from "../../src/acts/bodies.ts";
import { StatementAnswer, routes } from "../../src/control/contract.ts";
import { SessionHoldView, sessionRoutes } from "../../src/control/contract-session.ts";
import { failureCode } from "../../src/terms/failure.ts";
import { type HoldId, timestampOf, toInstant } from "../../src/terms/ids.ts";
import type { BrowserKey } from "../signing/browser-key.ts";
import { ask } from "./server.ts";

export interface Wish {
  readonly scope: HoldScope;
  readonly reason: string;
}

export interface Placed {
  readonly hold: HoldId;
  /** Null where the store did not take it and the gateways were told. */
  readonly index: number | null;
  readonly scope: HoldScope;
}

export interface Means {
  readonly key: BrowserKey | null;
  readonly hasSession: boolean;
}

/** One way has so long, in milliseconds. */
const wayMsMax = 6_000;

/** Fails as the last way that was tried. */
export async function placeHold(wish: Wish, { key, hasSession }: Means): Promise<Placed> {
  if (key === null) return bySession(wish);
  try {
    return await signed(wish, key);
  } catch (error) {
    // Who may not hold may not by the other way either; anything else is no reason not to try it.
    if (!hasSession || failureCode(error) === "authority_missing") throw error;
    return bySession(wish);
  }
}

async function signed({ scope, reason }: Wish, key: BrowserKey): Promise<Placed> {
  const { signHold } = await inTime(import("../signing/sign-hold.ts"));
  const { envelope, hold, opening } = await signHold(key, { scope, reason, at: timestampOf(toInstant(Date.now())) });
  const body = { envelope, openings: [opening], artefacts: [] };
  const answer = await ask(routes.statements, StatementAnswer, { method: "POST", body, signal: soon() });
  return { hold, index: answer.kind === "recorded" ? answer.index : null, scope };
}

async function bySession(wish: Wish): Promise<Placed> {
  const { hold, index } = await ask(sessionRoutes.sessionHold, SessionHoldView, {
    method: "POST",
    body: wish,
    signal: soon(),
  });
  return { hold, index, scope: wish.scope };
}

function soon(): AbortSignal {
  return AbortSignal.timeout(wayMsMax);
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  return Promise.race([
    work,
    new Promise<never>((_, reject) => {
      setTimeout(() => {
        reject(new Error("the signing code did not come in time"));
      }, wayMsMax);
    }),
  ]);
}
