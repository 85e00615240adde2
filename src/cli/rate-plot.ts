// What several benign rates catch and refuse, drawn: an operating curve with the 95 % interval of every point, as SVG in the
// colours of whoever looks, with its figures as text for those who do not see it.
/** With a 95 % interval. */
export interface Share {
  readonly count: number;
  readonly of: number;
  readonly lower: number;
  readonly upper: number;
}

export interface RateResult {
  readonly benignRate: number;
  /** Of the harmful texts and of the benign ones: those that are stopped. */
  readonly caught: Share;
  readonly refused: Share;
}

const width = 640;
const height = 420;
const [left, right, top, bottom] = [64, 24, 28, 56] as const;
/** Shares of refused benign texts are drawn by their logarithm, from here to 1; none at all is drawn at the left end. */
const refusedMin = 0.0005;
const ticks = [0.001, 0.01, 0.1, 1] as const;

const style = `svg { color: #1d2330; background: #fff; font: 12px system-ui, sans-serif }
@media (prefers-color-scheme: dark) { svg { color: #e6e9f0; background: #14171f } }
.line { stroke: currentColor; fill: none } .faint { stroke: currentColor; opacity: .25 }
text { fill: currentColor } .point { fill: #2f6fde } .now { fill: none; stroke: #c2410c; stroke-width: 2 }`;

export function plotOfRates(rates: readonly RateResult[], now: RateResult): string {
  const said = rates.map(
    ({ benignRate, caught, refused }) =>
      `at ${shareText(benignRate)}: ${caught.count} of ${caught.of} caught, ${refused.count} of ${refused.of} refused`,
  );
  const points = rates.map((rate) => placeOf(rate));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title figures">`,
    `<title id="title">What each benign rate catches and refuses</title>`,
    `<desc id="figures">${said.join("; ")}. As it is now: ${now.caught.count} caught, ${now.refused.count} refused.</desc>`,
    `<style>${style}</style>`,
    ...axes(),
    `<polyline class="line" points="${points.map(({ x, y }) => `${x},${y}`).join(" ")}"/>`,
    ...rates.flatMap((rate, at) => pointOf(rate, at % 2 === 0 ? -8 : 16)),
    `<circle class="now" cx="${placeOf(now).x}" cy="${placeOf(now).y}" r="8"/>`,
    `<text x="${placeOf(now).x + 12}" y="${placeOf(now).y + 18}">now</text>`,
    `</svg>\n`,
  ].join("\n");
}

function axes(): readonly string[] {
  const vertical = ticks.map(
    (share) =>
      `<line class="faint" x1="${xOf(share)}" x2="${xOf(share)}" y1="${top}" y2="${height - bottom}"/>` +
      `<text x="${xOf(share)}" y="${height - bottom + 18}" text-anchor="middle">${shareText(share)}</text>`,
  );
  const horizontal = [0, 0.25, 0.5, 0.75, 1].map(
    (share) =>
      `<line class="faint" x1="${left}" x2="${width - right}" y1="${yOf(share)}" y2="${yOf(share)}"/>` +
      `<text x="${left - 8}" y="${yOf(share) + 4}" text-anchor="end">${shareText(share)}</text>`,
  );
  return [
    ...vertical,
    ...horizontal,
    `<text x="${(left + width - right) / 2}" y="${height - 14}" text-anchor="middle">benign texts refused (logarithmic)</text>`,
    `<text x="${left}" y="16">harmful texts caught</text>`,
  ];
}

/** Neighbours have their words above and below by turns. */
function pointOf(rate: RateResult, wordsBelow: number): readonly string[] {
  const { x, y } = placeOf(rate);
  const { caught, refused } = rate;
  return [
    `<line class="line" x1="${x}" x2="${x}" y1="${yOf(caught.lower)}" y2="${yOf(caught.upper)}"/>`,
    `<line class="line" x1="${xOf(refused.lower)}" x2="${xOf(refused.upper)}" y1="${y}" y2="${y}"/>`,
    `<circle class="point" cx="${x}" cy="${y}" r="4"/>`,
    `<text x="${x + 6}" y="${y + wordsBelow}">${shareText(rate.benignRate)}</text>`,
  ];
}

function placeOf({ caught, refused }: RateResult): { readonly x: number; readonly y: number } {
  return { x: xOf(refused.count / refused.of), y: yOf(caught.count / caught.of) };
}

function xOf(refused: number): number {
  const share = Math.log(Math.max(refused, refusedMin) / refusedMin) / Math.log(1 / refusedMin);
  return round(left + share * (width - left - right));
}

function yOf(caught: number): number {
  return round(height - bottom - caught * (height - top - bottom));
}

function round(place: number): number {
  return Math.round(place * 10) / 10;
}

function shareText(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`;
}
