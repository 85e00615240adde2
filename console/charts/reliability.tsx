// A reliability diagram: of what scores so much, how much was harmful. On the diagonal a score is a probability; the size of a point
// says of how many texts it speaks.
import { scaleLinear } from "d3-scale";
import type { ReactNode } from "react";
import { percentInWords } from "../words/format.ts";
import { Chart } from "./chart.tsx";
import styles from "./reliability.module.css";

export interface ReliabilityBin {
  readonly score: number;
  readonly share: number;
  readonly lower: number;
  readonly upper: number;
  readonly of: number;
}

export interface ReliabilityProps {
  readonly title: string;
  readonly description: string;
  readonly bins: readonly ReliabilityBin[];
  readonly across: string;
  readonly up: string;
  readonly table: ReactNode;
}

const [width, height] = [490, 350] as const;
const [left, right, top, bottom] = [56, 478, 10, 300] as const;
const ticks = [0, 0.25, 0.5, 0.75, 1] as const;

export function Reliability({ title, description, bins, across, up, table }: ReliabilityProps): ReactNode {
  const x = scaleLinear([0, 1], [left, right]);
  const y = scaleLinear([0, 1], [bottom, top]);
  const most = Math.max(1, ...bins.map(({ of }) => of));
  return (
    <Chart title={title} description={description} width={width} height={height} table={table} isHalf>
      {ticks.map((tick) => (
        <g key={tick}>
          <line className={styles.grid} x1={left} x2={right} y1={y(tick)} y2={y(tick)} />
          <text className={styles.tick} x={left - 6} y={y(tick) + 4} textAnchor="end">
            {percentInWords(tick)}
          </text>
          <text className={styles.tick} x={x(tick)} y={bottom + 18} textAnchor={tick === 1 ? "end" : "middle"}>
            {tick}
          </text>
        </g>
      ))}
      <text className={styles.tick} x={(left + right) / 2} y={bottom + 38} textAnchor="middle">
        {across}
      </text>
      <text className={styles.tick} transform={`translate(12 ${(top + bottom) / 2}) rotate(-90)`} textAnchor="middle">
        {up}
      </text>
      <line className={styles.same} x1={x(0)} x2={x(1)} y1={y(0)} y2={y(1)} />
      {bins.map(({ score, share, lower, upper, of }) => (
        <g key={score}>
          <line className={styles.bar} x1={x(score)} x2={x(score)} y1={y(lower)} y2={y(upper)} />
          <circle className={styles.bin} cx={x(score)} cy={y(share)} r={2.5 + 5 * Math.sqrt(of / most)} />
        </g>
      ))}
    </Chart>
  );
}
