// A moment as people say it, with the exact one in UTC behind it.
import type { ReactNode } from "react";
import { agoInWords, dayInWords, momentInWords } from "../words/format.ts";
import { useNow } from "./now.ts";

export interface TimeProps {
  /** As the contract writes it, or in milliseconds. */
  readonly at: string | number;
  /** `relative` (as said, "3 minutes ago"), the exact moment, or the day only. */
  readonly as?: "relative" | "moment" | "day";
}

export function Time({ at, as = "relative" }: TimeProps): ReactNode {
  const now = useNow();
  const ms = typeof at === "number" ? at : Date.parse(at);
  const exact = momentInWords(ms);
  const text = { relative: agoInWords(ms, now), moment: exact, day: dayInWords(ms) }[as];
  return (
    <time dateTime={new Date(ms).toISOString()} title={exact}>
      {text}
    </time>
  );
}
