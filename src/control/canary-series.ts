// The series of a canary: the periods of the certificate that counts, what began each as the ledger has it, and its points with
// the band that holds at all of them at once.
import { stepOf } from "../acts/rules/share.ts";
import { latestCertificate } from "../acts/state.ts";
import { openStatement } from "../acts/statement.ts";
import type { CallerMeasure } from "../acts/watch.ts";
import { judgeLive } from "../gates/watch.ts";
import { type Point, pointsOf, thinned } from "../release/watch-points.ts";
import { type WatchedStage, watchedStage } from "../release/watched.ts";
import { breathe } from "../store/breathe.ts";
import { type Name, type Timestamp, timestampOf } from "../terms/ids.ts";
import { type SeriesView, seriesPeriodsMax, seriesPointsMax } from "./contract-canary.ts";
import type { Core } from "./core.ts";

type Series = NonNullable<SeriesView["series"]>;
type Period = Series["periods"][number];
type PeriodMeasure = Period["measures"][number];

export async function seriesOf(core: Core, model: Name): Promise<SeriesView> {
  const { state } = core.replica;
  const [watched, latest] = [watchedStage(state, model), latestCertificate(state, model)];
  const share = latest?.release.conditions.share;
  if (watched === undefined || latest === undefined || share === undefined) return { series: null };
  const points = await pointsOf(core.database, model);
  const running = watched.period;
  const before = [...points.keys()].filter((entry) => entry < running.index).toSorted((one, other) => other - one);
  const begun: Begun[] = [
    {
      entry: running.index,
      since: running.at,
      step: stepOf(state, watched.certificate),
      ...byOf(running.watch, running.number),
    },
  ];
  for (const entry of before.slice(0, seriesPeriodsMax - 1)) {
    const found = await beginningOf(core, entry, watched);
    if (found !== undefined) begun.push(found);
  }
  const periods: Period[] = [];
  for (const [back, one] of begun.entries()) {
    const number = Math.max(1, running.number - back);
    const measures = await measuresOf(watched, { points: points.get(one.entry), number });
    periods.unshift({ period: number, ...one, step: one.step + 1, open: share.steps[one.step] ?? 0, measures });
  }
  const { certificate, stage } = latest.release;
  return { series: { model, certificate, stage, steps: [...share.steps], by: share.by, periods } };
}

type Begun = Pick<Period, "entry" | "since" | "step" | "by" | "cause">;

function byOf(cause: Name | null, number: number): Pick<Period, "by" | "cause"> {
  if (cause !== null) return { by: "watch", cause };
  return { by: number === 1 ? "certificate" : "person", cause };
}

/** What the ledger says of the entry; undefined where it began no period of this certificate. */
async function beginningOf(
  { ledger, options }: Core,
  entry: number,
  { certificate }: WatchedStage,
): Promise<Begun | undefined> {
  const [stored] = await ledger.entries(entry, 1);
  if (stored === undefined) return undefined;
  const { predicate } = await openStatement(stored.envelope, options.primitives);
  const at: Timestamp = predicate.at;
  if (predicate.verb === "certificate" && predicate.body.release.certificate === certificate)
    return { entry, since: at, step: 0, by: "certificate", cause: null };
  const isStep = predicate.verb === "widen" || predicate.verb === "narrow";
  if (!isStep || predicate.body.certificate !== certificate) return undefined;
  const cause = predicate.verb === "narrow" ? (predicate.body.watch ?? null) : null;
  return { entry, since: at, step: predicate.body.step, by: cause === null ? "person" : "watch", cause };
}

interface Counted {
  readonly points: ReadonlyMap<string, readonly Point[]> | undefined;
  readonly number: number;
}

async function measuresOf({ measures }: WatchedStage, { points, number }: Counted): Promise<PeriodMeasure[]> {
  const shown: PeriodMeasure[] = [];
  for (const measure of measures) {
    // Probes come as whole runs, and not one exchange after another.
    if (measure.measure === "probes") continue;
    const views: PeriodMeasure["points"] = [];
    for (const [at, point] of thinned(points?.get(measure.id) ?? [], seriesPointsMax).entries()) {
      // A band takes half a millisecond, and callers may be answered in this very process.
      if (at % bandsAtOnce === 0) await breathe();
      views.push(pointView(measure, point, number));
    }
    const { alpha } = judgeLive(measure, { exchanges: 0, bad: 0, good: 0 }, number);
    shown.push({ id: measure.id, measure: measure.measure, limit: measure.limit, alpha, points: views });
  }
  return shown;
}

const bandsAtOnce = 8;

function pointView(measure: CallerMeasure, { at, ...counts }: Point, number: number): PeriodMeasure["points"][number] {
  const { exchanges, bad, good, unknown, interval } = judgeLive(measure, counts, number);
  const known = bad + good;
  const { lower, upper } = interval;
  return { at: timestampOf(at), exchanges, bad, good, unknown, rate: known === 0 ? null : bad / known, lower, upper };
}
