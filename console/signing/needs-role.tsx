// In place of controls that the role of the one who is here may not use: who may, in the words that the server refuses with.
import type { ReactNode } from "react";
import { neededFor } from "../../src/acts/authority-words.ts";
import type { Verb } from "../../src/acts/bodies.ts";
import styles from "./needs-role.module.css";
import { useMay } from "./role.ts";

export function NeedsRole({ of }: { readonly of: readonly Verb[] }): ReactNode {
  const may = useMay();
  const missing = of.filter((verb) => !may(verb));
  if (missing.length === 0) return null;
  return <p className={styles.needs}>{missing.map((verb) => neededFor(verb)).join(" ")}</p>;
}
