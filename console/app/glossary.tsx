// The words of the pages, explained. Loaded when somebody asks for them.
import type { ReactNode } from "react";
import { glossary } from "../words/glossary.ts";
import styles from "./shortcuts.module.css";

export function Glossary(): ReactNode {
  return (
    <dl className={styles.words}>
      {glossary.map(({ word, what }) => (
        <div key={word}>
          <dt>{word}</dt>
          <dd>{what}</dd>
        </div>
      ))}
    </dl>
  );
}
