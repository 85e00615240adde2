// Seconds added up to windows of five, from all processes: what the charts draw. Pure.
import {
  type LiveSample,
  type LiveVerdict,
  type LiveView,
  type Times,
  bucketEndMs,
  liveSecondsMax,
  liveVerdicts,
} from "../../../src/control/contract-live.ts";

export const windowSeconds = 5;
const windowsShown = liveSecondsMax / windowSeconds;

/** By the gateway that counted them, oldest first. */
export type Seconds = ReadonlyMap<string, readonly LiveSample[]>;

/** With what came since, and without what is older than is shown: a gateway of which nothing is left is gone from it. */
export function joined(before: Seconds, view: LiveView): Seconds {
  const oldest = view.second - liveSecondsMax;
  const names = new Set([...before.keys(), ...view.processes.map(({ gateway }) => gateway)]);
  const all = new Map(
    [...names].map((name): [string, readonly LiveSample[]] => {
      const known = before.get(name) ?? [];
      const last = known.at(-1)?.second ?? 0;
      const more = view.processes.find(({ gateway }) => gateway === name)?.samples ?? [];
      const joint = [...known, ...more.filter(({ second }) => second > last)];
      return [name, joint.filter(({ second }) => second > oldest)];
    }),
  );
  return new Map([...all].filter(([, samples]) => samples.length > 0));
}

/** What to ask for next: seconds after the one that every process told that was there at the last look. One that is gone tells no more. */
export function sinceOf(seconds: Seconds, last: LiveView | undefined): number {
  const told = (last?.processes ?? []).map(({ gateway }) => seconds.get(gateway)?.at(-1)?.second ?? 0);
  return told.length === 0 ? 0 : Math.min(...told);
}

export interface Window {
  /** Its first second. */
  readonly from: number;
  /** How many of its seconds are over. */
  readonly seconds: number;
  readonly verdicts: ReadonlyMap<LiveVerdict, number>;
  readonly total: number;
  readonly latency: ReadonlyMap<number, number>;
  readonly firstToken: ReadonlyMap<number, number>;
}

/** The last quarter of an hour that ends with the window that `second` is in; empty windows too. */
export function windowsOf(seconds: Seconds, second: number): readonly Window[] {
  const end = (Math.floor(second / windowSeconds) + 1) * windowSeconds;
  const all = [...seconds.values()].flat();
  const byWindow = Map.groupBy(all, (sample) => Math.floor(sample.second / windowSeconds) * windowSeconds);
  return Array.from({ length: windowsShown }, (_, at) => {
    const from = end - (windowsShown - at) * windowSeconds;
    return windowOf(from, Math.min(windowSeconds, Math.max(1, second - from)), byWindow.get(from) ?? []);
  });
}

function windowOf(from: number, seconds: number, samples: readonly LiveSample[]): Window {
  const verdicts = new Map<LiveVerdict, number>();
  for (const { verdicts: told } of samples) {
    for (const verdict of liveVerdicts) {
      const count = told[verdict] ?? 0;
      if (count > 0) verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + count);
    }
  }
  const total = [...verdicts.values()].reduce((sum, count) => sum + count, 0);
  const latency = timesIn(samples.map((one) => one.latency));
  return { from, seconds, verdicts, total, latency, firstToken: timesIn(samples.map((one) => one.firstToken)) };
}

function timesIn(all: readonly (Times | undefined)[]): ReadonlyMap<number, number> {
  const sum = new Map<number, number>();
  for (const [bucket, count] of all.flatMap((times) => times ?? [])) sum.set(bucket, (sum.get(bucket) ?? 0) + count);
  return sum;
}

/** The end of the bucket that holds this part of all, in milliseconds; undefined where there is none. */
export function percentile(times: ReadonlyMap<number, number>, part: number): number | undefined {
  const total = [...times.values()].reduce((sum, count) => sum + count, 0);
  let passed = 0;
  for (const [bucket, count] of [...times].toSorted(([one], [other]) => one - other)) {
    passed += count;
    if (passed >= total * part) return bucketEndMs(bucket);
  }
  return undefined;
}

/** Windows put together, for the whole that is shown. */
export function together(windows: readonly Window[], of: "latency" | "firstToken"): ReadonlyMap<number, number> {
  return timesIn(windows.map((one) => [...one[of]]));
}

/** Counts by name over the seconds shown. */
export function countsOf(
  seconds: Seconds,
  part: (sample: LiveSample) => Readonly<Record<string, number>> | undefined,
): readonly (readonly [name: string, count: number])[] {
  const sum = new Map<string, number>();
  for (const sample of [...seconds.values()].flat()) {
    for (const [name, count] of Object.entries(part(sample) ?? {})) sum.set(name, (sum.get(name) ?? 0) + count);
  }
  return [...sum].toSorted(([, one], [, other]) => other - one);
}
