// A verdict as a word, a shape and a colour: none of the three says it alone.
import type { ReactNode } from "react";
import { words } from "../words/words.ts";
import { classes } from "./classes.ts";
import styles from "./verdict.module.css";

export type VerdictValue = "pass" | "fail" | "inconclusive" | "not-asked";

export interface VerdictProps {
  readonly value: VerdictValue;
  /** Another word than the verdict's own, where people say it otherwise. */
  readonly word?: string;
}

const classOf = { pass: "pass", fail: "fail", inconclusive: "open", "not-asked": "none" } as const;

export function Verdict({ value, word }: VerdictProps): ReactNode {
  return (
    <span className={classes(styles.verdict, styles[classOf[value]])}>
      <svg className={styles.mark} viewBox="0 0 16 16" aria-hidden="true">
        <VerdictMark value={value} />
      </svg>
      {word ?? words.parts.verdict[value]}
    </span>
  );
}

/** The shape in a square of 16: a circle with a tick, a triangle with a cross, a diamond half filled, a hollow line. */
export function VerdictMark({ value }: { readonly value: VerdictValue }): ReactNode {
  switch (value) {
    case "pass":
      return (
        <>
          <circle cx="8" cy="8" r="7" fill="currentColor" />
          <path d="M4.6 8.3 7 10.7l4.4-5" fill="none" stroke="var(--paper)" strokeWidth="1.8" />
        </>
      );
    case "fail":
      return (
        <>
          <path d="M8 .8 15.6 14.6H.4z" fill="currentColor" />
          <path d="m5.9 7.6 4.2 4.9m0-4.9-4.2 4.9" fill="none" stroke="var(--paper)" strokeWidth="1.6" />
        </>
      );
    case "inconclusive":
      return (
        <>
          <path d="M8 1.4 14.6 8 8 14.6 1.4 8z" fill="var(--paper)" stroke="currentColor" strokeWidth="1.6" />
          <path d="M8 1.4v13.2L1.4 8z" fill="currentColor" />
        </>
      );
    case "not-asked":
      return (
        <>
          <circle cx="8" cy="8" r="6.3" fill="none" stroke="currentColor" strokeWidth="1.4" />
          <path d="M5 8h6" fill="none" stroke="currentColor" strokeWidth="1.6" />
        </>
      );
  }
}
