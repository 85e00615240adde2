// The five steps of a first run, each with the entry of the ledger that ticked it. Gone once all are done.
import type { ReactNode } from "react";
import type { NeedsView } from "../../../src/control/contract-needs.ts";
import { Go } from "../../parts/go.tsx";
import { Section } from "../../parts/section.tsx";
import { classes } from "../../parts/classes.ts";
import { words } from "../../words/words.ts";
import styles from "./home.module.css";

const steps = ["connected", "evidence", "signed", "certified", "served"] as const;

export function FirstRun({ view: { firstRun } }: { readonly view: NeedsView }): ReactNode {
  const said = words.home.first;
  if (steps.every((step) => firstRun[step].done)) return null;
  const next = steps.find((step) => !firstRun[step].done);
  return (
    <Section title={said.title} lead={said.lead}>
      <ol className={styles.steps}>
        {steps.map((step) => {
          const { done, entry } = firstRun[step];
          return (
            <li key={step} className={classes(styles.step, done && styles.done)}>
              <span className={styles.tick} role="img" aria-label={done ? said.done : said.open}>
                {done ? tick : null}
              </span>
              <div>
                <p className={styles.name}>
                  {said.steps[step].name}
                  {entry === null ? null : (
                    <span className={styles.entry}>
                      <Go href={`/ledger/${entry}`}>{said.entry(entry)}</Go>
                    </span>
                  )}
                </p>
                {step === next ? <p className={styles.how}>{said.steps[step].how}</p> : null}
              </div>
            </li>
          );
        })}
      </ol>
    </Section>
  );
}

const tick = (
  <svg viewBox="0 0 16 16" aria-hidden="true">
    <path d="M3 8.5 6.5 12 13 4.5" fill="none" stroke="currentColor" strokeWidth="2" />
  </svg>
);
