// What is told of webhooks: what waits for each endpoint, for how long, and what was given up.
import type { Control } from "../../control/open-control.ts";
import { type Instant, instantOf } from "../../terms/ids.ts";
import { type Snapshot, gauge } from "./series.ts";

export async function webhookGauges(
  { webhooks }: Pick<Control, "webhooks">,
  now: Instant,
): Promise<readonly Snapshot[]> {
  const endpoints = await webhooks();
  if (endpoints.length === 0) return [];
  const of = (value: (one: (typeof endpoints)[number]) => number): { labels: { endpoint: string }; value: number }[] =>
    endpoints.map((one) => ({ labels: { endpoint: one.name }, value: value(one) }));
  const age = ({ waitingSince }: (typeof endpoints)[number]): number =>
    waitingSince === null ? 0 : Math.max(0, now - instantOf(waitingSince)) / 1000;
  return [
    gauge(
      "headgate_webhook_waiting",
      "Messages that wait for an endpoint.",
      of(({ waiting }) => waiting),
    ),
    gauge("headgate_webhook_oldest_seconds", "For how long the first of them has waited; 0 where none does.", of(age)),
    gauge(
      "headgate_webhook_given_up",
      "Messages of 30 days that an endpoint never took.",
      of(({ givenUp }) => givenUp),
    ),
  ];
}
