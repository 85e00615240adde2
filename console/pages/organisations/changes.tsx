// What differs between two documents, field by field.
import type { ReactNode } from "react";
import { differences } from "../../../src/terms/differences.ts";
import { DataTable } from "../../parts/data-table.tsx";
import { words } from "../../words/words.ts";

export interface ChangesProps {
  readonly before: unknown;
  readonly after: unknown;
}

const said = words.organisations.form;
const charsMax = 200;

export function Changes({ before, after }: ChangesProps): ReactNode {
  const { changesColumns: columns } = said;
  return (
    <DataTable
      caption={said.changes}
      rows={differences(before, after)}
      keyOf={({ path }) => path}
      empty={<p>{said.nothing}</p>}
      columns={[
        { id: "path", title: columns.path, cell: ({ path }) => <code>{path}</code> },
        { id: "before", title: columns.before, cell: (one) => short(one.before) },
        { id: "after", title: columns.after, cell: (one) => short(one.after) },
      ]}
    />
  );
}

function short(value: unknown): string {
  if (value === undefined) return said.absent;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > charsMax ? `${text.slice(0, charsMax)}…` : text;
}
