// Waiting for the other side of the feed: a time limit on what it may never answer, and a pause before it is asked again.
import { Failure } from "../terms/failure.ts";

/** The promise, or a failure with gateway_closed once it has taken `msMax` milliseconds. */
export async function within<T>(promise: Promise<T>, msMax: number, what: string): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new Failure("gateway_closed", `${what} did not come within ${msMax} ms.`));
  }, msMax);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The promise, or a rejection as soon as the signal aborts, whether or not the other side heeds it. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: left, reject } = Promise.withResolvers<never>();
  const leave = (): void => {
    reject(new Failure("gateway_closed", "The gateway closes."));
  };
  if (signal.aborted) leave();
  signal.addEventListener("abort", leave, { once: true });
  try {
    return await Promise.race([promise, left]);
  } finally {
    signal.removeEventListener("abort", leave);
  }
}

/** Until the time is over or the signal aborts; leaves nothing on the signal. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done);
  });
}
