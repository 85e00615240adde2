// Facts about one thing: what each is called, and what it is.
import type { ReactNode } from "react";
import styles from "./facts.module.css";

export interface FactsProps {
  readonly facts: readonly { readonly name: string; readonly value: ReactNode }[];
}

export function Facts({ facts }: FactsProps): ReactNode {
  return (
    <dl className={styles.facts}>
      {facts.map(({ name, value }) => (
        <div key={name} className={styles.fact}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
