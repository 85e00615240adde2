// A time limit on what the other side of the feed may never answer.
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
