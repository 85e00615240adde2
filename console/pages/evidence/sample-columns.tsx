// The columns of the list of samples. The number opens one beside the list.
import { type ReactNode, createContext, use } from "react";
import type { SamplesView } from "../../../src/control/contract-evidence.ts";
import type { Column } from "../../parts/data-table.tsx";
import { Num } from "../../parts/num.tsx";
import { Verdict } from "../../parts/verdict.tsx";
import { numberInWords } from "../../words/format.ts";
import { words } from "../../words/words.ts";
import styles from "./evidence.module.css";

export type SampleRow = SamplesView["samples"][number];

const said = words.evidence.samples;

interface Opens {
  readonly current: number | undefined;
  readonly open: (number: number) => void;
}

/** Which sample is open beside the list, and how another is: apart from the columns, so that opening one draws no row anew. */
export const Opening = createContext<Opens>({ current: undefined, open: () => undefined });

export function sampleColumns(hasAttacks: boolean): readonly Column<SampleRow>[] {
  return [
    { id: "number", title: said.columns.number, cell: ({ number }) => <Open number={number} /> },
    { id: "item", title: said.columns.item, cell: ({ id }) => <Item id={id} /> },
    { id: "category", title: said.columns.category, cell: ({ category }) => category },
    ...(hasAttacks ? [{ id: "attack", title: said.columns.attack, cell: ({ attack }: SampleRow) => attack }] : []),
    { id: "attempt", title: said.columns.attempt, align: "end", cell: ({ attempt }) => <Num value={attempt} /> },
    { id: "outcome", title: said.columns.outcome, cell: ({ outcome }) => said.outcomes[outcome] },
    { id: "counts", title: said.columns.counts, cell: (row) => <CountsAs row={row} /> },
  ];
}

function Open({ number }: { readonly number: number }): ReactNode {
  const { current, open } = use(Opening);
  return (
    <button
      type="button"
      className={styles.openRow}
      aria-label={said.open(number)}
      aria-current={number === current ? "true" : undefined}
      onClick={() => {
        open(number);
      }}
    >
      {numberInWords(number + 1)}
    </button>
  );
}

const idChars = 28;

function Item({ id }: { readonly id: string }): ReactNode {
  return <span title={id}>{id.length > idChars ? `${id.slice(0, idChars - 1)}…` : id}</span>;
}

const verdictOf = { failed: "fail", unknown: "inconclusive", clean: "pass" } as const;

export function CountsAs({ row: { countsAs, isCounted } }: { readonly row: SampleRow }): ReactNode {
  return isCounted ? (
    <Verdict value={verdictOf[countsAs]} word={said.countsAs[countsAs]} />
  ) : (
    <Verdict value="not-asked" word={said.superseded} />
  );
}
