// Something said beside the work: what happened, or what to mind.
import type { ReactNode } from "react";
import { classes } from "./classes.ts";
import styles from "./notice.module.css";

export interface NoticeProps {
  readonly kind?: "said" | "done" | "warning" | "danger";
  readonly title?: string;
  readonly children?: ReactNode;
}

export function Notice({ kind = "said", title, children }: NoticeProps): ReactNode {
  return (
    <div className={classes(styles.notice, styles[kind])}>
      {title === undefined ? null : <p className={styles.title}>{title}</p>}
      {children}
    </div>
  );
}
