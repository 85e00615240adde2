// The six stages from nobody to everybody: where the model is, how much of that stage is open, what is certified and shut, what is next.
import type { ReactNode } from "react";
import type { StatusView } from "../../../src/control/contract.ts";
import { Stage } from "../../../src/terms/stage.ts";
import { Section } from "../../parts/section.tsx";
import { classes } from "../../parts/classes.ts";
import { words } from "../../words/words.ts";
import styles from "./release.module.css";

const said = words.release.ladder;

export function Ladder({ status }: { readonly status: StatusView }): ReactNode {
  const { stage: here, certified, next } = status;
  const at = Stage.options.indexOf(here);
  return (
    <Section title={said.title}>
      <figure className={styles.ladder}>
        <figcaption className={styles.hidden}>{said.description(here)}</figcaption>
        <ol>
          {Stage.options.map((stage, index) => (
            <li
              key={stage}
              className={classes(styles.rung, index <= at && styles.reached, stage === here && styles.here)}
              aria-current={stage === here ? "step" : undefined}
            >
              <span className={styles.bar} aria-hidden="true">
                <Fill part={partOpen(status, stage, index <= at)} />
              </span>
              <span className={styles.stage}>{stage}</span>
              <span className={styles.what}>{said.what[stage]}</span>
              <span className={styles.mark}>
                {[
                  ...(stage === here ? [said.here] : []),
                  ...(stage !== here && stage === certified?.stage ? [said.certified] : []),
                  ...(stage === next && index > at ? [said.next] : []),
                ].join(", ")}
              </span>
              {stage === certified?.stage ? <span className={styles.what}>{sharesIn(status)}</span> : null}
            </li>
          ))}
        </ol>
      </figure>
    </Section>
  );
}

function Fill({ part }: { readonly part: number }): ReactNode {
  return (
    <svg viewBox="0 0 100 6" preserveAspectRatio="none">
      <rect width={100 * part} height="6" fill="currentColor" />
    </svg>
  );
}

function partOpen({ stage: here, certified }: StatusView, stage: Stage, isReached: boolean): number {
  if (!isReached || here === "withheld") return 0;
  return stage === certified?.stage ? (certified.share?.open ?? 1) : 1;
}

function sharesIn({ certified, stage }: StatusView): string {
  if (certified === null) return "";
  const share = certified.share === null || stage === "withheld" ? [] : [said.share(certified.share.open)];
  return [...share, said.since(certified.share?.since ?? certified.since)].join(", ");
}
