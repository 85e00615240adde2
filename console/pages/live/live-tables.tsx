// Beside the charts, as tables: marks of the ledger, models and their servers, what was not judged, queues, quotas, gateways.
import type { ReactNode } from "react";
import { gatewayName } from "../../../src/control/contract-doctor.ts";
import type { LiveView } from "../../../src/control/contract-live.ts";
import { DataTable } from "../../parts/data-table.tsx";
import { Section } from "../../parts/section.tsx";
import { Time } from "../../parts/time.tsx";
import { durationInWords, numberInWords, percentInWords } from "../../words/format.ts";
import { words } from "../../words/words.ts";
import { withNames } from "../ledger/people.ts";
import styles from "./live.module.css";
import type { Marked } from "./marks.ts";
import { type Seconds, countsOf } from "./windows.ts";

const said = words.live;

export function MarksTable({ marks }: { readonly marks: readonly Marked[] }): ReactNode {
  return (
    <Section title={said.marks.title}>
      <DataTable
        caption={said.marks.table}
        rows={marks.toReversed()}
        keyOf={({ index }) => String(index)}
        hrefOf={({ index }) => `/ledger/${index}`}
        empty={<p className={styles.quiet}>{said.marks.none}</p>}
        columns={[
          { id: "entry", title: said.marks.mark, cell: MarkCell },
          { id: "kind", title: said.marks.kindTitle, cell: ({ kind }) => said.marks.kind[kind] },
          { id: "words", title: said.marks.words, cell: ({ words: text }) => <Sentence text={text} /> },
          { id: "at", title: said.marks.at, cell: ({ at }) => <Time at={at} /> },
        ]}
      />
    </Section>
  );
}

function MarkCell({ letter, index }: Marked): ReactNode {
  return <span className={styles.whole}>{`${letter}: ${said.marks.entry(index)}`}</span>;
}

function Sentence({ text }: { readonly text: string }): ReactNode {
  return <div className={styles.sentence}>{withNames(text, [])}</div>;
}

interface CountsProps {
  readonly view: LiveView;
  readonly seconds: Seconds;
}

export function CountsTables({ view, seconds }: CountsProps): ReactNode {
  return (
    <div className={styles.pair}>
      <ModelsTable seconds={seconds} />
      <UpstreamTable seconds={seconds} />
      <UnjudgedTable seconds={seconds} />
      <QueuesTable view={view} seconds={seconds} />
    </div>
  );
}

function ModelsTable({ seconds }: Pick<CountsProps, "seconds">): ReactNode {
  const rows = countsOf(seconds, ({ models }) => models).map(([name, count]) => {
    const [model = name, stage = ""] = name.split(" ");
    return { model, stage, count };
  });
  return (
    <Section title={said.models.title}>
      <DataTable
        caption={said.models.title}
        rows={rows}
        keyOf={({ model, stage }) => `${model} ${stage}`}
        columns={[
          { id: "model", title: said.models.name, cell: ({ model }) => model },
          { id: "stage", title: said.models.stage, cell: ({ stage }) => stage },
          { id: "count", title: said.models.count, align: "end", cell: ({ count }) => numberInWords(count) },
        ]}
      />
    </Section>
  );
}

function UpstreamTable({ seconds }: Pick<CountsProps, "seconds">): ReactNode {
  const asked = countsOf(seconds, ({ upstream }) => mapped(upstream, (one) => one.asked));
  const failed = new Map(countsOf(seconds, ({ upstream }) => mapped(upstream, (one) => one.failed)));
  const rows = asked.map(([model, count]) => ({ model, count, failures: failed.get(model) ?? 0 }));
  return (
    <Section title={said.upstream.title}>
      <DataTable
        caption={said.upstream.title}
        rows={rows}
        keyOf={({ model }) => model}
        columns={[
          { id: "model", title: said.upstream.model, cell: ({ model }) => model },
          { id: "asked", title: said.upstream.asked, align: "end", cell: ({ count }) => numberInWords(count) },
          { id: "failed", title: said.upstream.failed, align: "end", cell: ({ failures }) => numberInWords(failures) },
        ]}
      />
    </Section>
  );
}

function mapped<T>(of: Readonly<Record<string, T>> | undefined, part: (one: T) => number): Record<string, number> {
  return Object.fromEntries(Object.entries(of ?? {}).map(([name, one]) => [name, part(one)]));
}

function UnjudgedTable({ seconds }: Pick<CountsProps, "seconds">): ReactNode {
  return (
    <Section title={said.unjudged.title} lead={said.unjudged.lead}>
      <DataTable
        caption={said.unjudged.title}
        rows={countsOf(seconds, ({ unjudged }) => unjudged)}
        keyOf={([name]) => name}
        empty={<p className={styles.quiet}>{said.unjudged.none}</p>}
        columns={[
          { id: "name", title: said.unjudged.name, cell: ([name]) => unjudgedName(name) },
          { id: "count", title: said.unjudged.count, align: "end", cell: ([, count]) => numberInWords(count) },
        ]}
      />
    </Section>
  );
}

function unjudgedName(name: string): string {
  return name === "chain" || name === "shadow" ? said.unjudged[name] : name;
}

