// What is told of decisions that were judged again: whether each would pass today, and how long ago that was judged.
import type { Control } from "../../control/open-control.ts";
import type { Instant } from "../../terms/ids.ts";
import { type Snapshot, gauge } from "./series.ts";

export function rejudgedGauges({ rejudged }: Pick<Control, "rejudged">, now: Instant): readonly Snapshot[] {
  const all = rejudged();
  if (all.length === 0) return [];
  const of = (value: (one: (typeof all)[number]) => number): { labels: { model: string }; value: number }[] =>
    all.map((one) => ({ labels: { model: one.model }, value: value(one) }));
  return [
    gauge(
      "headgate_would_pass",
      "1 where the decision that a model is open by would pass its gate today.",
      of(({ verdict }) => (verdict === "pass" ? 1 : 0)),
    ),
    gauge(
      "headgate_rejudged_age_seconds",
      "How long ago that was judged.",
      of(({ at }) => Math.max(0, now - at) / 1000),
    ),
  ];
}
