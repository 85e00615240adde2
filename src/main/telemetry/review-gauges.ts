// What is told of reviews: who waits, since when, and what was decided. Only the control plane knows.
import type { Control } from "../../control/open-control.ts";
import type { Instant } from "../../terms/ids.ts";
import { type Snapshot, gauge, single } from "./series.ts";

export async function waitingGauges(
  { waitingReviews }: Pick<Control, "waitingReviews">,
  now: Instant,
): Promise<readonly Snapshot[]> {
  const { count, oldest } = await waitingReviews();
  const age = oldest === null ? 0 : Math.max(0, now - oldest) / 1000;
  return [
    single("headgate_reviews_waiting", "Requests that wait for a person.", count),
    single("headgate_review_oldest_seconds", "For how long the first of them has waited; 0 where none does.", age),
  ];
}

export function decisionGauges({ state }: Pick<Control, "state">): readonly Snapshot[] {
  const points = (["allow", "refuse"] as const).map((verdict) => ({
    labels: { verdict },
    value: state.reviewed[verdict],
  }));
  return [gauge("headgate_review_decisions", "Reviews in the ledger by the last word on each.", points)];
}
