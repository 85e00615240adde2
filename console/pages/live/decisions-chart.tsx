// Decisions a second by verdict: a column a window, verdicts stacked, each with a pattern of its own beside its colour.
import type { ReactNode } from "react";
import { type LiveVerdict, liveVerdicts } from "../../../src/control/contract-live.ts";
import { Chart } from "../../charts/chart.tsx";
import { DataTable } from "../../parts/data-table.tsx";
import { Time } from "../../parts/time.tsx";
import { numberInWords } from "../../words/format.ts";
import { words } from "../../words/words.ts";
import styles from "./live.module.css";
import type { Marked } from "./marks.ts";
import { Axes, scalesFor, size } from "./time-chart.tsx";
import { type Window, windowSeconds } from "./windows.ts";

const said = words.live.decisions;

interface DecisionsProps {
  readonly windows: readonly Window[];
  readonly marks: readonly Marked[];
}

export function DecisionsChart({ windows, marks }: DecisionsProps): ReactNode {
  const most = Math.max(...windows.map(({ total, seconds }) => total / seconds));
  const { x, y } = scalesFor({ windows, most });
  const shown = liveVerdicts.filter((verdict) => sumOf(windows, verdict) > 0);
  const all = windows.reduce((sum, { total }) => sum + total, 0);
  const wide = Math.max(1, x(windowSeconds) - x(0) - 1);
  return (
    <>
      <Chart
        title={said.title}
        description={said.description(all, sumOf(windows, "served"), sumOf(windows, "blocked"))}
        width={size.width}
        height={size.height}
        table={<DecisionsTable windows={windows} shown={shown} />}
      >
        <Axes windows={windows} most={most} unit={numberInWords} marks={marks} />
        {windows.flatMap((window) =>
          stacked(window).map(({ verdict, from, to }) => (
            <rect
              key={`${window.from} ${verdict}`}
              className={styles[verdict]}
              x={x(window.from)}
              width={wide}
              y={y(to / window.seconds)}
              height={Math.max(0.5, y(from / window.seconds) - y(to / window.seconds))}
            />
          )),
        )}
      </Chart>
      <ul className={styles.legend}>
        {shown.map((verdict) => (
          <li key={verdict}>
            <svg viewBox="0 0 12 12" aria-hidden="true">
              <rect className={styles[verdict]} width="12" height="12" />
            </svg>
            {words.live.verdicts[verdict]}: {numberInWords(sumOf(windows, verdict))}
          </li>
        ))}
      </ul>
    </>
  );
}

function sumOf(windows: readonly Window[], verdict: LiveVerdict): number {
  return windows.reduce((sum, { verdicts }) => sum + (verdicts.get(verdict) ?? 0), 0);
}

interface Part {
  readonly verdict: LiveVerdict;
  readonly from: number;
  readonly to: number;
}

function stacked({ verdicts }: Window): readonly Part[] {
  let from = 0;
  return liveVerdicts.flatMap((verdict) => {
    const count = verdicts.get(verdict) ?? 0;
    if (count === 0) return [];
    from += count;
    return [{ verdict, from: from - count, to: from }];
  });
}

interface TableProps {
  readonly windows: readonly Window[];
  readonly shown: readonly LiveVerdict[];
}

function DecisionsTable({ windows, shown }: TableProps): ReactNode {
  return (
    <DataTable
      caption={said.table}
      rows={windows.filter(({ total }) => total > 0).toReversed()}
      keyOf={({ from }) => String(from)}
      save={{ name: "decisions" }}
      empty={<p className={styles.quiet}>{said.empty}</p>}
      columns={[
        {
          id: "from",
          title: said.at,
          value: ({ from }) => new Date(from * 1_000).toISOString(),
          cell: ({ from }) => <Time at={from * 1_000} as="moment" />,
        },
        ...shown.map((verdict) => ({
          id: verdict,
          title: words.live.verdicts[verdict],
          align: "end" as const,
          value: ({ verdicts }: Window) => verdicts.get(verdict) ?? 0,
          cell: ({ verdicts }: Window) => numberInWords(verdicts.get(verdict) ?? 0),
        })),
        {
          id: "total",
          title: said.total,
          align: "end",
          value: ({ total }) => total,
          cell: ({ total }) => numberInWords(total),
        },
      ]}
    />
  );
}
