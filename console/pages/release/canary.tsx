// The watch over a stage that opens by steps: what it says, each live measure in a sentence, the two bets on it in words, and its
// series: rate over exchanges with the band that holds at all counts at once.
import type { ReactNode } from "react";
import { SeriesView, canaryRoutes } from "../../../src/control/contract-canary.ts";
import { pathOf } from "../../../src/control/contract-paths.ts";
import type { LiveMeasureView, StatusView } from "../../../src/control/contract.ts";
import { useView } from "../../app/reads.ts";
import { Notice } from "../../parts/notice.tsx";
import { Problem } from "../../parts/problem.tsx";
import { Section } from "../../parts/section.tsx";
import { Time } from "../../parts/time.tsx";
import { Verdict, type VerdictValue } from "../../parts/verdict.tsx";
import { boundsInWords, countInWords, numberInWords } from "../../words/format.ts";
import { words } from "../../words/words.ts";
import styles from "./release.module.css";
import { Sequence } from "./sequence.tsx";

const said = words.release.canary;
const refreshMs = 5_000;

export function Canary({ status, actions }: { readonly status: StatusView; readonly actions: ReactNode }): ReactNode {
  const { watch, model, certified } = status;
  const read = useView(pathOf(canaryRoutes.series, { model }), SeriesView, { refreshMs, enabled: watch !== null });
  if (watch === null)
    return certified?.share === null || certified?.share === undefined ? null : (
      <Section id="canary" title={said.title} actions={actions}>
        <p>{said.unwatched}</p>
      </Section>
    );
  const series = read.data?.series ?? undefined;
  return (
    <div id="canary">
      <Section title={said.title} actions={actions}>
        <p>
          {said.verdict[watch.verdict]}
          {watch.rolledBackFor === null ? "" : ` ${said.back(watch.rolledBackFor)}`}
          {watch.widen === "when-shown" ? ` ${said.advised}` : ""}
        </p>
        {watch.blindSince === null ? null : (
          <Notice kind="danger">
            <p>
              {said.blind} <Time at={watch.blindSince} />.
            </p>
          </Notice>
        )}
        {read.error === null ? null : <Problem failure={read.error} />}
        {watch.measures.map((measure) => (
          <div key={measure.id} className={styles.live}>
            <LiveMeasure measure={measure} />
            {series === undefined ? null : <Sequence series={series} id={measure.id} />}
          </div>
        ))}
      </Section>
    </div>
  );
}

const verdictOf: { readonly [K in LiveMeasureView["verdict"]]: VerdictValue } = {
  kept: "pass",
  exceeded: "fail",
  open: "inconclusive",
};

function LiveMeasure({ measure }: { readonly measure: LiveMeasureView }): ReactNode {
  const {
    id,
    verdict,
    bad,
    exchanges,
    unknown,
    interval,
    alpha,
    limit,
    exceeded,
    kept,
    needed,
    neededKept,
    exchangesMin,
  } = measure;
  const bounds = boundsInWords({ ...interval, confidence: 1 - alpha });
  return (
    <>
      <h3 className={styles.sub}>
        {id} <Verdict value={verdictOf[verdict]} word={said.shown[verdict]} />
      </h3>
      <p>{said.sentence(said.counted(countInWords(bad, exchanges), said.measure[measure.measure]), bounds, limit)}</p>
      <p className={styles.soft}>
        {said.bets(
          said.bet(betInWords(exceeded), betInWords(needed)),
          said.bet(betInWords(kept), betInWords(neededKept)),
        )}
        {exchanges < exchangesMin ? ` ${said.few(exchangesMin)}` : ""}
        {unknown === 0 ? "" : ` ${said.table.unknown}: ${numberInWords(unknown)}.`}
      </p>
    </>
  );
}

function betInWords(value: number): string {
  if (value >= 1e6) return "over a million";
  return value > 0 && value < 0.001 ? "below 0.001" : numberInWords(value);
}
