// What an organisation used by day, against the limits of its grants, and what its callers were refused, by what they were told.
import type { ReactNode } from "react";
import { DailyChart } from "../../charts/daily-chart.tsx";
import type { UsageView, Used } from "../../../src/control/contract-organisations.ts";
import { DataTable } from "../../parts/data-table.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Section } from "../../parts/section.tsx";
import { numberInWords } from "../../words/format.ts";
import { words } from "../../words/words.ts";
import styles from "./organisations.module.css";

export interface UsageProps {
  readonly view: {
    readonly today: Used;
    readonly usage: UsageView;
    readonly grants: readonly { readonly tokensPerDay: number }[];
  };
}

const said = words.organisations.one.usage;

export function Usage({ view: { today, usage, grants } }: UsageProps): ReactNode {
  const limit = grants.length === 0 ? undefined : grants.reduce((sum, grant) => sum + grant.tokensPerDay, 0);
  const { from, to, used } = usage;
  const sum = (of: keyof Used): number => used.reduce((all, one) => all + one[of], 0);
  return (
    <Section title={said.title} lead={`${said.sentence(today.requests, today.tokens, limit)} ${said.lead}`}>
      {used.length === 0 ? (
        <Empty title={said.never} next={said.neverNext} />
      ) : (
        <div className={styles.charts}>
          <DailyChart
            title={said.requests}
            description={said.requestsText(sum("requests"))}
            from={from}
            to={to}
            counts={used.map(({ day, requests }) => ({ day, count: requests }))}
          />
          <DailyChart
            title={said.tokens}
            description={said.tokensText(sum("tokens"))}
            from={from}
            to={to}
            counts={used.map(({ day, tokens }) => ({ day, count: tokens }))}
            limit={limit}
          />
        </div>
      )}
      <h3>{said.refusals}</h3>
      <Refusals usage={usage} />
    </Section>
  );
}

interface Row {
  readonly why: string;
  readonly sentence: string;
  readonly count: number;
  readonly last: string;
}

function Refusals({ usage: { refusals } }: { readonly usage: UsageView }): ReactNode {
  const rows = [...Map.groupBy(refusals, ({ code, reason }) => (reason === null ? code : `${code} (${reason})`))].map(
    ([why, days]): Row => ({
      why,
      sentence: days[0]?.sentence ?? "",
      count: days.reduce((all, { count }) => all + count, 0),
      last:
        days
          .map(({ day }) => day)
          .toSorted()
          .at(-1) ?? "",
    }),
  );
  const { columns } = said;
  return (
    <DataTable
      caption={said.refusals}
      rows={rows}
      keyOf={({ why }) => why}
      sort={{ column: "count", direction: "descending" }}
      empty={<p>{said.none}</p>}
      columns={[
        {
          id: "code",
          title: columns.code,
          cell: ({ why }) => <code>{why}</code>,
          value: ({ why }) => why,
          isSortable: true,
        },
        {
          id: "sentence",
          title: columns.sentence,
          cell: ({ sentence }) => sentence,
          value: ({ sentence }) => sentence,
        },
        {
          id: "count",
          title: columns.count,
          cell: ({ count }) => numberInWords(count),
          value: ({ count }) => count,
          align: "end",
          isSortable: true,
        },
        {
          id: "last",
          title: columns.last,
          cell: ({ last }) => words.organisations.lastDay(last),
          value: ({ last }) => last,
          isSortable: true,
        },
      ]}
      save={{ name: "refusals" }}
    />
  );
}
