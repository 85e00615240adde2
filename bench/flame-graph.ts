// Stacks of a profile as a flame graph: one SVG without scripts, a box for each function under the one that called it, as wide
// as its share of the time; boxes too narrow to see are left out.
import { escaped } from "../src/terms/markup.ts";

/** Calls, the outermost first, and how long they were at work, in microseconds. */
export interface Stack {
  readonly frames: readonly string[];
  readonly micros: number;
}

interface Box {
  micros: number;
  readonly inner: Map<string, Box>;
}

const width = 1_600;
const row = 15;
const depthMax = 48;
/** Boxes narrower than this many pixels are not drawn. */
const narrow = 2;

export function flameGraph(stacks: readonly Stack[]): string {
  const root: Box = { micros: 0, inner: new Map() };
  for (const { frames, micros } of stacks) {
    root.micros += micros;
    let box = root;
    for (const frame of frames.slice(0, depthMax)) {
      const inner = box.inner.get(frame) ?? { micros: 0, inner: new Map() };
      box.inner.set(frame, inner);
      inner.micros += micros;
      box = inner;
    }
  }
  const shapes: string[] = [];
  const deepest = draw(root, { left: 0, depth: 0, scale: width / root.micros, shapes });
  const height = (deepest + 1) * row;
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="monospace" font-size="10">`;
  return `${head}\n${shapes.join("\n")}\n</svg>\n`;
}

interface Drawing {
  readonly left: number;
  readonly depth: number;
  readonly scale: number;
  readonly shapes: string[];
}

/** Draws what is inside; gives the deepest row. */
function draw(box: Box, { left, depth, scale, shapes }: Drawing): number {
  let [at, deepest] = [left, depth];
  for (const [name, inner] of [...box.inner].toSorted(([one], [other]) => (one < other ? -1 : 1))) {
    const wide = inner.micros * scale;
    if (wide >= narrow) {
      shapes.push(shapeOf(name, { left: at, depth, wide }));
      deepest = Math.max(deepest, draw(inner, { left: at, depth: depth + 1, scale, shapes }));
    }
    at += wide;
  }
  return deepest;
}

function shapeOf(name: string, at: { readonly left: number; readonly depth: number; readonly wide: number }): string {
  const [x, y, wide] = [at.left.toFixed(1), at.depth * row, at.wide.toFixed(1)];
  const text = escaped(name);
  const fill = name.startsWith("src/") ? "#f0a860" : name.startsWith("node: ") ? "#a8c8e8" : "#d8d8c8";
  const label = text.length * 6 < at.wide ? `<text x="${Number(x) + 2}" y="${y + 11}">${text}</text>` : "";
  const box = `<rect x="${x}" y="${y}" width="${wide}" height="${row - 1}" fill="${fill}"><title>${text}</title></rect>`;
  return box + label;
}
