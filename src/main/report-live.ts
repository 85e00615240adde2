// A gateway on its own says how it stands, every ten seconds: what it counted, summed up. A control plane that does not answer misses one
// report, and nothing else.
import { type LiveSample, type LiveVerdict, bucketEndMs, liveVerdicts } from "../control/contract-live.ts";
import { type GatewayReport, reportEveryMs } from "../feed/gateway-report.ts";

const firstMs = 2_000;
const namesMax = 32;

interface Reporting {
  readonly samples: (since: number) => readonly LiveSample[];
  readonly tell: (report: GatewayReport) => Promise<void>;
}

/** Ends with what it returns. */
export function reportLive({ samples, tell }: Reporting): () => void {
  let since = Math.floor(Date.now() / 1_000);
  let timer = setTimeout(turn, firstMs).unref();
  function turn(): void {
    const counted = samples(since).slice(-60);
    since = counted.at(-1)?.second ?? since;
    const report = reportOf(counted);
    if (report !== undefined) tell(report).catch(() => undefined);
    timer = setTimeout(turn, reportEveryMs).unref();
  }
  return () => {
    clearTimeout(timer);
  };
}

/** Undefined where no second was counted. */
export function reportOf(samples: readonly LiveSample[]): GatewayReport | undefined {
  const last = samples.at(-1);
  if (last === undefined) return undefined;
  const verdicts: Partial<Record<LiveVerdict, number>> = {};
  const times = new Map<number, number>();
  const upstream = new Map<string, { asked: number; failed: number }>();
  let unjudged = 0;
  for (const sample of samples) {
    for (const verdict of liveVerdicts) {
      const more = sample.verdicts[verdict] ?? 0;
      if (more > 0) verdicts[verdict] = (verdicts[verdict] ?? 0) + more;
    }
    for (const [bucket, more] of sample.latency ?? []) times.set(bucket, (times.get(bucket) ?? 0) + more);
    for (const [model, { asked, failed }] of Object.entries(sample.upstream ?? {})) {
      const name = upstream.has(model) || upstream.size < namesMax - 1 ? model : "other";
      const before = upstream.get(name) ?? { asked: 0, failed: 0 };
      upstream.set(name, { asked: before.asked + asked, failed: before.failed + failed });
    }
    unjudged += Object.values(sample.unjudged ?? {}).reduce((sum, more) => sum + more, 0);
  }
  return {
    seconds: samples.length,
    verdicts,
    halfMs: within(times, 0.5),
    mostMs: within(times, 0.95),
    upstream: [...upstream].map(([model, one]) => ({ model, ...one })),
    unjudged,
    now: { ...last.now, leaseMs: Math.max(0, last.now.leaseMs) },
  };
}

/** What a share of all was answered within, to the end of its class. */
function within(times: ReadonlyMap<number, number>, share: number): number | null {
  const sorted = [...times].toSorted(([one], [other]) => one - other);
  const all = sorted.reduce((sum, [, count]) => sum + count, 0);
  let passed = 0;
  for (const [bucket, count] of sorted) {
    passed += count;
    if (passed >= share * all) return Math.round(bucketEndMs(bucket));
  }
  return null;
}
