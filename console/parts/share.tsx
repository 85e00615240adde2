// A share as counted: "3 of 200 (1.5 %)".
import type { ReactNode } from "react";
import { countInWords, percentInWords } from "../words/format.ts";

export interface ShareProps {
  readonly count: number;
  readonly of: number;
}

export function Share({ count, of }: ShareProps): ReactNode {
  return (
    <span>
      {countInWords(count, of)}
      {of === 0 ? null : ` (${percentInWords(count / of)})`}
    </span>
  );
}
