// The hours of a week in which a stage is open, in UTC. A window belongs to the days on which it begins, and may reach past
// midnight into the next one. Whether one is open is asked of an instant alone, so that every gateway says the same.
import { z } from "zod";
import { type Instant, toInstant } from "../terms/ids.ts";

const days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
const windowsMax = 14;

const Clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, "a time of day is HH:MM in UTC, 00:00 to 23:59");
const Closing = z
  .string()
  .regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, "the end of a window is HH:MM in UTC, 00:00 to 24:00");

const Window = z
  .strictObject({
    days: z
      .array(z.enum(days))
      .min(1)
      .max(days.length)
      .refine((named) => new Set(named).size === named.length, { error: "the same day stands here twice" }),
    from: Clock,
    /** Not part of the window. Before `from`: on the next day. */
    to: Closing,
  })
  .refine(({ from, to }) => from !== to, {
    path: ["to"],
    error: "a window that ends when it begins says nothing: a whole day is 00:00 to 24:00",
  });
type Window = z.infer<typeof Window>;

export const Hours = z.array(Window).min(1).max(windowsMax);
export type Hours = Readonly<z.infer<typeof Hours>>;

const minuteMs = 60_000;
const dayMinutes = 1_440;
const weekMinutes = 7 * dayMinutes;
const weekMs = weekMinutes * minuteMs;
/** The first Monday after 1970-01-01, a Thursday. */
const firstMondayMs = 4 * dayMinutes * minuteMs;

export function isWithinHours(hours: Hours, at: Instant): boolean {
  return spansOf(hours).some(({ start, minutes }) => sinceStart(start, at) < minutes * minuteMs);
}

/** When it opens next; `at` itself where it is open. */
export function opensAt(hours: Hours, at: Instant): Instant {
  if (isWithinHours(hours, at)) return at;
  const waits = spansOf(hours).map(({ start }) => weekMs - sinceStart(start, at));
  return toInstant(at + Math.min(...waits));
}

/** Each day of each window, from the minute of the week at which it begins. */
function spansOf(hours: Hours): readonly { readonly start: number; readonly minutes: number }[] {
  return hours.flatMap((window) => {
    const length = minutesOf(window.to) - minutesOf(window.from);
    const minutes = length > 0 ? length : length + dayMinutes;
    return window.days.map((day) => ({ start: days.indexOf(day) * dayMinutes + minutesOf(window.from), minutes }));
  });
}

/** Milliseconds since the span last began, less than a week. */
function sinceStart(start: number, at: Instant): number {
  const since = (at - firstMondayMs - start * minuteMs) % weekMs;
  return since < 0 ? since + weekMs : since;
}

function minutesOf(time: string): number {
  const [hour = 0, minute = 0] = time.split(":").map(Number);
  return 60 * hour + minute;
}

export function hoursInWords(hours: Hours): string {
  return `${hours.map(windowInWords).join(", ")} (UTC)`;
}

function windowInWords({ days: named, from, to }: Window): string {
  const isPastMidnight = minutesOf(to) < minutesOf(from);
  return `${named.join(" ")} ${from} to ${to}${isPastMidnight ? " of the next day" : ""}`;
}
