// A count a day: one bar each, over days of which some have none, and the limit of a day where there is one that can be shown.
import { scaleBand, scaleLinear } from "d3-scale";
import type { ReactNode } from "react";
import { dayInWords, numberInWords } from "../words/format.ts";
import { DataTable } from "../parts/data-table.tsx";
import { words } from "../words/words.ts";
import { Chart } from "./chart.tsx";
import styles from "./daily-chart.module.css";

export interface DailyChartProps {
  readonly title: string;
  readonly description: string;
  /** First and last day, as `2026-01-31`. */
  readonly from: string;
  readonly to: string;
  readonly counts: readonly { readonly day: string; readonly count: number }[];
  readonly limit?: number | undefined;
}

const width = 960;
const height = 160;
const margin = { top: 12, right: 8, bottom: 24, left: 72 } as const;
const dayMs = 86_400_000;
/** A limit far above all that was used would flatten the bars; then it is said in words alone. */
const limitTimesMax = 4;

export function DailyChart({ title, description, from, to, counts, limit }: DailyChartProps): ReactNode {
  const days = daysOf(from, to);
  const sums = new Map<string, number>();
  for (const { day, count } of counts) sums.set(day, (sums.get(day) ?? 0) + count);
  const most = Math.max(1, ...sums.values());
  const isLimitShown = limit !== undefined && limit <= most * limitTimesMax;
  const x = scaleBand(days, [margin.left, width - margin.right]).padding(0.25);
  const y = scaleLinear([0, isLimitShown ? Math.max(most, limit) : most], [height - margin.bottom, margin.top]).nice(4);
  const rows = days.map((day) => ({ day, count: sums.get(day) ?? 0 }));
  return (
    <Chart
      title={title}
      description={description}
      width={width}
      height={height}
      table={<Days title={title} rows={rows} />}
    >
      {y.ticks(4).map((tick) => (
        <g key={tick}>
          <line className={styles.grid} x1={margin.left} x2={width - margin.right} y1={y(tick)} y2={y(tick)} />
          <text className={styles.tick} x={margin.left - 8} y={y(tick) + 4} textAnchor="end">
            {numberInWords(tick)}
          </text>
        </g>
      ))}
      {rows.map(({ day, count }) => (
        <rect
          key={day}
          className={styles.bar}
          x={x(day) ?? 0}
          width={x.bandwidth()}
          y={y(count)}
          height={Math.max(0, y(0) - y(count))}
        >
          <title>{`${dayInWords(Date.parse(day))}: ${numberInWords(count)}`}</title>
        </rect>
      ))}
      {isLimitShown ? (
        <>
          <line className={styles.limit} x1={margin.left} x2={width - margin.right} y1={y(limit)} y2={y(limit)} />
          <text className={styles.tick} x={width - margin.right} y={y(limit) - 4} textAnchor="end">
            {words.parts.chart.limit(numberInWords(limit))}
          </text>
        </>
      ) : null}
      {[days[0], days.at(-1)].map((day, index) => (
        <text
          key={index === 0 ? "first" : "last"}
          className={styles.tick}
          x={index === 0 ? margin.left : width - margin.right}
          y={height - 6}
          textAnchor={index === 0 ? "start" : "end"}
        >
          {day === undefined ? "" : dayInWords(Date.parse(day))}
        </text>
      ))}
    </Chart>
  );
}

function daysOf(from: string, to: string): readonly string[] {
  const [first, last] = [Date.parse(from), Date.parse(to)];
  const count = Math.min(400, Math.max(0, Math.round((last - first) / dayMs)) + 1);
  return Array.from({ length: count }, (_, at) => new Date(first + at * dayMs).toISOString().slice(0, 10));
}

interface DaysProps {
  readonly title: string;
  readonly rows: readonly { readonly day: string; readonly count: number }[];
}

function Days({ title, rows }: DaysProps): ReactNode {
  return (
    <DataTable
      caption={title}
      rows={rows}
      keyOf={({ day }) => day}
      columns={[
        {
          id: "day",
          title: words.parts.chart.day,
          cell: ({ day }) => dayInWords(Date.parse(day)),
          value: ({ day }) => day,
        },
        {
          id: "count",
          title: words.parts.chart.count,
          cell: ({ count }) => numberInWords(count),
          value: ({ count }) => count,
          align: "end",
        },
      ]}
      save={{ name: "days" }}
    />
  );
}
