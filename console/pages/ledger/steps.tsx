// The steps of a check, one under the other: a mark, a word, and what was compared.
import type { ReactNode } from "react";
import { Verdict } from "../../parts/verdict.tsx";
import { words } from "../../words/words.ts";
import type { Step } from "./checks.ts";
import styles from "./ledger.module.css";

const marks = { pass: "pass", fail: "fail", "not-checked": "not-asked" } as const;

export function Steps({ steps }: { readonly steps: readonly Step[] }): ReactNode {
  return (
    <ol className={styles.steps}>
      {steps.map(({ name, result, said }) => (
        <li key={name} className={styles.step}>
          <span className={styles.name}>{name}</span>
          <Verdict value={marks[result]} word={words.ledger.entry.result[result]} />
          <span className={result === "fail" ? styles.wrong : styles.quiet}>{said}</span>
        </li>
      ))}
    </ol>
  );
}
