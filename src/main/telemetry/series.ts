// Numbers that are counted while it runs, and how they are read off: counters, histograms, and gauges that are looked at
// when somebody asks. A family has a bound on its series: what would be one more is counted under `other`, so that nothing a
// caller sends makes the page grow. Two writers read snapshots: text for Prometheus here, OTLP in otlp.ts.

export interface Point {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface HistogramPoint {
  readonly labels: Readonly<Record<string, string>>;
  readonly sum: number;
  readonly count: number;
  /** Counts by bucket, not added up; one more than there are bounds. */
  readonly counts: readonly number[];
}

interface Named {
  /** As Prometheus spells it, with its unit: `_seconds`, `_bytes`, `_total`. */
  readonly name: string;
  readonly help: string;
}

export type Snapshot =
  | (Named & { readonly kind: "counter" | "gauge"; readonly points: readonly Point[] })
  | (Named & {
      readonly kind: "histogram";
      readonly bounds: readonly number[];
      readonly points: readonly HistogramPoint[];
    });

export interface FamilyOptions extends Named {
  readonly labels: readonly string[];
  /** Series of this family, at the most. */
  readonly seriesMax?: number;
}

const seriesMaxUsual = 1_000;
const overflow = "other";

export interface Counter {
  readonly add: (values: readonly string[], by?: number) => void;
  readonly snapshot: () => Snapshot;
}

export function createCounter(options: FamilyOptions): Counter {
  const series = createSeries(options, () => ({ value: 0 }));
  return {
    add: (values, by = 1) => {
      series.of(values).value += by;
    },
    snapshot: () => ({
      ...namesOf(options),
      kind: "counter",
      points: series.all().map(({ labels, state }) => ({ labels, value: state.value })),
    }),
  };
}

export interface Histogram {
  readonly observe: (values: readonly string[], value: number) => void;
  readonly snapshot: () => Snapshot;
}

export function createHistogram(options: FamilyOptions & { readonly bounds: readonly number[] }): Histogram {
  const { bounds } = options;
  const series = createSeries(options, () => ({ sum: 0, count: 0, counts: [...bounds, 0].map(() => 0) }));
  return {
    observe: (values, value) => {
      const state = series.of(values);
      const found = bounds.findIndex((bound) => value <= bound);
      const bucket = found < 0 ? bounds.length : found;
      state.counts[bucket] = (state.counts[bucket] ?? 0) + 1;
      state.sum += value;
      state.count += 1;
    },
    snapshot: () => ({
      ...namesOf(options),
      kind: "histogram",
      bounds,
      points: series.all().map(({ labels, state }) => ({ labels, ...state, counts: [...state.counts] })),
    }),
  };
}

/** A gauge as it is now. */
export function gauge(name: string, help: string, points: readonly Point[]): Snapshot {
  return { name, help, kind: "gauge", points };
}

/** A gauge without labels. */
export function single(name: string, help: string, value: number): Snapshot {
  return gauge(name, help, [{ labels: {}, value }]);
}

function namesOf({ name, help }: Named): Named {
  return { name, help };
}

interface One<S> {
  readonly labels: Readonly<Record<string, string>>;
  readonly state: S;
}

interface Series<S> {
  readonly of: (values: readonly string[]) => S;
  readonly all: () => readonly One<S>[];
}

function createSeries<S>({ labels, seriesMax = seriesMaxUsual }: FamilyOptions, begin: () => S): Series<S> {
  const known = new Map<string, One<S>>();
  const open = (values: readonly string[]): S => {
    const one = { labels: Object.fromEntries(labels.map((label, at) => [label, values[at] ?? ""])), state: begin() };
    known.set(values.join("\n"), one);
    return one.state;
  };
  const of = (values: readonly string[]): S => {
    const found = known.get(values.join("\n"));
    if (found !== undefined) return found.state;
    if (known.size < seriesMax) return open(values);
    const others = labels.map(() => overflow);
    return known.get(others.join("\n"))?.state ?? open(others);
  };
  return { of, all: () => [...known.values()] };
}

/** Content type of `prometheusText`. */
export const prometheusType = "text/plain; version=0.0.4; charset=utf-8";

/** The exposition format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats). */
export function prometheusText(snapshots: readonly Snapshot[]): string {
  return snapshots.map(familyText).join("");
}

function familyText(snapshot: Snapshot): string {
  const { name, help, kind } = snapshot;
  const lines = snapshot.kind === "histogram" ? histogramLines(snapshot) : pointLines(name, snapshot.points);
  return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${kind}\n${lines.join("")}`;
}

function pointLines(name: string, points: readonly Point[]): readonly string[] {
  return points.map(({ labels, value }) => `${name}${labelText(labels)} ${numberText(value)}\n`);
}

function histogramLines({ name, bounds, points }: Extract<Snapshot, { kind: "histogram" }>): readonly string[] {
  return points.flatMap(({ labels, counts, sum, count }) => {
    let total = 0;
    const buckets = [...bounds.map(numberText), "+Inf"].map((le, at) => {
      total += counts[at] ?? 0;
      return `${name}_bucket${labelText({ ...labels, le })} ${total}\n`;
    });
    const text = labelText(labels);
    return [...buckets, `${name}_sum${text} ${numberText(sum)}\n`, `${name}_count${text} ${count}\n`];
  });
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escapeValue(value)}"`);
  return parts.length === 0 ? "" : `{${parts.join(",")}}`;
}

function escapeValue(text: string): string {
  return text
    .replaceAll("\\", String.raw`\\`)
    .replaceAll('"', String.raw`\"`)
    .replaceAll("\n", String.raw`\n`);
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", String.raw`\\`).replaceAll("\n", String.raw`\n`);
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}
