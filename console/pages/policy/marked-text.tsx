// A text with what was found in it marked. Text only, whatever it holds: a mark is an element of ours around a slice of it.
import type { ReactNode } from "react";
import type { FindingView } from "../../../src/control/contract-policy.ts";
import { words } from "../../words/words.ts";
import styles from "./try.module.css";

interface MarkedTextProps {
  readonly text: string;
  /** Its place among the texts. */
  readonly at: number;
  readonly findings: readonly FindingView[];
}

export function MarkedText({ text, at, findings }: MarkedTextProps): ReactNode {
  return (
    <pre className={styles.said} tabIndex={0}>
      {piecesOf(text, at, findings).map(({ start, end, on }) => {
        const piece = text.slice(start, end);
        if (on.length === 0) return piece;
        const isMild = on.every(({ ruling }) => ruling.verdict.kind === "flag" || ruling.verdict.kind === "pass");
        return (
          <mark key={start} className={isMild ? styles.mild : undefined} title={titleOf(on)}>
            {piece}
          </mark>
        );
      })}
    </pre>
  );
}

function titleOf(on: readonly FindingView[]): string {
  return [...new Set(on.map(({ category, detector }) => `${words.policy.category[category]}: ${detector}`))].join(", ");
}

interface Piece {
  readonly start: number;
  readonly end: number;
  readonly on: readonly FindingView[];
}

/** The text cut at every border of a finding. */
function piecesOf(text: string, at: number, findings: readonly FindingView[]): readonly Piece[] {
  const spans = findings.flatMap((finding) =>
    finding.places.filter((place) => place.text === at).map(({ start, end }) => ({ start, end, finding })),
  );
  const borders = new Set([0, text.length, ...spans.flatMap(({ start, end }) => [start, end])]);
  const cuts = [...borders].filter((cut) => cut <= text.length).toSorted((one, other) => one - other);
  return cuts.slice(0, -1).map((start, index) => {
    const end = cuts[index + 1] ?? text.length;
    const on = spans.filter((span) => span.start < end && span.end > start).map(({ finding }) => finding);
    return { start, end, on };
  });
}
