// Long work in steps: a generator yields now and then, so that whoever shares its thread with others can let them in between,
// and whoever does not runs through. Both get the same value.

/** Pieces (items, samples) between two steps. */
const piecesAtOnce = 64;

export type Steps<T> = Generator<undefined, T>;

export function straight<T>(steps: Steps<T>): T {
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

export async function paused<T>(steps: Steps<T>, pause: () => Promise<void>): Promise<T> {
  let step = steps.next();
  while (step.done !== true) {
    await pause();
    step = steps.next();
  }
  return step.value;
}

/** The same for each of them, with a step after every few. */
export function* eachInSteps<T, R>(pieces: Iterable<T>, work: (piece: T) => R): Steps<R[]> {
  const made: R[] = [];
  for (const piece of pieces) {
    made.push(work(piece));
    if (made.length % piecesAtOnce === 0) yield;
  }
  return made;
}
