// Entries as rows: what happened in a sentence, who signed, when. Intervals of receipts that follow one another are one row.
import type { ReactNode } from "react";
import type { LedgerRow } from "../../../src/control/contract-ledger.ts";
import { type Column, DataTable, type DataTableProps } from "../../parts/data-table.tsx";
import { Time } from "../../parts/time.tsx";
import { words } from "../../words/words.ts";
import styles from "./ledger.module.css";
import { type People, signerName, withNames } from "./people.ts";

interface RowsTableProps extends Pick<DataTableProps<LedgerRow>, "caption" | "paging" | "save" | "empty"> {
  readonly rows: readonly LedgerRow[];
  readonly people: People;
}

export function RowsTable({ rows, people, ...rest }: RowsTableProps): ReactNode {
  return (
    <DataTable
      {...rest}
      rows={rows}
      columns={columnsFor(people)}
      keyOf={({ first, last }) => `${first}-${last}`}
      hrefOf={hrefOf}
    />
  );
}

/** Of folded intervals the list of them, each by itself. */
function hrefOf({ first, last }: LedgerRow): string {
  return first === last ? `/ledger/${first}` : `/ledger?verb=receipts&pages=${last + 1}`;
}

const said = words.ledger.columns;

function columnsFor(people: People): readonly Column<LedgerRow>[] {
  return [
    { id: "entry", title: said.entry, value: ({ first }) => first, cell: entryCell },
    { id: "kind", title: said.kind, value: ({ verb }) => verb, cell: ({ verb }) => words.ledger.verbOf(verb) },
    {
      id: "what",
      title: said.words,
      value: (row) => row.words ?? words.ledger.unreadable,
      cell: (row) => <WordsCell row={row} people={people} />,
    },
    {
      id: "signers",
      title: said.signers,
      value: ({ signers }) => signers.map((one) => one.person ?? one.key).join(" "),
      cell: ({ signers, verb }) => signers.map((one) => signerName(one, people, verb)).join(", "),
    },
    { id: "at", title: said.at, value: ({ to }) => to, cell: ({ to }) => <Time at={to} /> },
  ];
}

function entryCell({ first, last }: LedgerRow): ReactNode {
  const text = first === last ? words.ledger.entryOf(first) : words.ledger.entriesOf(first, last);
  return <span className={styles.entry}>{text}</span>;
}

function WordsCell({ row, people }: { readonly row: LedgerRow; readonly people: People }): ReactNode {
  if (row.words === null) return <span className={styles.wrong}>{words.ledger.unreadable}</span>;
  return (
    <div className={styles.sentence}>
      {withNames(row.words, people)}
      {row.refused === null ? null : <p className={styles.wrong}>{words.ledger.refused(row.refused)}</p>}
    </div>
  );
}
