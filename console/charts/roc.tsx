// Operating curves: what is found of harmful texts against what is refused of harmless ones, these by their logarithm, since what matters
// lies below one in a hundred. Each curve has a letter at its end and a point at what is in force, with its intervals.
import { scaleLinear, scaleLog } from "d3-scale";
import { line } from "d3-shape";
import type { ReactNode } from "react";
import { percentInWords } from "../words/format.ts";
import { Chart } from "./chart.tsx";
import { classes } from "../parts/classes.ts";
import styles from "./roc.module.css";

interface Side {
  readonly share: number;
  readonly lower: number;
  readonly upper: number;
}

export interface RocPoint {
  readonly caught: Side;
  readonly refused: Side;
}

export interface RocCurve {
  readonly letter: string;
  readonly name: string;
  /** How it is drawn. */
  readonly tone: "solid" | "dashed" | "dotted" | "faint";
  readonly points: readonly RocPoint[];
  /** What is in force. */
  readonly now: RocPoint | undefined;
}

export interface RocProps {
  readonly title: string;
  readonly description: string;
  readonly curves: readonly RocCurve[];
  readonly across: string;
  readonly up: string;
  readonly table: ReactNode;
}

const [width, height] = [490, 350] as const;
const [left, right, top, bottom] = [56, 466, 10, 300] as const;
/** What was refused of nobody is drawn at the left end. */
const refusedMin = 0.0001;
const letterUnits = 14;

export function Roc({ title, description, curves, across, up, table }: RocProps): ReactNode {
  const x = scaleLog([refusedMin, 1], [left, right]).clamp(true);
  const y = scaleLinear([0, 1], [bottom, top]);
  const drawn = line<RocPoint>()
    .x(({ refused }) => x(Math.max(refusedMin, refused.share)))
    .y(({ caught }) => y(caught.share));
  const ends = endsOf(curves, (point) => ({
    x: x(Math.max(refusedMin, point.refused.share)),
    y: y(point.caught.share),
  }));
  return (
    <Chart title={title} description={description} width={width} height={height} table={table} isHalf>
      <Axes x={x} y={y} across={across} up={up} />
      {curves.map(({ letter, tone, points }) => (
        <path key={letter} className={classes(styles.curve, styles[tone])} d={drawn([...points]) ?? ""} />
      ))}
      {curves.map(({ letter, tone, now }) =>
        now === undefined ? null : (
          <g key={letter} className={styles[tone]}>
            <line
              className={styles.bar}
              x1={x(Math.max(refusedMin, now.refused.lower))}
              x2={x(Math.max(refusedMin, now.refused.upper))}
              y1={y(now.caught.share)}
              y2={y(now.caught.share)}
            />
            <line
              className={styles.bar}
              x1={x(Math.max(refusedMin, now.refused.share))}
              x2={x(Math.max(refusedMin, now.refused.share))}
              y1={y(now.caught.lower)}
              y2={y(now.caught.upper)}
            />
            <circle
              className={styles.now}
              cx={x(Math.max(refusedMin, now.refused.share))}
              cy={y(now.caught.share)}
              r={4.5}
            />
          </g>
        ),
      )}
      {ends.map(({ letter, x: at, y: height_ }) => (
        <text key={letter} className={styles.letter} x={at + 5} y={height_ + 4}>
          {letter}
        </text>
      ))}
    </Chart>
  );
}

interface AxesProps extends Pick<RocProps, "across" | "up"> {
  readonly x: (share: number) => number;
  readonly y: (share: number) => number;
}

function Axes({ x, y, across, up }: AxesProps): ReactNode {
  return (
    <>
      {[0, 0.25, 0.5, 0.75, 1].map((tick) => (
        <g key={tick}>
          <line className={styles.grid} x1={left} x2={right} y1={y(tick)} y2={y(tick)} />
          <text className={styles.tick} x={left - 6} y={y(tick) + 4} textAnchor="end">
            {percentInWords(tick)}
          </text>
        </g>
      ))}
      {[refusedMin, 0.001, 0.01, 0.1, 1].map((tick) => (
        <g key={tick}>
          <line className={styles.grid} x1={x(tick)} x2={x(tick)} y1={top} y2={bottom} />
          <text className={styles.tick} x={x(tick)} y={bottom + 18} textAnchor={tick === 1 ? "end" : "middle"}>
            {percentInWords(tick)}
          </text>
        </g>
      ))}
      <text className={styles.tick} x={(left + right) / 2} y={bottom + 38} textAnchor="middle">
        {across}
      </text>
      <text className={styles.tick} transform={`translate(12 ${(top + bottom) / 2}) rotate(-90)`} textAnchor="middle">
        {up}
      </text>
    </>
  );
}

/** Letters stand beside the last point, and under each other where they would lie on one another. */
function endsOf(
  curves: readonly RocCurve[],
  placeOf: (point: RocPoint) => { readonly x: number; readonly y: number },
): readonly { readonly letter: string; readonly x: number; readonly y: number }[] {
  const placed: { letter: string; x: number; y: number }[] = [];
  const all = curves.flatMap(({ letter, points }) => {
    const last = points.at(-1);
    return last === undefined ? [] : [{ letter, ...placeOf(last) }];
  });
  for (const one of all.toSorted((first, second) => first.y - second.y)) {
    const near = placed.filter(({ x }) => Math.abs(x - one.x) < letterUnits);
    const lowest = Math.max(-Infinity, ...near.map(({ y }) => y));
    placed.push({ ...one, y: Math.max(one.y, lowest + letterUnits) });
  }
  return placed;
}

/** How a curve is drawn, beside its name. */
export function RocKey({ tone }: Pick<RocCurve, "tone">): ReactNode {
  return (
    <svg className={styles.key} viewBox="0 0 28 10" aria-hidden="true">
      <line className={classes(styles.curve, styles[tone])} x1={1} x2={27} y1={5} y2={5} />
    </svg>
  );
}
