// A broken program is not a broken world: these stop the process, and nobody catches them (style 15). Apart from
// node:assert because this folder runs in browsers too.

export function assert(condition: boolean, claim: string): asserts condition {
  if (!condition) throw new Error(`This does not hold: ${claim}.`);
}
