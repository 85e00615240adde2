// An interval in words: "below 1 in 65 with 95 % confidence".
import type { ReactNode } from "react";
import { type Bounds, boundsInWords } from "../words/format.ts";

export function Interval(bounds: Bounds): ReactNode {
  return <span>{boundsInWords(bounds)}</span>;
}
