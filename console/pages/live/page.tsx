// The page at /live: what is decided now, by the second, with what the ledger recorded meanwhile marked on it.
import { createLazyRoute, useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { LiveView } from "../../../src/control/contract-live.ts";
import { Button } from "../../parts/button.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Page } from "../../parts/page.tsx";
import { Section } from "../../parts/section.tsx";
import { Problem } from "../../parts/problem.tsx";
import { momentInWords } from "../../words/format.ts";
import { words } from "../../words/words.ts";
import { alertsIn } from "./alerts.ts";
import { DecisionsChart } from "./decisions-chart.tsx";
import styles from "./live.module.css";
import { CountsTables, GatewaysTable, MarksTable, UsageTable } from "./live-tables.tsx";
import { marksOf } from "./marks.ts";
import { LiveSearch } from "./search.ts";
import { TimesChart } from "./times-chart.tsx";
import { useLive, usePrefersStill } from "./use-live.ts";
import { type Seconds, windowsOf } from "./windows.ts";

export const page = createLazyRoute("/live")({ component: LivePage });

const said = words.live;

function LivePage(): ReactNode {
  const { paused } = LiveSearch.parse(page.useSearch());
  const navigate = useNavigate();
  const isStill = usePrefersStill();
  const isPaused = paused === undefined ? isStill : paused === "yes";
  const { view, seconds, failure } = useLive(isPaused);
  const press = (): void => {
    void navigate({ to: "/live", search: { paused: isPaused ? "no" : "yes" }, replace: true });
  };
  return (
    <Page
      title={said.title}
      lead={said.lead}
      actions={<Button onPress={press}>{isPaused ? said.resume : said.pause}</Button>}
    >
      <p className={styles.quiet}>
        {isPaused ? (paused === undefined ? said.still : said.stands) : said.moving}
        {view === undefined ? null : ` ${said.upTo} ${momentInWords(Date.parse(view.at))}.`}
      </p>
      {failure === undefined ? null : <Problem failure={failure} />}
      {view === undefined ? null : <Figures view={view} seconds={seconds} />}
    </Page>
  );
}

function Figures({ view, seconds }: { readonly view: LiveView; readonly seconds: Seconds }): ReactNode {
  const windows = windowsOf(seconds, view.second);
  const marks = marksOf(view);
  return (
    <>
      <Alerts alerts={alertsIn(view, seconds)} />
      {seconds.size === 0 ? (
        <Empty title={said.noFiguresTitle} next={said.noFigures} />
      ) : (
        <Section title={said.figures}>
          <DecisionsChart windows={windows} marks={marks} />
          <TimesChart windows={windows} marks={marks} />
        </Section>
      )}
      <MarksTable marks={marks} />
      {seconds.size === 0 ? null : <CountsTables view={view} seconds={seconds} />}
      <UsageTable view={view} seconds={seconds} />
      <GatewaysTable view={view} seconds={seconds} />
    </>
  );
}

function Alerts({ alerts }: { readonly alerts: readonly string[] }): ReactNode {
  if (alerts.length === 0) return <p className={styles.quiet}>{said.quiet}</p>;
  return (
    <Notice kind="warning" title={said.attention}>
      <ul className={styles.alerts}>
        {alerts.map((alert) => (
          <li key={alert}>{alert}</li>
        ))}
      </ul>
    </Notice>
  );
}
