// Where each model stands, in a sentence, and the way to why it is not further.
import type { ReactNode } from "react";
import type { NeedsView } from "../../../src/control/contract-needs.ts";
import { Go } from "../../parts/go.tsx";
import { Section } from "../../parts/section.tsx";
import { words } from "../../words/words.ts";
import styles from "./home.module.css";

export function Standings({ models }: Pick<NeedsView, "models">): ReactNode {
  const said = words.home.standings;
  if (models.length === 0) return null;
  return (
    <Section title={said.title}>
      <ul className={styles.needs}>
        {models.map(({ model, stage, closed }) => (
          <li key={model} className={styles.need}>
            <p className={styles.said}>{said.sentence(model, stage, words.release.models.because(closed))}</p>
            <span className={styles.action}>
              <Go href={`/release/${encodeURIComponent(model)}`}>{said.why}</Go>
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );
}
