// The plots of the page: how often a rate at its limit has been "proven" safe, look after look, and how often intervals miss, rate by
// rate.
import { drawn, polyline, seriesClass, straight, words, circle, type Place } from "../../src/plots/svg.ts";
import { percent } from "../../src/statistics/share.ts";
import type { FixedCoverage } from "./coverage.ts";
import { doubt, type FalsePass } from "./false-pass.ts";

const [width, height] = [760, 400] as const;
const [left, right, top] = [64, 24, 34] as const;
const lineHeight = 18;

export interface Line {
  readonly name: string;
  /** Across 0 to 1, up from 0 to `most`. */
  readonly places: readonly Place[];
}

interface Plot {
  readonly title: string;
  readonly most: number;
  readonly upTicks: readonly number[];
  /** The share that was promised, drawn as a line. */
  readonly even: number;
  readonly acrossTicks: readonly (readonly [at: number, words: string])[];
  readonly acrossWords: string;
  readonly upWords: string;
  readonly lines: readonly Line[];
  readonly description: string;
}

/** By the name of its file. */
export function plotsOf(passes: readonly FalsePass[], fixed: readonly FixedCoverage[]): ReadonlyMap<string, string> {
  const coverage = fixed.find(({ trials }) => trials === 100);
  return new Map([
    ["false-pass.svg", falsePassPlot(passes.filter(({ limit }) => limit === 0.01))],
    ...(coverage === undefined ? [] : ([["coverage.svg", coveragePlot(coverage)]] as const)),
  ]);
}

function falsePassPlot(passes: readonly FalsePass[]): string {
  const drawnRules = [
    "mean and 1.96 standard errors at every look",
    "Clopper-Pearson at every look",
    "Wilson at every look",
    "Clopper-Pearson, once, at the planned number",
    "e-value, uniform bet",
  ];
  const shown = drawnRules.flatMap((name) => passes.filter(({ rule }) => rule === name));
  const looks = shown[0]?.exact.length ?? 1;
  return plot({
    title: "A true rate of 1 %, right at the limit: how many runs have been called proven safe by each look",
    most: 0.55,
    upTicks: [0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5],
    even: doubt,
    acrossTicks: [1, 10, 20, 30, 40, 50].map((look) => [look / looks, String(look * 100)]),
    acrossWords: "trials (a look after each 100)",
    upWords: "runs wrongly called safe",
    lines: shown.map(({ rule, exact }) => ({
      name: `${rule}: ${percent(exact.at(-1) ?? 0)} in the end`,
      places: exact.map((share, look) => ({ x: (look + 1) / looks, y: share })),
    })),
    description: shown
      .map(({ rule, exact }) => `${rule}: ${percent(exact.at(-1) ?? 0)} after ${looks} looks`)
      .join("; "),
  });
}

function coveragePlot({ trials, rates, missed }: FixedCoverage): string {
  return plot({
    title: `Two-sided intervals at 95 % of ${trials} trials: how often they miss the true rate`,
    most: 0.3,
    upTicks: [0, 0.05, 0.1, 0.2, 0.3],
    even: doubt,
    acrossTicks: [0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5].map((rate) => [Math.sqrt(rate / 0.5), percent(rate)]),
    acrossWords: "true rate (by its root)",
    upWords: "chance to miss",
    lines: missed.map(({ rule, at, worst }) => ({
      name: `${rule}: at worst ${percent(worst)}`,
      places: at.map((share, index) => ({ x: Math.sqrt((rates[index] ?? 0) / 0.5), y: Math.min(share, 0.3) })),
    })),
    description: missed
      .map(({ rule, worst, mean }) => `${rule}: at worst ${percent(worst)}, ${percent(mean)} in the mean`)
      .join("; "),
  });
}

/** Lines over a grid, the words of each beneath. */
export function plot({
  title,
  most,
  upTicks,
  even,
  acrossTicks,
  acrossWords,
  upWords,
  lines,
  description,
}: Plot): string {
  const at = ({ x, y }: Place): Place => ({
    x: left + x * (width - left - right),
    y: top + (1 - y / most) * height,
  });
  const end = top + height;
  const legend = lines.map(({ name }, index) => {
    const place = { x: left, y: end + 58 + index * lineHeight };
    return circle(place, 4, `point ${seriesClass(index)}`) + words(name, { x: place.x + 12, y: place.y + 4 });
  });
  return drawn({ width, height: end + 64 + lines.length * lineHeight, title, description }, [
    ...upTicks.flatMap((share) => [
      straight(at({ x: 0, y: share }), at({ x: 1, y: share }), share === even ? "even" : "faint"),
      words(percent(share), { x: left - 8, y: at({ x: 0, y: share }).y + 4 }, { anchor: "end" }),
    ]),
    ...acrossTicks.map(([x, text]) => words(text, { x: at({ x, y: 0 }).x, y: end + 18 }, { anchor: "middle" })),
    words(upWords, { x: left, y: 18 }, { isStrong: true }),
    words(acrossWords, { x: at({ x: 0.5, y: 0 }).x, y: end + 38 }, { anchor: "middle" }),
    ...lines.map(({ places }, index) => polyline(places.map(at), `line ${seriesClass(index)}`)),
    ...legend,
  ]);
}
