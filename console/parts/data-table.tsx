// A table: sorted where asked, its head stays in sight, it scrolls in a box of its own, and what it shows can be saved as CSV or
// JSONL, exactly those rows. Paging is the server's: the page says how to go on.
import { type ReactNode, useMemo, useState } from "react";
import { words } from "../words/words.ts";
import { Button } from "./button.tsx";
import { classes } from "./classes.ts";
import styles from "./data-table.module.css";
import { Go } from "./go.tsx";
import { Problem } from "./problem.tsx";
import { type SavedFormat, saveRows } from "./save-rows.ts";

export interface Column<Row> {
  readonly id: string;
  readonly title: string;
  readonly cell: (row: Row) => ReactNode;
  /** What it is sorted by and saved as; a column without it is neither. */
  readonly value?: (row: Row) => string | number | null;
  readonly isSortable?: boolean;
  /** Numbers stand at the end. */
  readonly align?: "end";
}

export interface Sort {
  readonly column: string;
  readonly direction: "ascending" | "descending";
}

export interface Paging {
  /** "1 to 200 of 100,000". */
  readonly shown: string;
  readonly next?: (() => void) | undefined;
  readonly previous?: (() => void) | undefined;
}

export interface DataTableProps<Row> {
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** Address of what a row is about; its first cell leads there. */
  readonly hrefOf?: (row: Row) => string;
  /** Held by the page, where the server sorts; otherwise these rows are sorted here. */
  readonly sort?: Sort | undefined;
  readonly onSort?: (sort: Sort) => void;
  readonly paging?: Paging;
  /** Name of the saved file; `all` brings the rows of the whole filter where not all are shown. */
  readonly save?: { readonly name: string; readonly all?: () => Promise<readonly Row[]> };
  readonly empty?: ReactNode;
}

export function DataTable<Row>(props: DataTableProps<Row>): ReactNode {
  const { caption, columns, keyOf, hrefOf, paging, save, empty } = props;
  const [own, setOwn] = useState<Sort | undefined>(props.sort);
  const sort = props.onSort === undefined ? own : props.sort;
  const rows = useMemo(
    () => (props.onSort === undefined ? sorted(props.rows, { columns, sort }) : props.rows),
    [props.rows, props.onSort, columns, sort],
  );
  if (rows.length === 0) return empty ?? <p className={styles.none}>{words.parts.table.none}</p>;
  return (
    <div className={styles.whole}>
      <div className={styles.box} role="region" aria-label={words.parts.table.scroll(caption)} tabIndex={0}>
        <table className={styles.table}>
          <caption className={styles.caption}>{caption}</caption>
          <thead>
            <tr>
              {columns.map((column) => (
                <Head key={column.id} column={column} sort={sort} onSort={props.onSort ?? setOwn} />
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <OneRow key={keyOf(row)} row={row} columns={columns} href={hrefOf?.(row)} />
            ))}
          </tbody>
        </table>
      </div>
      <div className={styles.foot}>
        {paging === undefined ? null : <Pager paging={paging} />}
        {save === undefined ? null : <Saver columns={columns} name={save.name} rows={save.all ?? (async () => rows)} />}
      </div>
    </div>
  );
}

interface OneRowProps<Row> {
  readonly row: Row;
  readonly columns: readonly Column<Row>[];
  readonly href: string | undefined;
}

/** Drawn anew where its row or the columns are others: whoever shows many rows keeps both. */
function OneRow<Row>({ row, columns, href }: OneRowProps<Row>): ReactNode {
  return useMemo(
    () => (
      <tr>
        {columns.map((column, index) => (
          <td key={column.id} className={classes(column.align === "end" && styles.end)}>
            {index === 0 && href !== undefined ? <Go href={href}>{column.cell(row)}</Go> : column.cell(row)}
          </td>
        ))}
      </tr>
    ),
    [row, columns, href],
  );
}

interface HeadProps<Row> {
  readonly column: Column<Row>;
  readonly sort: Sort | undefined;
  readonly onSort: (sort: Sort) => void;
}

function Head<Row>({ column, sort, onSort }: HeadProps<Row>): ReactNode {
  const here = sort?.column === column.id ? sort.direction : undefined;
  const isSortable = column.isSortable === true;
  return (
    <th
      scope="col"
      aria-sort={isSortable ? (here ?? "none") : undefined}
      className={classes(column.align === "end" && styles.end)}
    >
      {isSortable ? (
        <button
          type="button"
          className={styles.sort}
          title={words.parts.table.sortBy(column.title)}
          onClick={() => {
            onSort({ column: column.id, direction: here === "ascending" ? "descending" : "ascending" });
          }}
        >
          {column.title}
          <span aria-hidden="true">{{ ascending: " ▲", descending: " ▼", none: "" }[here ?? "none"]}</span>
        </button>
      ) : (
        column.title
      )}
    </th>
  );
}

function Pager({ paging: { shown, next, previous } }: { readonly paging: Paging }): ReactNode {
  return (
    <div className={styles.pager}>
      <span>{shown}</span>
      <Button small isDisabled={previous === undefined} onPress={() => previous?.()}>
        {words.parts.table.previous}
      </Button>
      <Button small isDisabled={next === undefined} onPress={() => next?.()}>
        {words.parts.table.next}
      </Button>
    </div>
  );
}

interface SaverProps<Row> {
  readonly columns: readonly Column<Row>[];
  readonly name: string;
  readonly rows: () => Promise<readonly Row[]>;
}

function Saver<Row>({ columns, name, rows }: SaverProps<Row>): ReactNode {
  const kept = columns.flatMap(({ id, value }) => (value === undefined ? [] : [{ id, value }]));
  const [failure, setFailure] = useState<unknown>();
  const save = async (format: SavedFormat): Promise<void> => {
    setFailure(undefined);
    try {
      saveRows(await rows(), { columns: kept, name, format });
    } catch (error) {
      setFailure(error);
    }
  };
  return (
    <div className={styles.pager}>
      <span>{words.parts.table.export}</span>
      {(["csv", "jsonl"] as const).map((format) => (
        <Button
          key={format}
          small
          onPress={() => {
            void save(format);
          }}
        >
          {words.parts.table[format]}
        </Button>
      ))}
      {failure === undefined ? null : <Problem failure={failure} />}
    </div>
  );
}

interface Sorting<Row> {
  readonly columns: readonly Column<Row>[];
  readonly sort: Sort | undefined;
}

function sorted<Row>(rows: readonly Row[], { columns, sort }: Sorting<Row>): readonly Row[] {
  const value = columns.find(({ id }) => id === sort?.column)?.value;
  if (sort === undefined || value === undefined) return rows;
  const sign = sort.direction === "ascending" ? 1 : -1;
  return rows.toSorted((one, other) => sign * compared(value(one), value(other)));
}

function compared(one: string | number | null, other: string | number | null): number {
  if (typeof one === "number" && typeof other === "number") return one - other;
  return String(one ?? "").localeCompare(String(other ?? ""), "en");
}
