// A part of a page under a heading of its own.
import { type ReactNode, useId } from "react";
import styles from "./section.module.css";

export interface SectionProps {
  /** Where an address leads to it by `#`. */
  readonly id?: string;
  readonly title: string;
  readonly lead?: ReactNode;
  readonly actions?: ReactNode;
  readonly children?: ReactNode;
}

export function Section({ id: place, title, lead, actions, children }: SectionProps): ReactNode {
  const id = useId();
  return (
    <section id={place} className={styles.section} aria-labelledby={id}>
      <header className={styles.head}>
        <div>
          <h2 id={id}>{title}</h2>
          {lead === undefined ? null : <p className={styles.lead}>{lead}</p>}
        </div>
        {actions === undefined ? null : <div className={styles.actions}>{actions}</div>}
      </header>
      {children}
    </section>
  );
}
