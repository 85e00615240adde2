// A number with its unit, its digits of one width.
import type { ReactNode } from "react";
import { numberInWords } from "../words/format.ts";

export interface NumProps {
  readonly value: number;
  readonly unit?: string;
}

export function Num({ value, unit }: NumProps): ReactNode {
  return (
    <span>
      {numberInWords(value)}
      {unit === undefined ? null : ` ${unit}`}
    </span>
  );
}
