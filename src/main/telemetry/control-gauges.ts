// What is told of the control plane, looked up when somebody asks. What cannot be read at the moment is left out, and standard error
// says so: the rest of the page stays readable, and what is missing is not missing silently.
import type { Control } from "../../control/open-control.ts";
import type { Instant } from "../../terms/ids.ts";
import { troubleIn } from "../../terms/trouble.ts";
import type { Report } from "../report.ts";
import { rejudgedGauges } from "./rejudged-gauges.ts";
import { decisionGauges, waitingGauges } from "./review-gauges.ts";
import type { Snapshot } from "./series.ts";
import { watchGauges } from "./watch-gauges.ts";
import { webhookGauges } from "./webhook-gauges.ts";

type Looked = Pick<Control, "state" | "waitingReviews" | "webhooks" | "rejudged" | "watches">;

export function createControlGauges(control: Looked, report: Report): (now: Instant) => Promise<readonly Snapshot[]> {
  const parts = {
    reviews: async (now: Instant) => waitingGauges(control, now),
    webhooks: async (now: Instant) => webhookGauges(control, now),
    watches: async () => watchGauges(control),
  };
  const missing = new Set<string>();
  return async (now) => {
    const read = await Promise.all(
      Object.entries(parts).map(async ([gauges, part]) => {
        try {
          const found = await part(now);
          missing.delete(gauges);
          return found;
        } catch (error) {
          // Told once, not with each reading.
          if (!missing.has(gauges)) report("telemetry", { gauges, why: troubleIn(error) });
          missing.add(gauges);
          return [];
        }
      }),
    );
    return [...read.flat(), ...decisionGauges(control), ...rejudgedGauges(control, now)];
  };
}
