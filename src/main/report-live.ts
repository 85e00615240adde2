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
  const times = new Map<number, number>();
  for (const [bucket, more] of samples.flatMap(({ latency }) => latency ?? []))
    times.set(bucket, (times.get(bucket) ?? 0) + more);
  const unjudged = samples.flatMap((sample) => Object.values(sample.unjudged ?? {}));
  return {
    seconds: samples.length,
    verdicts: verdictsOf(samples),
    halfMs: within(times, 0.5),
    mostMs: within(times, 0.95),
    upstream: upstreamOf(samples),
    unjudged: unjudged.reduce((sum, more) => sum + more, 0),
    now: { ...last.now, leaseMs: Math.max(0, last.now.leaseMs) },
  };
}

function verdictsOf(samples: readonly LiveSample[]): Record<string, number> {
  const counts = liveVerdicts.map((verdict): [LiveVerdict, number] => [
    verdict,
    samples.reduce((sum, { verdicts }) => sum + (verdicts[verdict] ?? 0), 0),
  ]);
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

/** As `other` where there are as many models as may be. */
function upstreamOf(samples: readonly LiveSample[]): GatewayReport["upstream"] {
  const servers = new Map<string, { readonly asked: number; readonly failed: number }>();
  for (const [model, { asked, failed }] of samples.flatMap(({ upstream }) => Object.entries(upstream ?? {}))) {
    const name = servers.has(model) || servers.size < namesMax - 1 ? model : "other";
    const before = servers.get(name) ?? { asked: 0, failed: 0 };
    servers.set(name, { asked: before.asked + asked, failed: before.failed + failed });
  }
  return [...servers].map(([model, counts]) => ({ model, ...counts }));
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
