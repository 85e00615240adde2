// Where nothing is to be shown: what that means, and what to do next.
import type { ReactNode } from "react";
import styles from "./empty.module.css";

export interface EmptyProps {
  readonly title: string;
  readonly next: ReactNode;
}

export function Empty({ title, next }: EmptyProps): ReactNode {
  return (
    <div className={styles.empty}>
      <p className={styles.title}>{title}</p>
      <div className={styles.next}>{next}</div>
    </div>
  );
}
