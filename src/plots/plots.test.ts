// Plots as text: well-formed, with their figures in words, nothing of a name taken for markup, points where figures say.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { clopperPearson } from "../statistics/binomial.ts";
import { plotOfCalibration } from "./calibration.ts";
import { plotOfCurves } from "./curves.ts";
import { table } from "./page.ts";
import { plotOfRows } from "./rows.ts";
import type { Share } from "../statistics/share.ts";

function share(count: number, of: number): Share {
  return { count, of, ...clopperPearson({ failures: count, trials: of }, 0.95) };
}

/** Every element is closed, in order. */
function assertWellFormed(svg: string): void {
  const open: string[] = [];
  for (const [, isEnd, name = "", isEmpty] of svg.matchAll(/<(\/?)(\w+)[^>]*?(\/?)>/g)) {
    if (isEnd === "/") assert.equal(open.pop(), name);
    else if (isEmpty !== "/") open.push(name);
  }
  assert.deepEqual(open, []);
  assert.ok(!svg.includes("NaN") && !svg.includes("Infinity") && !svg.includes("undefined"), svg);
}

function attribute(shape: string, name: string): number {
  return Number(new RegExp(` ${name}="([^"]+)"`).exec(shape)?.[1]);
}

const point = { caught: share(60, 100), refused: share(5, 1000), label: "0.5 %" };
const none = { caught: share(0, 100), refused: share(0, 1000), label: "never" };
const all = { caught: share(100, 100), refused: share(1000, 1000), label: "always" };

describe("operating curves", () => {
  test("are drawn for the best and the worst there is, with intervals, in words too", () => {
    const svg = plotOfCurves({ title: "t", curves: [{ name: "a", points: [none, point, all] }], now: point }, [
      "roc",
      "det",
    ]);
    assertWellFormed(svg);
    assert.match(svg, /at 0\.5 % 60 % \(49\.7 to 69\.7; 60 of 100\) of the harmful caught/);
    assert.equal([...svg.matchAll(/<circle class="point /g)].length, 6);
    assert.equal([...svg.matchAll(/class="bar /g)].length, 12);
  });

  test("rise as more is caught in ROC, and fall in DET, both to the right as more is refused", () => {
    for (const [kind, sign] of [
      ["roc", -1],
      ["det", 1],
    ] as const) {
      const svg = plotOfCurves({ title: "t", curves: [{ name: "a", points: [none, point, all] }] }, [kind]);
      const shapes = [...svg.matchAll(/<circle class="point [^>]*>/g)].map(([shape]) => shape);
      const down = shapes.map((shape) => attribute(shape, "cy") * sign);
      const across = shapes.map((shape) => attribute(shape, "cx"));
      assert.deepEqual(
        across,
        across.toSorted((one, other) => one - other),
      );
      assert.ok((down[0] ?? 0) < (down[1] ?? 0) && (down[1] ?? 0) < (down[2] ?? 0), down.join());
    }
  });

  test("of no texts at all are drawn where nothing is", () => {
    const empty = { count: 0, of: 0, lower: 0, upper: 1 };
    assertWellFormed(
      plotOfCurves({ title: "t", curves: [{ name: "a", points: [{ caught: empty, refused: empty }] }] }, [
        "roc",
        "det",
      ]),
    );
  });

  test("of several sets have a legend with their names, which are no markup", () => {
    const curves = [
      { name: "<b>&", points: [point] },
      { name: 'second"', points: [all] },
    ];
    const svg = plotOfCurves({ title: "<script>", curves }, ["roc"]);
    assertWellFormed(svg);
    assert.ok(svg.includes("&lt;b&gt;&amp;") && svg.includes("&lt;script&gt;") && !svg.includes("<script"));
  });
});

test("rows have their interval, their figures and their target, and lie where they say", () => {
  const half = { ...share(50, 100), name: "half", estimate: 0.5, behind: "50 of 100", kind: 0, target: 0.9 };
  const svg = plotOfRows({
    title: "t",
    axis: "share",
    kinds: ["k"],
    groups: [{ name: "g", rows: [half, { ...half, name: "none", estimate: 0, lower: 0, upper: 0.1 }] }],
  });
  assertWellFormed(svg);
  assert.match(svg, /half 50 % \(39\.8 % to 60\.2 %; 50 of 100, target 90 %\)/);
  const [first = "", second = ""] = [...svg.matchAll(/<circle class="point [^>]*>/g)].map(([shape]) => shape);
  assert.ok(attribute(first, "cx") > attribute(second, "cx"));
});

test("calibration has a point for every bin, and its figures in words", () => {
  const bins = [
    { score: 0.02, harmful: share(1, 50) },
    { score: 0.9, harmful: share(45, 50) },
  ];
  const svg = plotOfCalibration({
    title: "t",
    lines: [
      { name: "requests", bins },
      { name: "none", bins: [] },
    ],
  });
  assertWellFormed(svg);
  assert.match(svg, /requests: at 0\.02 2 % \(0\.05 to 10\.6; 1 of 50\)/);
  // Two bins, and two in the legend.
  assert.equal([...svg.matchAll(/<circle class="point /g)].length, 4);
});

test("words of a table are not broken within, ids that are wider than a column are", () => {
  const id = "harmbench_behaviours:one_that_is_longer_than_a_column";
  const { html } = table("Tries", ["item", "category"], [[id, "misinformation"]]);
  assert.ok(html.includes(`<th scope="row">${id}</th><td class="s">misinformation</td>`), html);
});
