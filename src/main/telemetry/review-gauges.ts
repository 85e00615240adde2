// What is told of reviews: who waits, since when, and what was decided. Only the control plane knows; a store that does not
// answer leaves the rest of the page readable.
import type { Control } from "../../control/open-control.ts";
import type { Instant } from "../../terms/ids.ts";
import { type Snapshot, gauge, single } from "./series.ts";

export async function reviewGauges(
  { state, waitingReviews }: Pick<Control, "state" | "waitingReviews">,
  now: Instant,
): Promise<readonly Snapshot[]> {
  const waiting = await waitingReviews().catch(() => undefined);
  const points = (["allow", "refuse"] as const).map((verdict) => ({
    labels: { verdict },
    value: state.reviewed[verdict],
  }));
  const decisions = gauge("headgate_review_decisions", "Reviews in the ledger by the last word on each.", points);
  if (waiting === undefined) return [decisions];
  const age = waiting.oldest === null ? 0 : Math.max(0, now - waiting.oldest) / 1000;
  return [
    single("headgate_reviews_waiting", "Requests that wait for a person.", waiting.count),
    single("headgate_review_oldest_seconds", "For how long the first of them has waited; 0 where none does.", age),
    decisions,
  ];
}
