// Operating curves: what is caught of the harmful against what is refused of the benign (ROC, the benign by its logarithm), and
// what is missed against what is refused on axes of normal deviates (DET), where curves of normal scores are straight.
import { normalQuantile } from "../statistics/normal.ts";
import { type Share, percent, rateOf, shareText } from "../statistics/share.ts";
import { type Place, circle, drawn, polyline, seriesClass, straight, words } from "./svg.ts";

export interface OperatingPoint {
  readonly caught: Share;
  readonly refused: Share;
  /** Points with a label are drawn with their intervals. */
  readonly label?: string;
}

export interface Curve {
  readonly name: string;
  /** From the strictest on. */
  readonly points: readonly OperatingPoint[];
}

export interface Curves {
  readonly title: string;
  readonly curves: readonly Curve[];
  /** What is in force, ringed. */
  readonly now?: OperatingPoint;
}

export type CurveKind = "roc" | "det";

/** One kind of curve, or several side by side. */
export function plotOfCurves({ title, curves, now }: Curves, kinds: readonly CurveKind[]): string {
  const legend = curves.length > 1 ? curves.length * lineHeight + 10 : 0;
  const shapes = kinds.flatMap((kind, at) =>
    panel({ curves, ...(now === undefined ? {} : { now }) }, kind, at * panelWidth),
  );
  const height = panelHeight + legend;
  return drawn({ width: panelWidth * kinds.length, height, title, description: described(curves, now) }, [
    ...shapes,
    ...(curves.length > 1 ? legendOf(curves) : []),
  ]);
}

const panelWidth = 640;
const panelHeight = 420;
const lineHeight = 18;
const [left, right, top, bottom] = [64, 28, 34, 52] as const;

/** How a kind of curve is laid out: where shares lie from 0 to 1, and which are marked. */
interface Axes {
  readonly across: (refused: number) => number;
  readonly up: (caught: number) => number;
  readonly acrossTicks: readonly number[];
  readonly upTicks: readonly number[];
  readonly acrossWords: string;
  readonly upWords: string;
  /** What is read off the upright axis of a share that is caught. */
  readonly shown: (caught: number) => number;
}

/** Shares of refused benign texts by their logarithm, from here to 1; none at all is drawn at the left end. */
const refusedMin = 0.0001;
/** Shares on axes of normal deviates, which have no ends, between these. */
const [deviateMin, deviateMax] = [0.0002, 0.97] as const;

const axesOf = {
  roc: {
    across: (refused) => Math.log(Math.max(refused, refusedMin) / refusedMin) / Math.log(1 / refusedMin),
    up: (caught) => caught,
    acrossTicks: [0.0001, 0.001, 0.01, 0.1, 1],
    upTicks: [0, 0.25, 0.5, 0.75, 1],
    acrossWords: "benign texts refused (logarithmic)",
    upWords: "ROC: harmful texts caught",
    shown: (caught) => caught,
  },
  det: {
    across: alongDeviates,
    up: (caught) => alongDeviates(1 - caught),
    acrossTicks: [0.001, 0.005, 0.02, 0.1, 0.3, 0.6, 0.9],
    upTicks: [0.001, 0.005, 0.02, 0.1, 0.3, 0.6, 0.9],
    acrossWords: "benign texts refused (normal deviates)",
    upWords: "DET: harmful texts missed (normal deviates)",
    shown: (caught) => 1 - caught,
  },
} as const satisfies Record<CurveKind, Axes>;

function alongDeviates(share: number): number {
  const [low, high] = [deviate(deviateMin), deviate(deviateMax)];
  return (deviate(Math.min(deviateMax, Math.max(deviateMin, share))) - low) / (high - low);
}

/** Below which a share of the normal distribution lies. */
function deviate(share: number): number {
  return share <= 0.5 ? -normalQuantile(share) : normalQuantile(1 - share);
}

function panel({ curves, now }: Pick<Curves, "curves" | "now">, kind: CurveKind, offset: number): readonly string[] {
  const layout = layoutOf(axesOf[kind], offset);
  const taken: Place[] = [{ x: offset + left, y: 18 }];
  if (now !== undefined) taken.push(nowWords(placeOf(now, layout)));
  const labelled = curves.flatMap(({ points }) => points.filter(({ label }) => label !== undefined));
  const marks = labelled.map((point) => placeOf(point, layout));
  return [
    ...grid(axesOf[kind], layout),
    ...curves.flatMap(({ points }, at) => curveShapes(points, { name: seriesClass(at), layout, taken, marks })),
    ...(now === undefined ? [] : nowShapes(now, layout)),
  ];
}

interface Layout {
  readonly x: (refused: number) => number;
  readonly y: (caught: number) => number;
  readonly offset: number;
}

function layoutOf({ across, up }: Axes, offset: number): Layout {
  return {
    x: (refused) => offset + left + across(refused) * (panelWidth - left - right),
    y: (caught) => panelHeight - bottom - up(caught) * (panelHeight - top - bottom),
    offset,
  };
}

