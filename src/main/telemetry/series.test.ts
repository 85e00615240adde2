import assert from "node:assert/strict";
import { test } from "node:test";
import { createCounter, createHistogram, gauge, prometheusText } from "./series.ts";

test("counters, histograms and gauges are written as the exposition format says, buckets added up", () => {
  const requests = createCounter({ name: "requests_total", help: "All\nof them.", labels: ["code", "model"] });
  requests.add(["none", 'a"b\\c\nd']);
  requests.add(["none", 'a"b\\c\nd'], 2);
  const seconds = createHistogram({ name: "took_seconds", help: "Time.", labels: ["side"], bounds: [0.1, 1] });
  for (const value of [0.05, 0.1, 0.5, 5]) seconds.observe(["input"], value);
  const text = prometheusText([
    requests.snapshot(),
    seconds.snapshot(),
    gauge("left", "Left.", [{ labels: {}, value: Number.POSITIVE_INFINITY }]),
  ]);
  assert.equal(
    text,
    [
      String.raw`# HELP requests_total All\nof them.`,
      "# TYPE requests_total counter",
      String.raw`requests_total{code="none",model="a\"b\\c\nd"} 3`,
      "# HELP took_seconds Time.",
      "# TYPE took_seconds histogram",
      'took_seconds_bucket{side="input",le="0.1"} 2',
      'took_seconds_bucket{side="input",le="1"} 3',
      'took_seconds_bucket{side="input",le="+Inf"} 4',
      'took_seconds_sum{side="input"} 5.65',
      'took_seconds_count{side="input"} 4',
      "# HELP left Left.",
      "# TYPE left gauge",
      "left +Inf",
      "",
    ].join("\n"),
  );
});

test("a family does not grow past its bound: what would be one more is counted as other, and nothing is lost", () => {
  const family = createCounter({ name: "n_total", help: "N.", labels: ["a", "b"], seriesMax: 3 });
  for (let at = 0; at < 100; at += 1) family.add([`a${at}`, "b"]);
  const { points } = family.snapshot();
  assert.equal(points.length, 4);
  assert.deepEqual(points.at(-1)?.labels, { a: "other", b: "other" });
  assert.equal(
    points.reduce((sum, point) => sum + ("value" in point ? point.value : 0), 0),
    100,
  );
});
