// The gate as a forest plot: a row a rate, led by its sentence; estimate, bounds, limit and n; verdict by word, shape and colour.
import { scaleLinear } from "d3-scale";
import type { ReactNode } from "react";
import { Chart } from "../../charts/chart.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Verdict, VerdictMark } from "../../parts/verdict.tsx";
import { numberInWords, percentInWords } from "../../words/format.ts";
import { type Measured, limitOf, nameOf, sentencesOf } from "../../words/measures.ts";
import { words } from "../../words/words.ts";
import styles from "./release.module.css";

const said = words.release.gate.forest;
const width = 820;
const [left, right, top, rowHeight, foot] = [110, 660, 12, 92, 48] as const;

/** Round ends of the axis: rates near zero are what is decided about. */
const ends = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1] as const;

export function Forest({ measures }: { readonly measures: readonly Measured[] }): ReactNode {
  if (measures.length === 0) return null;
  const most = Math.max(...measures.flatMap(({ upper, limit }) => [upper, limit]));
  const end = ends.find((one) => one > most) ?? 1;
  const x = scaleLinear().domain([0, end]).range([left, right]);
  const bottom = top + measures.length * rowHeight;
  return (
    <Chart
      title={said.title}
      description={said.description(measures.length)}
      width={width}
      height={bottom + foot}
      table={
        <DataTable
          caption={said.caption}
          columns={columns}
          rows={measures}
          keyOf={({ requirement }) => requirement.id}
        />
      }
    >
      {x.ticks(5).map((tick) => (
        <g key={tick}>
          <text className={styles.tickText} x={x(tick)} y={bottom + 18} textAnchor="middle">
            {percentInWords(tick)}
          </text>
        </g>
      ))}
      <text className={styles.tickText} x={(left + right) / 2} y={bottom + 38} textAnchor="middle">
        {said.axis}
      </text>
      {measures.map((measured, index) => (
        <Row key={measured.requirement.id} measured={measured} y={top + index * rowHeight} x={x} ticks={x.ticks(5)} />
      ))}
    </Chart>
  );
}

interface RowProps {
  readonly measured: Measured;
  readonly y: number;
  readonly x: (rate: number) => number;
  readonly ticks: readonly number[];
}

const classOf = { pass: styles.pass, fail: styles.fail, inconclusive: styles.open, "not-asked": styles.none } as const;

function Row({ measured, y, x, ticks }: RowProps): ReactNode {
  const { requirement, estimate, lower, upper, limit, trials } = measured;
  const line = y + 58;
  const [counted, bounded] = sentencesOf(measured);
  const word = words.release.gate.verdictWord[requirement.verdict];
  return (
    <g>
      {ticks.map((tick) => (
        <line key={tick} className={styles.grid} x1={x(tick)} x2={x(tick)} y1={line - 18} y2={line + 22} />
      ))}
      <g className={classOf[requirement.verdict]}>
        <svg x="0" y={y} width="16" height="16" viewBox="0 0 16 16">
          <VerdictMark value={requirement.verdict} />
        </svg>
        <text className={styles.word} x="22" y={y + 13} fill="currentColor">
          {word}
        </text>
        <line className={styles.interval} x1={x(lower)} x2={x(upper)} y1={line} y2={line} />
        <line className={styles.interval} x1={x(lower)} x2={x(lower)} y1={line - 5} y2={line + 5} />
        <line className={styles.interval} x1={x(upper)} x2={x(upper)} y1={line - 5} y2={line + 5} />
        <svg x={x(estimate) - 6} y={line - 6} width="12" height="12" viewBox="0 0 16 16">
          <VerdictMark value={requirement.verdict} />
        </svg>
      </g>
      <text className={styles.sentence} y={y + 13}>
        <tspan x="110">{counted}</tspan>
        <tspan x="110" dy="17">
          {bounded}
        </tspan>
      </text>
      <text className={styles.label} x="0" y={line + 4}>
        {requirement.id}
      </text>
      <line className={styles.limit} x1={x(limit)} x2={x(limit)} y1={line - 14} y2={line + 14} />
      <text className={styles.tickText} x={right + 16} y={line - 2}>
        {said.figures(percentInWords(estimate), numberInWords(trials))}
      </text>
      <text className={styles.tickText} x={right + 16} y={line + 14}>
        {said.limit(limitOf(measured))}
      </text>
    </g>
  );
}

const head = said.head;
const columns: readonly Column<Measured>[] = [
  {
    id: "measure",
    title: head.measure,
    cell: ({ requirement }) => nameOf(requirement),
    value: ({ requirement }) => nameOf(requirement),
  },
  {
    id: "outcome",
    title: head.outcome,
    cell: ({ requirement: { verdict } }) => <Verdict value={verdict} word={words.release.gate.verdictWord[verdict]} />,
    value: ({ requirement }) => requirement.verdict,
  },
  ...(
    [
      ["failed", ({ failures, trials }: Measured): string => `${numberInWords(failures)} of ${numberInWords(trials)}`],
      ["unknown", ({ unknown }: Measured): string => numberInWords(unknown)],
      ["rate", ({ estimate }: Measured): string => percentInWords(estimate)],
      ["lower", ({ lower }: Measured): string => percentInWords(lower)],
      ["upper", ({ upper }: Measured): string => percentInWords(upper)],
      ["limit", (measured: Measured): string => limitOf(measured)],
      ["confidence", ({ confidence }: Measured): string => percentInWords(confidence)],
    ] as const
  ).map(([id, text]): Column<Measured> => ({ id, title: head[id], cell: text, value: text, align: "end" })),
];