function QueuesTable({ view, seconds }: CountsProps): ReactNode {
  const receipts = [...seconds].map(([gateway, all]) => ({
    name: said.queues.receipts(gateway),
    waiting: all.at(-1)?.now.receiptsWaiting ?? 0,
    max: said.queues.receiptsMax,
  }));
  const others = view.queues.map(({ queue, waiting, max }) => ({ name: said.queues.names[queue], waiting, max }));
  return (
    <Section title={said.queues.title}>
      <DataTable
        caption={said.queues.title}
        rows={[...receipts, ...others]}
        keyOf={({ name }) => name}
        columns={[
          { id: "name", title: said.queues.name, cell: ({ name }) => name },
          { id: "waiting", title: said.queues.waiting, align: "end", cell: ({ waiting }) => numberInWords(waiting) },
          {
            id: "max",
            title: said.queues.max,
            align: "end",
            cell: ({ max }) => (max === null ? said.queues.unbounded : numberInWords(max)),
          },
        ]}
      />
    </Section>
  );
}

export function UsageTable({ view, seconds }: CountsProps): ReactNode {
  const refused = countsOf(seconds, ({ quotas }) => quotas).reduce((sum, [, count]) => sum + count, 0);
  return (
    <Section title={said.usage.title} lead={said.usage.lead}>
      {refused === 0 ? null : <p>{said.usage.refusals(refused)}</p>}
      <DataTable
        caption={said.usage.title}
        rows={view.usage}
        keyOf={({ organisation, model }) => `${organisation} ${model}`}
        empty={<p className={styles.quiet}>{said.usage.none}</p>}
        columns={[
          { id: "organisation", title: said.usage.organisation, cell: ({ organisation }) => organisation },
          { id: "model", title: said.usage.model, cell: ({ model }) => model },
          { id: "requests", title: said.usage.requests, align: "end", cell: (one) => numberInWords(one.requests) },
          { id: "tokens", title: said.usage.tokens, align: "end", cell: ({ tokens }) => numberInWords(tokens) },
          {
            id: "share",
            title: said.usage.share,
            align: "end",
            cell: ({ tokens, tokensPerDay }) =>
              tokensPerDay === null ? said.usage.noLimit : percentInWords(tokens / tokensPerDay),
          },
        ]}
      />
    </Section>
  );
}

type GatewayRow = LiveView["gateways"]["gateways"][number];

/** How a gateway elsewhere says it stands; what is too old says nothing of now. */
function Heard({ heard }: { readonly heard: LiveView["reports"][number] | undefined }): ReactNode {
  if (heard === undefined) return said.gateways.never;
  const { report, at, isCurrent } = heard;
  if (!isCurrent)
    return (
      <>
        {said.gateways.old} <Time at={at} />
      </>
    );
  const requests = Object.values(report.verdicts).reduce((sum, count) => sum + count, 0);
  const [asked, failed] = report.upstream.reduce(([all, bad], one) => [all + one.asked, bad + one.failed], [0, 0]);
  return (
    <>
      {report.now.closed === null ? null : <div>{said.gateways.closed(report.now.closed)}</div>}
      <div>
        {said.gateways.heard(
          requests,
          report.seconds,
          report.halfMs === null ? undefined : durationInWords(report.halfMs),
        )}
      </div>
      {failed === 0 ? null : <div>{said.gateways.upstream(asked, failed)}</div>}
    </>
  );
}

export function GatewaysTable({ view, seconds }: CountsProps): ReactNode {
  const { gateways } = view.gateways;
  const heard = new Map(view.reports.map((one) => [one.gateway, one]));
  const nowOf = ({ name, key }: GatewayRow) => {
    const report = heard.get(key);
    const own = name === null ? undefined : seconds.get(name)?.at(-1)?.now;
    return own ?? (report?.isCurrent === true ? report.report.now : undefined);
  };
  return (
    <Section title={said.gateways.title} lead={said.gateways.lead(view.withFigures.length, gateways.length)}>
      <DataTable
        caption={said.gateways.title}
        rows={gateways}
        keyOf={({ key }) => key}
        columns={[
          { id: "name", title: said.gateways.name, cell: gatewayName },
          {
            id: "connected",
            title: said.gateways.connected,
            cell: ({ connected }) => (connected ? said.gateways.yes : said.gateways.no),
          },
          {
            id: "behind",
            title: said.gateways.behind,
            align: "end",
            cell: ({ behind }) => (behind === null ? words.parts.none : numberInWords(behind)),
          },
          {
            id: "lease",
            title: said.gateways.lease,
            align: "end",
            cell: (row) => {
              const now = nowOf(row);
              return now === undefined ? words.parts.none : durationInWords(Math.max(0, now.leaseMs));
            },
          },
          {
            id: "underWay",
            title: said.gateways.underWay,
            align: "end",
            cell: (row) => {
              const now = nowOf(row);
              return now === undefined ? words.parts.none : numberInWords(now.exchanges);
            },
          },
          {
            id: "figures",
            title: said.gateways.figures,
            cell: ({ key }) => (view.withFigures.includes(key) ? said.gateways.here : <Heard heard={heard.get(key)} />),
          },
        ]}
      />
    </Section>
  );
}
