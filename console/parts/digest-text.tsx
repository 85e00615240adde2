// A digest or a key, short enough to read: its beginning, the whole in its title, and a button that copies the whole.
import type { ReactNode } from "react";
import { CopyButton } from "./copy-button.tsx";
import styles from "./digest-text.module.css";

export interface DigestTextProps {
  readonly value: string;
  /** What it is of, for those who hear the button. */
  readonly what?: string;
}

const shownChars = 12;

export function DigestText({ value, what }: DigestTextProps): ReactNode {
  const at = value.indexOf(":") + 1;
  const short = value.length > at + shownChars + 1 ? `${value.slice(0, at + shownChars)}…` : value;
  return (
    <span className={styles.digest}>
      <code title={value}>{short}</code>
      <CopyButton text={value} what={what ?? short} />
    </span>
  );
}
