// Which models there are, and at what stage each is.
import { createLazyRoute } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { NeedsView, needsRoutes } from "../../../src/control/contract-needs.ts";
import { useView } from "../../app/reads.ts";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Page } from "../../parts/page.tsx";
import { Problem } from "../../parts/problem.tsx";
import { words } from "../../words/words.ts";

export const page = createLazyRoute("/release")({ component: ReleasePage });

type Row = NeedsView["models"][number];

const said = words.release.models;
const columns: readonly Column<Row>[] = [
  { id: "model", title: said.model, cell: ({ model }) => model, value: ({ model }) => model, isSortable: true },
  { id: "stage", title: said.stage, cell: ({ stage }) => stage, value: ({ stage }) => stage, isSortable: true },
  {
    id: "closed",
    title: said.closed,
    cell: ({ closed }) => said.because(closed),
    value: ({ closed }) => said.because(closed),
  },
];

function ReleasePage(): ReactNode {
  const { data, error, refetch } = useView(needsRoutes.needs, NeedsView, { refreshMs: 5_000 });
  return (
    <Page title={words.release.title} lead={words.release.lead}>
      {error === null ? null : <Problem failure={error} retry={() => void refetch()} />}
      {data === undefined ? null : (
        <DataTable
          caption={said.caption}
          columns={columns}
          rows={data.models}
          keyOf={({ model }) => model}
          hrefOf={({ model }) => `/release/${encodeURIComponent(model)}`}
          empty={<Empty title={words.release.empty} next={words.release.next} />}
        />
      )}
    </Page>
  );
}
