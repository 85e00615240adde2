// A page: its title, one sentence that says what it is for, what can be done on it, and what it shows. Its heading takes the
// focus when somebody comes here, so that whoever hears the console hears where they are.
import { type ReactNode, useEffect } from "react";
import { words } from "../words/words.ts";
import styles from "./page.module.css";

export interface PageProps {
  readonly title: string;
  readonly lead?: ReactNode;
  readonly actions?: ReactNode;
  readonly children?: ReactNode;
}

export function Page({ title, lead, actions, children }: PageProps): ReactNode {
  useEffect(() => {
    document.title = words.shell.titleOf(title);
  }, [title]);
  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <div className={styles.said}>
          <h1 tabIndex={-1}>{title}</h1>
          {lead === undefined ? null : <p className={styles.lead}>{lead}</p>}
        </div>
        {actions === undefined ? null : <div className={styles.actions}>{actions}</div>}
      </header>
      {children}
    </div>
  );
}
