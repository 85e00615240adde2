// The verified ledger on the page's side: brought up to date when somebody needs it, kept for all who look at it.
import { useQuery } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { z } from "zod";
import type { State } from "../../src/acts/state.ts";
import { DeploymentView, routes } from "../../src/control/contract.ts";
import { Failure, type FailureCode, httpStatus } from "../../src/terms/failure.ts";
import type { Recorded } from "../../src/feed/catch-up.ts";
import { ask } from "../app/server.ts";
import type { BringAnswer, BringRequest, Verified } from "./messages.ts";
// oxlint-disable-next-line import/default -- the build makes its address
import workerAddress from "./worker.ts?worker&url";

export interface LedgerHere {
  /** Of the ledger as it was verified last; undefined before the first time. */
  readonly verified: Verified | undefined;
  /** Entries checked so far, while it is brought up to date. */
  readonly checking: number | undefined;
}

let here: LedgerHere = { verified: undefined, checking: undefined };
let worker: Worker | undefined;
let running: Promise<Verified> | undefined;
const listeners = new Set<() => void>();

function show(next: LedgerHere): void {
  here = next;
  for (const listener of listeners) listener();
}

/** Fails with fork_detected, trust_unknown, proof_invalid, or as the server refuses. `recorded`: where one's own act must stand. */
export async function bringUpToDate(recorded?: Recorded): Promise<Verified> {
  // Who needs their own act in it waits for a look of their own.
  if (running !== undefined && recorded === undefined) return running;
  await running?.catch(() => undefined);
  running = bring(recorded);
  try {
    const verified = await running;
    show({ verified, checking: undefined });
    return verified;
  } catch (error) {
    show({ ...here, checking: undefined });
    throw error;
  } finally {
    running = undefined;
  }
}

async function bring(recorded: Recorded | undefined): Promise<Verified> {
  const { deployment, firstRoot } = await ask(routes.deployment, DeploymentView);
  worker ??= new Worker(workerAddress, { type: "module" });
  return answerOf(worker, { deployment, firstRoot, ...(recorded === undefined ? {} : { recorded }) });
}

async function answerOf(of: Worker, request: BringRequest): Promise<Verified> {
  return new Promise((resolve, reject) => {
    const stop = new AbortController();
    const onMessage = ({ data }: MessageEvent<BringAnswer>): void => {
      if (data.kind === "progress") {
        show({ ...here, checking: data.entries });
        return;
      }
      stop.abort();
      if (data.kind === "verified") resolve(data.verified);
      else reject(failureOf(data));
    };
    const onError = (): void => {
      stop.abort();
      worker = undefined;
      reject(
        new Failure("proof_invalid", "This browser could not start what verifies the ledger. Load the page again."),
      );
    };
    of.addEventListener("message", onMessage, { signal: stop.signal });
    of.addEventListener("error", onError, { signal: stop.signal });
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker, not a window
    of.postMessage(request);
  });
}

const KnownCode = z.enum(Object.keys(httpStatus).filter((code): code is FailureCode => code in httpStatus));

function failureOf({ code, message }: Extract<BringAnswer, { kind: "failed" }>): Failure {
  return new Failure(KnownCode.safeParse(code).data ?? "proof_invalid", message);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

export function useLedgerHere(): LedgerHere {
  return useSyncExternalStore(subscribe, () => here);
}

const staleMs = 15_000;

export interface VerifiedRead<T> {
  /** Undefined until the ledger was verified. */
  readonly data: T | undefined;
  readonly error: unknown;
  readonly checking: number | undefined;
  readonly retry: () => void;
}

/** What a page needs of the state that this browser folded itself; the ledger is brought up to date for it, now and then again. */
export function useVerifiedState<T>(select: (state: State, verified: Verified) => T): VerifiedRead<T> {
  const brought = useQuery({
    queryKey: ["verified"],
    queryFn: async () => (await bringUpToDate()).size,
    refetchInterval: staleMs,
  });
  const { verified, checking } = useLedgerHere();
  return {
    data: verified === undefined ? undefined : select(verified.state, verified),
    error: brought.error,
    checking,
    retry: () => {
      void brought.refetch();
    },
  };
}
