// Snapshots as OTLP's JSON writes metrics: sums since the start, gauges, histograms with explicit bounds. Names are ours with
// dots, but where OpenTelemetry's conventions for generative AI have one.
import type { HistogramPoint, Point, Snapshot } from "./series.ts";
import { attributesOf, nanos } from "./otlp-values.ts";

export interface Period {
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly at: number;
}

const conventional: Readonly<Record<string, string>> = {
  headgate_request_duration_seconds: "gen_ai.server.request.duration",
  headgate_request_tokens: "gen_ai.client.token.usage",
};
const conventionalLabels: Readonly<Record<string, string>> = {
  model: "gen_ai.request.model",
  type: "gen_ai.token.type",
};

/** AGGREGATION_TEMPORALITY_CUMULATIVE. */
const cumulative = 2;

export function metricsBody(snapshots: readonly Snapshot[], period: Period): readonly object[] {
  return snapshots.map((snapshot) => metricOf(snapshot, period));
}

function metricOf(snapshot: Snapshot, { startedAt, at }: Period): object {
  const times = { startTimeUnixNano: nanos(startedAt), timeUnixNano: nanos(at) };
  const head = { name: nameOf(snapshot.name), description: snapshot.help, unit: unitOf(snapshot.name) };
  switch (snapshot.kind) {
    case "counter": {
      const dataPoints = snapshot.points.map((point) => ({ ...numberPoint(point), ...times }));
      return { ...head, sum: { aggregationTemporality: cumulative, isMonotonic: true, dataPoints } };
    }
    case "gauge":
      return {
        ...head,
        gauge: { dataPoints: snapshot.points.map((point) => ({ ...numberPoint(point), timeUnixNano: nanos(at) })) },
      };
    case "histogram": {
      const { bounds } = snapshot;
      const dataPoints = snapshot.points.map((point) => ({ ...histogramPoint(point, bounds), ...times }));
      return { ...head, histogram: { aggregationTemporality: cumulative, dataPoints } };
    }
  }
}

function numberPoint({ labels, value }: Point): object {
  return { attributes: labelsOf(labels), asDouble: value };
}

function histogramPoint({ labels, sum, count, counts }: HistogramPoint, bounds: readonly number[]): object {
  const bucketCounts = counts.map(String);
  return { attributes: labelsOf(labels), sum, count: String(count), bucketCounts, explicitBounds: bounds };
}

function labelsOf(labels: Readonly<Record<string, string>>): ReturnType<typeof attributesOf> {
  const named = Object.entries(labels).map(([name, value]) => [conventionalLabels[name] ?? name, value] as const);
  return attributesOf(Object.fromEntries(named));
}

function nameOf(name: string): string {
  return conventional[name] ?? name.replace(/_total$/, "").replace(/^headgate_/, "headgate.");
}

function unitOf(name: string): string {
  if (name === "headgate_request_tokens") return "{token}";
  if (/_seconds(?:_total)?$/.test(name)) return "s";
  return name.endsWith("_bytes") ? "By" : "1";
}
