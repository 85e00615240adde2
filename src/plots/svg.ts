// Drawings as SVG without scripts: a title and a description for those who do not see it, the colours of whoever looks, and the few
// shapes that plots are made of. Pure: text in, text out, the same for the same figures.
import { escaped } from "../terms/markup.ts";

export interface Place {
  readonly x: number;
  readonly y: number;
}

export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly title: string;
  /** Its figures in words. */
  readonly description: string;
}

/** Lines told apart by colour and by dashes; more than these begin again. */
const series = [
  { light: "#1d5bd1", dark: "#82aaff", dashes: "none" },
  { light: "#b3470b", dark: "#f7b267", dashes: "7 3" },
  { light: "#13783d", dark: "#74d39a", dashes: "2 3" },
  { light: "#98186b", dark: "#f395cd", dashes: "10 3 2 3" },
  { light: "#5b5f6b", dark: "#b9bfcc", dashes: "5 5" },
] as const;

const colours = series.map(({ dashes }, at) => `.s${at} { --ink: var(--s${at}); stroke-dasharray: ${dashes} }`);
const inks = (of: "light" | "dark"): string => series.map((one, at) => `--s${at}: ${one[of]}`).join("; ");

const style = `svg { color: #1d2330; background: #fff; font: 12px system-ui, sans-serif; ${inks("light")} }
@media screen and (prefers-color-scheme: dark) { svg { color: #e6e9f0; background: #14171f; ${inks("dark")} } }
text { fill: currentColor } .strong { font-weight: 600 } .faint { stroke: currentColor; opacity: .22 } .even { stroke: currentColor; opacity: .5; stroke-dasharray: 3 4 }
${colours.join("\n")}
.line { stroke: var(--ink); fill: none; stroke-width: 1.8 } .bar { stroke: var(--ink); stroke-width: 1.4; stroke-dasharray: none } .point { fill: var(--ink); stroke: none }
.now { fill: none; stroke: currentColor; stroke-width: 2; stroke-dasharray: none }`;

/** The whole drawing. Ids are its own, so several may stand in one page of which each is a picture. */
export function drawn({ width, height, title, description }: Drawing, shapes: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title figures">`,
    `<title id="title">${escaped(title)}</title>`,
    `<desc id="figures">${escaped(description)}</desc>`,
    `<style>${style}</style>`,
    ...shapes,
    `</svg>\n`,
  ].join("\n");
}

/** The class that gives a shape the colour of the n-th line. */
export function seriesClass(at: number): string {
  return `s${at % series.length}`;
}

export interface Words {
  readonly anchor?: "start" | "middle" | "end";
  readonly isStrong?: boolean;
}

export function words(text: string, { x, y }: Place, { anchor = "start", isStrong = false }: Words = {}): string {
  const strong = isStrong ? ' class="strong"' : "";
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}"${strong}>${escaped(text)}</text>`;
}

export function straight(from: Place, to: Place, name: string): string {
  return `<line class="${name}" x1="${round(from.x)}" x2="${round(to.x)}" y1="${round(from.y)}" y2="${round(to.y)}"/>`;
}

export function polyline(places: readonly Place[], name: string): string {
  return `<polyline class="${name}" points="${places.map(({ x, y }) => `${round(x)},${round(y)}`).join(" ")}"/>`;
}

export function circle({ x, y }: Place, radius: number, name: string): string {
  return `<circle class="${name}" cx="${round(x)}" cy="${round(y)}" r="${radius}"/>`;
}

function round(place: number): number {
  return Math.round(place * 10) / 10;
}
