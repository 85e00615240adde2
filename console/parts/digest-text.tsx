// A digest or a key, short enough to read: its beginning, the whole in its title, and a button that copies the whole.
import type { ReactNode } from "react";
import { shortened } from "../words/format.ts";
import { CopyButton } from "./copy-button.tsx";
import styles from "./digest-text.module.css";

export interface DigestTextProps {
  readonly value: string;
  /** What it is of, for those who hear the button. */
  readonly what?: string;
}

export function DigestText({ value, what }: DigestTextProps): ReactNode {
  const short = shortened(value);
  return (
    <span className={styles.digest}>
      <code title={value}>{short}</code>
      <CopyButton text={value} what={what ?? short} />
    </span>
  );
}
