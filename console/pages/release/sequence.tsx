// One live measure as it came to be: over exchanges, a stretch for each step up or down, with its band, its limit, and what began each.
import { type ScaleLinear, scaleLinear } from "d3-scale";
import { area, line } from "d3-shape";
import type { ReactNode } from "react";
import type { SeriesView } from "../../../src/control/contract-canary.ts";
import { Chart } from "../../charts/chart.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { momentInWords, numberInWords, percentInWords } from "../../words/format.ts";
import { words } from "../../words/words.ts";
import styles from "./release.module.css";

type Series = NonNullable<SeriesView["series"]>;
type Period = Series["periods"][number];
type Point = Period["measures"][number]["points"][number];

const said = words.release.canary;
const [width, height] = [920, 332] as const;
const [left, right, top, bottom] = [64, 900, 72, 284] as const;
/** The axis ends at so many times the limit, or where a rate or the last band of a step does: a band that began wider is cut off. */
const limitsShown = 4;

interface Stretch {
  readonly period: Period;
  readonly points: readonly Point[];
  /** Exchanges before it began. */
  readonly offset: number;
}

export function Sequence({ series, id }: { readonly series: Series; readonly id: string }): ReactNode {
  const stretches = stretchesOf(series, id);
  const limit = series.periods.at(-1)?.measures.find((one) => one.id === id)?.limit;
  const points = stretches.flatMap((one) => one.points);
  if (limit === undefined) return null;
  if (points.length === 0) return <p className={styles.soft}>{said.noPoints}</p>;
  const total = stretches.reduce((sum, { points: of }) => sum + (of.at(-1)?.exchanges ?? 0), 0);
  const ends = stretches.flatMap(({ points: of }) => of.at(-1)?.upper ?? []);
  const most = Math.min(1, 1.05 * Math.max(limit * limitsShown, ...points.map(({ rate }) => rate ?? 0), ...ends));
  const x = scaleLinear()
    .domain([0, Math.max(1, total)])
    .range([left, right]);
  const y = scaleLinear().domain([0, most]).range([bottom, top]).clamp(true);
  return (
    <Chart
      title={said.chart(id)}
      description={said.chartText(limit, series.periods.length)}
      width={width}
      height={height}
      table={<PointTable stretches={stretches} id={id} />}
    >
      {y.ticks(4).map((tick) => (
        <g key={tick}>
          <line className={styles.grid} x1={left} x2={right} y1={y(tick)} y2={y(tick)} />
          <text className={styles.tickText} x={left - 8} y={y(tick) + 4} textAnchor="end">
            {percentInWords(tick)}
          </text>
        </g>
      ))}
      {x.ticks(6).map((tick) => (
        <text key={tick} className={styles.tickText} x={x(tick)} y={bottom + 18} textAnchor="middle">
          {numberInWords(tick)}
        </text>
      ))}
      <text className={styles.tickText} x={(left + right) / 2} y={bottom + 38} textAnchor="middle">
        {said.axis}
      </text>
      {stretches.map((stretch, index) => (
        <StretchShapes key={stretch.period.entry} stretch={stretch} level={index % 2} x={x} y={y} />
      ))}
      <line className={styles.limitLine} x1={left} x2={right} y1={y(limit)} y2={y(limit)} />
    </Chart>
  );
}

function stretchesOf({ periods }: Series, id: string): readonly Stretch[] {
  let offset = 0;
  return periods.map((period) => {
    const points = period.measures.find((one) => one.id === id)?.points ?? [];
    const stretch = { period, points, offset };
    offset += points.at(-1)?.exchanges ?? 0;
    return stretch;
  });
}

interface ShapesProps {
  readonly stretch: Stretch;
  /** What stands above it is set in two levels in turn: steps may come soon after one another. */
  readonly level: number;
  readonly x: ScaleLinear<number, number>;
  readonly y: ScaleLinear<number, number>;
}

function StretchShapes({ stretch: { period, points, offset }, level, x, y }: ShapesProps): ReactNode {
  const at = ({ exchanges }: Point): number => x(offset + exchanges);
  const band = area<Point>()
    .x(at)
    .y0(({ lower }) => y(lower))
    .y1(({ upper }) => y(upper));
  const rate = line<Point>()
    .defined((point) => point.rate !== null)
    .x(at)
    .y((point) => y(point.rate ?? 0));
  const isLate = x(offset) > left + 0.7 * (right - left);
  const place = { x: x(offset) + (isLate ? -5 : 5), textAnchor: isLate ? "end" : "start" } as const;
  const began = period.cause === null ? said.began[period.by] : `${said.began[period.by]}: ${period.cause}`;
  return (
    <g>
      <line
        className={period.by === "watch" ? styles.stepBack : styles.step}
        x1={x(offset)}
        x2={x(offset)}
        y1={top - 14 - 32 * level}
        y2={bottom}
      />
      <text className={styles.tickText} {...place} y={top - 20 - 32 * level}>
        {said.step(period.step, period.open)}
      </text>
      <text className={styles.tickText} {...place} y={top - 6 - 32 * level}>
        {began}
      </text>
      <path className={styles.band} d={band([...points]) ?? ""} />
      <path className={styles.rate} d={rate([...points]) ?? ""} />
      {points.length === 1
        ? points.map((point) => (
            <circle key={point.at} className={styles.dot} cx={at(point)} cy={y(point.rate ?? 0)} r="3" />
          ))
        : null}
    </g>
  );
}

type TableRow = Point & { readonly step: number; readonly key: string };

function PointTable({ stretches, id }: { readonly stretches: readonly Stretch[]; readonly id: string }): ReactNode {
  const rows = stretches.flatMap(({ period, points }) =>
    points.map((point): TableRow => ({ ...point, step: period.step, key: `${period.entry} ${point.exchanges}` })),
  );
  return (
    <DataTable
      caption={said.chart(id)}
      columns={columns}
      rows={rows}
      keyOf={({ key }) => key}
      save={{ name: `canary-${id}` }}
    />
  );
}

const head = said.table;
const columns: readonly Column<TableRow>[] = (
  [
    ["step", ({ step }: TableRow): string => numberInWords(step)],
    ["at", ({ at }: TableRow): string => momentInWords(Date.parse(at))],
    ["exchanges", ({ exchanges }: TableRow): string => numberInWords(exchanges)],
    ["bad", ({ bad }: TableRow): string => numberInWords(bad)],
    ["unknown", ({ unknown }: TableRow): string => numberInWords(unknown)],
    ["rate", ({ rate }: TableRow): string => (rate === null ? words.parts.none : percentInWords(rate))],
    ["lower", ({ lower }: TableRow): string => percentInWords(lower)],
    ["upper", ({ upper }: TableRow): string => percentInWords(upper)],
  ] as const
).map(([id, text]): Column<TableRow> => ({ id, title: head[id], cell: text, value: text, align: "end" }));
