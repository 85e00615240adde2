// Text for a terminal or a program, with a button that copies it.
import type { ReactNode } from "react";
import { CopyButton } from "./copy-button.tsx";
import styles from "./code.module.css";

export interface CodeProps {
  readonly text: string;
  /** What it is, for those who hear the button. */
  readonly what?: string;
}

export function Code({ text, what }: CodeProps): ReactNode {
  return (
    <div className={styles.code}>
      <pre tabIndex={0}>
        <code>{text}</code>
      </pre>
      <CopyButton text={text} {...(what === undefined ? {} : { what })} />
    </div>
  );
}
