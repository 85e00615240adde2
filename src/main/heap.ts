// How much dead memory a process carries along. V8 lets a heap grow to a multiple of what lives in it before it looks what of it
// is dead; with thousands of open streams, of which every token leaves something behind, that is some hundred MB.
import { setFlagsFromString } from "node:v8";

/** In percent of what lives. Less is looked for more often: at 40 a request costs the same (bench/README.md). */
const growthPercent = 40;

/** For the process, from here on. A Node that does not know the flag says so and goes on. */
export function keepHeapSmall(): void {
  setFlagsFromString(`--heap-growing-percent=${growthPercent}`);
}
