// What both charts of a quarter of an hour share: axes in minutes and in a unit, and the vertical marks of the ledger.
import { scaleLinear } from "d3-scale";
import type { ReactNode } from "react";
import { numberInWords } from "../../words/format.ts";
import { words } from "../../words/words.ts";
import styles from "./live.module.css";
import type { Marked } from "./marks.ts";
import type { Window } from "./windows.ts";

export const size = { width: 960, height: 260, left: 76, right: 12, top: 22, bottom: 28 } as const;

export interface Scales {
  readonly x: (second: number) => number;
  readonly y: (value: number) => number;
}

interface AxesProps {
  readonly windows: readonly Window[];
  readonly most: number;
  readonly unit: (value: number) => string;
  readonly marks: readonly Marked[];
}

export function scalesFor({ windows, most }: Pick<AxesProps, "windows" | "most">): Scales {
  const [first, last] = [windows[0]?.from ?? 0, windows.at(-1)?.from ?? 1];
  const x = scaleLinear([first, last + 5], [size.left, size.width - size.right]);
  const y = scaleLinear([0, most === 0 ? 1 : most], [size.height - size.bottom, size.top]).nice(4);
  return { x, y };
}

const minutes = [15, 12, 9, 6, 3, 0] as const;

export function Axes({ windows, most, unit, marks }: AxesProps): ReactNode {
  const { x, y } = scalesFor({ windows, most });
  const end = (windows.at(-1)?.from ?? 0) + 5;
  const bottom = size.height - size.bottom;
  const ticks = scaleLinear([0, most === 0 ? 1 : most], [0, 1])
    .nice(4)
    .ticks(4);
  return (
    <>
      {ticks.map((value) => (
        <g key={value}>
          <line className={styles.grid} x1={size.left} x2={size.width - size.right} y1={y(value)} y2={y(value)} />
          <text x={size.left - 6} y={y(value) + 4} textAnchor="end">
            {unit(value)}
          </text>
        </g>
      ))}
      {minutes.map((ago) => (
        <text
          key={ago}
          x={Math.max(size.left, x(end - ago * 60))}
          y={bottom + 18}
          textAnchor={ago === 15 ? "start" : ago === 0 ? "end" : "middle"}
        >
          {ago === 0 ? words.live.now : words.live.minutesAgo(numberInWords(ago))}
        </text>
      ))}
      {groupsOf(marks, x).map(({ letters, place }) => {
        return (
          <g key={letters}>
            <line className={styles.mark} x1={place} x2={place} y1={size.top - 4} y2={bottom} />
            <text className={styles.letter} x={place} y={size.top - 8} textAnchor="middle">
              {letters}
            </text>
          </g>
        );
      })}
    </>
  );
}

interface Group {
  readonly letters: string;
  readonly place: number;
}

/** Marks that would lie on one another are one: "A–D". */
function groupsOf(marks: readonly Marked[], x: Scales["x"]): readonly Group[] {
  const groups: { first: string; last: string; place: number }[] = [];
  for (const { letter, at } of marks) {
    const place = x(Date.parse(at) / 1_000);
    const before = groups.at(-1);
    if (place < size.left || place > size.width - size.right) continue;
    if (before !== undefined && place - before.place < nearUnits) before.last = letter;
    else groups.push({ first: letter, last: letter, place });
  }
  return groups.map(({ first, last, place }) => ({ letters: first === last ? first : `${first}–${last}`, place }));
}

const nearUnits = 26;
