// A reliability diagram: of the texts that score so much, how many are harmful. On the line the score is the share itself, where
// as many of the texts were harmful as in training; in a stream that has fewer the line lies higher than what is seen.
import { type Share, percent, shareText } from "../statistics/share.ts";
import { type Place, circle, drawn, polyline, seriesClass, straight, words } from "./svg.ts";

interface Bin {
  /** The mean score of its texts. */
  readonly score: number;
  readonly harmful: Share;
}

export interface Calibration {
  readonly title: string;
  readonly lines: readonly { readonly name: string; readonly bins: readonly Bin[] }[];
}

const [width, side] = [640, 420] as const;
const [left, top] = [72, 34] as const;
const lineHeight = 18;

export function plotOfCalibration({ title, lines }: Calibration): string {
  const legend = lines.map(({ name }, at) => {
    const place = { x: left, y: top + side + 56 + at * lineHeight };
    return circle(place, 4, `point ${seriesClass(at)}`) + words(name, { x: place.x + 12, y: place.y + 4 });
  });
  const height = top + side + 62 + lines.length * lineHeight;
  const description = lines.map(({ name, bins }) => `${name}: ${bins.map(binText).join("; ")}.`).join(" ");
  return drawn({ width, height, title, description }, [
    ...grid(),
    ...lines.flatMap(({ bins }, at) => binShapes(bins, seriesClass(at))),
    ...legend,
  ]);
}

function placeOf(score: number, share: number): Place {
  return { x: left + score * (width - left - 28), y: top + (1 - share) * side };
}

function grid(): readonly string[] {
  const ticks = [0, 0.25, 0.5, 0.75, 1].flatMap((share) => [
    straight(placeOf(share, 0), placeOf(share, 1), "faint"),
    straight(placeOf(0, share), placeOf(1, share), "faint"),
    words(String(share), { x: placeOf(share, 0).x, y: top + side + 18 }, { anchor: "middle" }),
    words(percent(share), { x: left - 8, y: placeOf(0, share).y + 4 }, { anchor: "end" }),
  ]);
  return [
    ...ticks,
    straight(placeOf(0, 0), placeOf(1, 1), "even"),
    words("harmful texts among those that score so much", { x: left, y: 18 }, { isStrong: true }),
    words("score", { x: placeOf(0.5, 0).x, y: top + side + 38 }, { anchor: "middle" }),
  ];
}

function binShapes(bins: readonly Bin[], name: string): readonly string[] {
  const places = bins.map(({ score, harmful }) => placeOf(score, harmful.count / harmful.of));
  return [
    polyline(places, `line ${name}`),
    ...bins.flatMap(({ score, harmful }) => [
      straight(placeOf(score, harmful.lower), placeOf(score, harmful.upper), `bar ${name}`),
      circle(placeOf(score, harmful.count / harmful.of), 4, `point ${name}`),
    ]),
  ];
}

function binText({ score, harmful }: Bin): string {
  return `at ${score.toFixed(2)} ${shareText(harmful)}`;
}
