// The gate as a forest plot: a row a rate, led by its sentence; estimate, bounds, limit and n; verdict by word, shape and colour. Places
// are shares of the width, so that texts keep their size on a narrow screen.
import { scaleLinear } from "d3-scale";
import type { ReactNode } from "react";
import { ChartFrame } from "../../charts/chart.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Verdict, VerdictMark } from "../../parts/verdict.tsx";
import { numberInWords, percentInWords } from "../../words/format.ts";
import { type Measured, limitOf, measureInWords, nameOf } from "../../words/measures.ts";
import { words } from "../../words/words.ts";
import styles from "./forest.module.css";

const said = words.release.gate.forest;

/** Per cents of the width, with room for half a figure at each end. */
const [left, right] = [4, 96] as const;
const [stripHeight, line] = [44, 22] as const;

/** Round ends of the axis: rates near zero are what is decided about. */
const ends = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1] as const;

export function Forest({ measures }: { readonly measures: readonly Measured[] }): ReactNode {
  if (measures.length === 0) return null;
  const most = Math.max(...measures.flatMap(({ upper, limit }) => [upper, limit]));
  const end = ends.find((one) => one > most) ?? 1;
  const scale = scaleLinear().domain([0, end]).range([left, right]);
  const ticks = scale.ticks(5);
  const x = (rate: number): string => `${scale(rate)}%`;
  return (
    <ChartFrame
      title={said.title}
      description={said.description(measures.length)}
      isFluid
      table={
        <DataTable
          caption={said.caption}
          columns={columns}
          rows={measures}
          keyOf={({ requirement }) => requirement.id}
        />
      }
    >
      {() => (
        <ol className={styles.rows}>
          {measures.map((measured) => (
            <Row key={measured.requirement.id} measured={measured} x={x} ticks={ticks} />
          ))}
          <li className={styles.axis} aria-hidden="true">
            <svg className={styles.strip} width="100%" height="20">
              {ticks.map((tick) => (
                <text key={tick} className={styles.tick} x={x(tick)} y="14" textAnchor="middle">
                  {percentInWords(tick)}
                </text>
              ))}
            </svg>
          </li>
        </ol>
      )}
    </ChartFrame>
  );
}

interface RowProps {
  readonly measured: Measured;
  readonly x: (rate: number) => string;
  readonly ticks: readonly number[];
}

const classOf = { pass: styles.pass, fail: styles.fail, inconclusive: styles.open, "not-asked": styles.none } as const;

function Row({ measured, x, ticks }: RowProps): ReactNode {
  const { requirement, estimate, lower, upper, limit, trials } = measured;
  const sentence = measureInWords(measured);
  return (
    <li className={styles.row}>
      <div className={styles.head}>
        <Verdict value={requirement.verdict} word={words.release.gate.verdictWord[requirement.verdict]} />
        <code className={styles.id}>{requirement.id}</code>
      </div>
      <p className={styles.sentence}>{sentence}</p>
      <svg className={styles.strip} width="100%" height={stripHeight} role="img" aria-label={sentence}>
        {ticks.map((tick) => (
          <line key={tick} className={styles.grid} x1={x(tick)} x2={x(tick)} y1="0" y2={stripHeight} />
        ))}
        <line className={styles.limit} x1={x(limit)} x2={x(limit)} y1="4" y2={stripHeight - 4} />
        <g className={classOf[requirement.verdict]}>
          <line className={styles.interval} x1={x(lower)} x2={x(upper)} y1={line} y2={line} />
          <line className={styles.interval} x1={x(lower)} x2={x(lower)} y1={line - 5} y2={line + 5} />
          <line className={styles.interval} x1={x(upper)} x2={x(upper)} y1={line - 5} y2={line + 5} />
          <svg className={styles.mark} x={x(estimate)} y={line} width="14" height="14" viewBox="8 8 16 16">
            <VerdictMark value={requirement.verdict} />
          </svg>
        </g>
      </svg>
      <p className={styles.figures}>
        {said.figures(percentInWords(estimate), numberInWords(trials))}
        <br />
        {said.limit(limitOf(measured))}
      </p>
    </li>
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
