// Turns silence into something to write: yields what the source yields, and a beat whenever it was silent for a while.
export type Beat<T> = { readonly kind: "value"; readonly value: T } | { readonly kind: "silence" };

export async function* withHeartbeats<T>(
  source: AsyncGenerator<T, void, void>,
  silenceMs: number,
): AsyncGenerator<Beat<T>, void, void> {
  let next = source.next();
  // Whoever stops reading leaves a read under way; how that one ends concerns nobody any more.
  next.catch(() => undefined);
  while (true) {
    const arrived = await withinMs(next, silenceMs);
    if (arrived === undefined) {
      yield { kind: "silence" };
      continue;
    }
    if (arrived.done === true) return;
    yield { kind: "value", value: arrived.value };
    next = source.next();
    next.catch(() => undefined);
  }
}

async function withinMs<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => {
      resolve(undefined);
    }, ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
