// Shares with their intervals under each other: one row a part, a mark at the estimate, a line from bound to bound, on one scale.
import { scaleLinear } from "d3-scale";
import type { ReactNode } from "react";
import { percentInWords } from "../words/format.ts";
import { Chart } from "./chart.tsx";
import styles from "./forest.module.css";

export interface ForestRow {
  readonly name: string;
  readonly estimate: number;
  readonly lower: number;
  readonly upper: number;
  /** What stands behind it: "3 of 200". */
  readonly counts: string;
  /** A share of this row alone that it is held against. */
  readonly limit?: number | undefined;
  /** Drawn hollow, as the page says what that means. */
  readonly isHollow?: boolean | undefined;
}

export interface ForestProps {
  readonly title: string;
  readonly description: string;
  readonly rows: readonly ForestRow[];
  /** A rate to be compared with, drawn through all rows. */
  readonly mark?: { readonly at: number; readonly name: string } | undefined;
  readonly table: ReactNode;
}

const width = 760;
const nameWidth = 210;
const countsWidth = 110;
const rowHeight = 26;
const axisHeight = 34;
const nameChars = 28;

export function Forest({ title, description, rows, mark, table }: ForestProps): ReactNode {
  const most = Math.max(mark?.at ?? 0, ...rows.map(({ upper, limit = 0 }) => Math.max(upper, limit)));
  const scale = scaleLinear([0, Math.min(1, most === 0 ? 0.01 : most)], [nameWidth, width - countsWidth]).nice(5);
  const height = rows.length * rowHeight + axisHeight;
  const floor = rows.length * rowHeight;
  return (
    <Chart title={title} description={description} width={width} height={height} table={table}>
      {scale.ticks(5).map((tick) => (
        <g key={tick}>
          <line className={styles.grid} x1={scale(tick)} x2={scale(tick)} y1={0} y2={floor} />
          <text className={styles.tick} x={scale(tick)} y={floor + 18} textAnchor="middle">
            {percentInWords(tick)}
          </text>
        </g>
      ))}
      {rows.map((row, at) => (
        <g key={row.name} transform={`translate(0 ${at * rowHeight + rowHeight / 2})`}>
          <text className={styles.name} x={0} dy="0.35em">
            {row.name.length > nameChars ? `${row.name.slice(0, nameChars - 1)}…` : row.name}
            <title>{row.name}</title>
          </text>
          <line className={styles.interval} x1={scale(row.lower)} x2={scale(row.upper)} />
          <line className={styles.interval} x1={scale(row.lower)} x2={scale(row.lower)} y1={-4} y2={4} />
          <line className={styles.interval} x1={scale(row.upper)} x2={scale(row.upper)} y1={-4} y2={4} />
          {row.limit === undefined ? null : (
            <line className={styles.mark} x1={scale(row.limit)} x2={scale(row.limit)} y1={-10} y2={10} />
          )}
          <rect
            className={row.isHollow === true ? styles.hollow : styles.estimate}
            x={scale(row.estimate) - 4}
            y={-4}
            width={8}
            height={8}
          />
          <text className={styles.counts} x={width} dy="0.35em" textAnchor="end">
            {row.counts}
          </text>
        </g>
      ))}
      {mark === undefined ? null : (
        <line className={styles.mark} x1={scale(mark.at)} x2={scale(mark.at)} y1={0} y2={floor}>
          <title>{mark.name}</title>
        </line>
      )}
    </Chart>
  );
}
