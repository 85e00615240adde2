// Figures one below the other, each with its interval: a forest plot, with a target where there is one.
import type { Interval } from "../statistics/counts.ts";
import { percent } from "../statistics/share.ts";
import { circle, drawn, seriesClass, straight, words } from "./svg.ts";

export interface Row extends Interval {
  readonly name: string;
  /** Between 0 and 1, as is the interval. */
  readonly estimate: number;
  /** What stands behind it, such as `40 of 325`. */
  readonly behind: string;
  /** Which colour it has; those of one kind have the same. */
  readonly kind: number;
  readonly target?: number;
}

export interface Rows {
  readonly title: string;
  /** What the axis shows. */
  readonly axis: string;
  /** What each kind is, in their order. */
  readonly kinds: readonly string[];
  readonly groups: readonly { readonly name: string; readonly rows: readonly Row[] }[];
  /** Where the axis ends, where all that is drawn is well below 1. */
  readonly to?: number;
}

const width = 860;
const [left, right, top] = [270, 200, 22] as const;
const rowHeight = 20;
const groupHeight = 28;

export function plotOfRows({ title, axis, kinds, groups, to = 1 }: Rows): string {
  const shapes: string[] = [];
  let y = top;
  for (const { name, rows } of groups) {
    shapes.push(words(name, { x: 12, y: y + 14 }, { isStrong: true }));
    y += groupHeight;
    for (const row of rows) {
      shapes.push(...rowShapes(row, y, to));
      y += rowHeight;
    }
  }
  const legend = kinds.flatMap((kind, at) => {
    const place = { x: left + at * 200, y: y + 58 };
    return [circle(place, 4, `point ${seriesClass(at)}`), words(kind, { x: place.x + 10, y: place.y + 4 })];
  });
  const height = y + 58 + (kinds.length > 0 ? 20 : 0);
  return drawn({ width, height, title, description: described(groups) }, [...grid(y, axis, to), ...shapes, ...legend]);
}

function xOf(part: number): number {
  return left + part * (width - left - right);
}

function grid(end: number, axis: string, to: number): readonly string[] {
  const ticks = [0, 0.25, 0.5, 0.75, 1].flatMap((part) => [
    straight({ x: xOf(part), y: top }, { x: xOf(part), y: end }, "faint"),
    words(percent(part * to), { x: xOf(part), y: end + 16 }, { anchor: "middle" }),
  ]);
  return [...ticks, words(axis, { x: xOf(0.5), y: end + 34 }, { anchor: "middle" })];
}

function rowShapes(
  { name, estimate, lower, upper, behind, kind, target }: Row,
  y: number,
  to: number,
): readonly string[] {
  const at = y + rowHeight / 2;
  const x = (share: number): number => xOf(Math.min(1, share / to));
  const figures = `${percent(estimate)} · ${behind}`;
  return [
    words(name, { x: left - 10, y: at + 4 }, { anchor: "end" }),
    straight({ x: x(lower), y: at }, { x: x(upper), y: at }, `bar ${seriesClass(kind)}`),
    circle({ x: x(estimate), y: at }, 4, `point ${seriesClass(kind)}`),
    ...(target === undefined ? [] : [straight({ x: x(target), y: at - 8 }, { x: x(target), y: at + 8 }, "now")]),
    words(figures, { x: width - right + 12, y: at + 4 }),
  ];
}

function described(groups: Rows["groups"]): string {
  return groups.map(({ name, rows }) => `${name}: ${rows.map(rowText).join("; ")}.`).join(" ");
}

function rowText({ name, estimate, lower, upper, behind, target }: Row): string {
  const wanted = target === undefined ? "" : `, target ${percent(target)}`;
  return `${name} ${percent(estimate)} (${percent(lower)} to ${percent(upper)}; ${behind}${wanted})`;
}
