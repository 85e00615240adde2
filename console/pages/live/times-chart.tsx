// Latency and time to the first token: lines of percentiles by window, told apart by their dashes and a word at their end.
import type { ReactNode } from "react";
import { Chart } from "../../charts/chart.tsx";
import { DataTable } from "../../parts/data-table.tsx";
import { Time } from "../../parts/time.tsx";
import { durationInWords } from "../../words/format.ts";
import { words } from "../../words/words.ts";
import styles from "./live.module.css";
import type { Marked } from "./marks.ts";
import { Axes, scalesFor, size } from "./time-chart.tsx";
import { type Window, percentile, together, windowSeconds } from "./windows.ts";

const said = words.live.times;

const lines = [
  { id: "p50", of: "latency", part: 0.5 },
  { id: "p95", of: "latency", part: 0.95 },
  { id: "p99", of: "latency", part: 0.99 },
  { id: "first", of: "firstToken", part: 0.5 },
  { id: "firstMost", of: "firstToken", part: 0.95 },
] as const;
type Line = (typeof lines)[number];

interface TimesProps {
  readonly windows: readonly Window[];
  readonly marks: readonly Marked[];
}

export function TimesChart({ windows, marks }: TimesProps): ReactNode {
  const drawn = lines.map((line) => ({ line, points: pointsOf(windows, line) }));
  const most = Math.max(0, ...drawn.flatMap(({ points }) => points.map(({ ms }) => ms)));
  const { x, y } = scalesFor({ windows, most });
  const all = together(windows, "latency");
  return (
    <>
      <Chart
        title={said.title}
        description={said.description(percentile(all, 0.5), percentile(all, 0.99))}
        width={size.width}
        height={size.height}
        table={<TimesTable windows={windows} />}
      >
        <Axes windows={windows} most={most} unit={(ms) => durationInWords(ms)} marks={marks} />
        {drawn.map(({ line, points }) => (
          <g key={line.id} className={styles[line.id]}>
            <path
              className={styles.line}
              d={runsOf(points)
                .map((run) => `M${run.map(({ from, ms }) => `${x(from + windowSeconds / 2)} ${y(ms)}`).join("L")}`)
                .join("")}
            />
            {points.map(({ from, ms }) => (
              <circle key={from} cx={x(from + windowSeconds / 2)} cy={y(ms)} r="2" />
            ))}
          </g>
        ))}
      </Chart>
      <ul className={styles.legend}>
        {drawn.map(({ line, points }) =>
          points.length === 0 ? null : (
            <li key={line.id}>
              <svg viewBox="0 0 24 12" className={`${styles.wideKey} ${styles[line.id]}`} aria-hidden="true">
                <path className={styles.line} d="M0 6L24 6" />
              </svg>
              {said[line.id]}: {durationInWords(percentile(together(windows, line.of), line.part) ?? 0)}
            </li>
          ),
        )}
      </ul>
    </>
  );
}

interface Point {
  readonly from: number;
  readonly ms: number;
}

function pointsOf(windows: readonly Window[], { of, part }: Line): readonly Point[] {
  return windows.flatMap((window) => {
    const ms = percentile(window[of], part);
    return ms === undefined ? [] : [{ from: window.from, ms }];
  });
}

/** A line is drawn only from one window to the next: nothing is known of what lies between others. */
function runsOf(points: readonly Point[]): readonly (readonly Point[])[] {
  const runs: Point[][] = [];
  for (const point of points) {
    const last = runs.at(-1);
    if (last !== undefined && last.at(-1)?.from === point.from - windowSeconds) last.push(point);
    else runs.push([point]);
  }
  return runs;
}

function TimesTable({ windows }: Pick<TimesProps, "windows">): ReactNode {
  return (
    <DataTable
      caption={said.table}
      rows={windows.filter(({ total }) => total > 0).toReversed()}
      keyOf={({ from }) => String(from)}
      save={{ name: "latency" }}
      empty={<p className={styles.quiet}>{words.live.decisions.empty}</p>}
      columns={[
        {
          id: "from",
          title: words.live.decisions.at,
          value: ({ from }) => new Date(from * 1_000).toISOString(),
          cell: ({ from }) => <Time at={from * 1_000} as="moment" />,
        },
        ...lines.map(({ id, of, part }) => ({
          id,
          title: said[id],
          align: "end" as const,
          value: (window: Window) => percentile(window[of], part) ?? null,
          cell: (window: Window) => {
            const ms = percentile(window[of], part);
            return ms === undefined ? words.parts.none : durationInWords(ms);
          },
        })),
      ]}
    />
  );
}