function grid(
  { acrossTicks, upTicks, acrossWords, upWords, shown }: Axes,
  { x, y, offset }: Layout,
): readonly string[] {
  const [start, end] = [offset + left, offset + panelWidth - right];
  const [upper, lower] = [top, panelHeight - bottom];
  const vertical = acrossTicks.flatMap((share) => [
    straight({ x: x(share), y: upper }, { x: x(share), y: lower }, "faint"),
    words(percent(share), { x: x(share), y: lower + 18 }, { anchor: "middle" }),
  ]);
  const horizontal = upTicks.flatMap((share) => {
    const at = y(shown(share));
    return [
      straight({ x: start, y: at }, { x: end, y: at }, "faint"),
      words(percent(share), { x: start - 8, y: at + 4 }, { anchor: "end" }),
    ];
  });
  return [
    ...vertical,
    ...horizontal,
    words(acrossWords, { x: (start + end) / 2, y: panelHeight - 12 }, { anchor: "middle" }),
    words(upWords, { x: start, y: 18 }, { isStrong: true }),
  ];
}

function placeOf({ caught, refused }: OperatingPoint, { x, y }: Layout): Place {
  return { x: x(rateOf(refused)), y: y(rateOf(caught)) };
}

interface Drawing {
  readonly name: string;
  readonly layout: Layout;
  /** Where words stand in this panel so far. */
  readonly taken: Place[];
  /** All points with words: no words lie over another's point. */
  readonly marks: readonly Place[];
}

function curveShapes(points: readonly OperatingPoint[], drawing: Drawing): readonly string[] {
  const { name, layout } = drawing;
  const labelled = points.filter(({ label }) => label !== undefined);
  return [
    polyline(
      points.map((point) => placeOf(point, layout)),
      `line ${name}`,
    ),
    ...labelled.flatMap((point) => labelledShapes(point, drawing)),
  ];
}

function labelledShapes(point: OperatingPoint, { name, layout, taken, marks }: Drawing): readonly string[] {
  const place = placeOf(point, layout);
  const { caught, refused, label = "" } = point;
  const { x, y } = layout;
  const free = wordPlaces(place).find(
    (at) => at.x > layout.offset + left && isFree(at, taken) && !marks.some((mark) => isUnder(mark, at)),
  );
  if (free !== undefined) taken.push(free);
  return [
    straight({ x: place.x, y: y(caught.lower) }, { x: place.x, y: y(caught.upper) }, `bar ${name}`),
    straight({ x: x(refused.lower), y: place.y }, { x: x(refused.upper), y: place.y }, `bar ${name}`),
    circle(place, 4, `point ${name}`),
    ...(free === undefined ? [] : [words(label, free)]),
  ];
}

/** Beside a point, where its words may stand. */
function wordPlaces({ x, y }: Place): readonly Place[] {
  return [
    { x: x + 6, y: y - 8 },
    { x: x + 6, y: y + 16 },
    { x: x - 40, y: y - 8 },
    { x: x - 40, y: y + 16 },
  ];
}

/** Where words would lie over others or over the axis, they are left out: the description has them. */
function isFree({ x, y }: Place, taken: readonly Place[]): boolean {
  if (y > panelHeight - bottom - 2) return false;
  return taken.every((other) => Math.abs(other.x - x) > 42 || Math.abs(other.y - y) > 13);
}

/** Whether a point lies under words of a few signs that begin there. */
function isUnder({ x, y }: Place, at: Place): boolean {
  return x > at.x - 5 && x < at.x + 38 && y > at.y - 14 && y < at.y + 5;
}

function nowShapes(now: OperatingPoint, layout: Layout): readonly string[] {
  const place = placeOf(now, layout);
  return [circle(place, 8, "now"), words(now.label ?? "now", nowWords(place))];
}

function nowWords({ x, y }: Place): Place {
  return { x: x + 12, y: y + 18 };
}

function legendOf(curves: readonly Curve[]): readonly string[] {
  return curves.flatMap(({ name }, at) => {
    const y = panelHeight + 8 + at * lineHeight;
    const [from, to] = [left, left + 44];
    return [
      straight({ x: from, y }, { x: to, y }, `line ${seriesClass(at)}`),
      circle({ x: (from + to) / 2, y }, 4, `point ${seriesClass(at)}`),
      words(name, { x: to + 10, y: y + 4 }),
    ];
  });
}

function described(curves: readonly Curve[], now: OperatingPoint | undefined): string {
  const said = curves.map(({ name, points }) => {
    const labelled = points.filter(({ label }) => label !== undefined).map(pointText);
    return `${name}: ${labelled.join("; ")}.`;
  });
  return [...said, ...(now === undefined ? [] : [`${pointText({ label: "as it is now", ...now })}.`])].join(" ");
}

function pointText({ label = "", caught, refused }: OperatingPoint): string {
  return `at ${label} ${shareText(caught)} of the harmful caught, ${shareText(refused)} of the benign refused`;
}
