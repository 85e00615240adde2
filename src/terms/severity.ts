// How bad an incident is, in the order of the words.
import { z } from "zod";

export const Severity = z.enum(["low", "medium", "high", "critical"]);
export type Severity = z.infer<typeof Severity>;

/** Whether the first is at least as bad as the second. */
export function isAtLeast(one: Severity, other: Severity): boolean {
  return Severity.options.indexOf(one) >= Severity.options.indexOf(other);
}
