// The page at /evidence: every run on record, newest first, filtered by its address. Two of one suite are chosen here to be compared.
import { createLazyRoute } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { EvidenceView, evidenceRoutes } from "../../../src/control/contract-evidence.ts";
import { everyPage } from "../../app/every-page.ts";
import { useView } from "../../app/reads.ts";
import { ask } from "../../app/server.ts";
import { Button } from "../../parts/button.tsx";
import { DataTable } from "../../parts/data-table.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Go } from "../../parts/go.tsx";
import { Page } from "../../parts/page.tsx";
import { Problem } from "../../parts/problem.tsx";
import { words } from "../../words/words.ts";
import { type Row, runColumns } from "./run-columns.tsx";
import { RunFilters } from "./run-filters.tsx";
import { RunsSearch, queryOf } from "./search.ts";

export const page = createLazyRoute("/evidence")({ component: RunsPage });

const said = words.evidence.runs;
const refreshMs = 15_000;
const pageRows = 50;
const allRows = 200;

function RunsPage(): ReactNode {
  const search = RunsSearch.parse(page.useSearch());
  const navigate = page.useNavigate();
  const view = useView(
    evidenceRoutes.evidence + queryOf({ ...search, passed: undefined, limit: pageRows }),
    EvidenceView,
    { refreshMs },
  );
  const set = (next: RunsSearch): void => {
    void navigate({ to: "/evidence", search: next });
  };
  return (
    <Page title={said.title} lead={said.lead} actions={<Go href="/evidence/import">{said.importReport}</Go>}>
      <RunFilters search={search} view={view.data} onChange={set} />
      {view.error === null ? null : <Problem failure={view.error} retry={() => void view.refetch()} />}
      {view.data === undefined ? null : <Runs view={view.data} search={search} onSearch={set} />}
    </Page>
  );
}

interface RunsProps {
  readonly view: EvidenceView;
  readonly search: RunsSearch;
  readonly onSearch: (search: RunsSearch) => void;
}

function Runs({ view, search, onSearch }: RunsProps): ReactNode {
  const [chosen, setChosen] = useState<readonly Row[]>([]);
  const choose = (row: Row, isChosen: boolean): void => {
    const others = chosen.filter(({ run, suiteDigest }) => run !== row.run && suiteDigest === row.suiteDigest);
    setChosen(isChosen ? [...others.slice(-1), row] : chosen.filter(({ run }) => run !== row.run));
  };
  const passed = search.after === undefined ? 0 : (search.passed ?? 0);
  const paging = {
    shown: said.shown(view.runs.length === 0 ? 0 : passed + 1, passed + view.runs.length, view.total),
    ...(view.next === null
      ? {}
      : {
          next: () => {
            onSearch({ ...search, after: view.next ?? undefined, passed: passed + view.runs.length });
          },
        }),
    ...(search.after === undefined
      ? {}
      : {
          previous: () => {
            onSearch({ ...search, after: undefined, passed: undefined });
          },
        }),
  };
  const isFiltered = Object.values(search).some((value) => value !== undefined);
  const nothing = isFiltered ? (
    <Empty title={said.noneFit} next={<Go href="/evidence">{said.noneFitNext}</Go>} />
  ) : (
    <Empty title={said.none} next={said.noneNext} />
  );
  return (
    <>
      <DataTable
        caption={said.caption}
        columns={runColumns({ chosen, choose })}
        rows={view.runs}
        keyOf={({ run }) => run}
        paging={paging}
        save={{ name: "runs", all: async () => wholeFilter(search) }}
        empty={nothing}
      />
      {chosen.length === 0 ? null : <CompareLink chosen={chosen} />}
    </>
  );
}

async function wholeFilter(search: RunsSearch): Promise<readonly Row[]> {
  return everyPage(async (after: number | undefined) => {
    const query = queryOf({ ...search, passed: undefined, after, limit: allRows });
    const { runs, next } = await ask(evidenceRoutes.evidence + query, EvidenceView);
    return { rows: runs, next };
  });
}

function CompareLink({ chosen }: { readonly chosen: readonly Row[] }): ReactNode {
  const navigate = page.useNavigate();
  const [one, other] = chosen.map(({ evidence }) => evidence?.act);
  return (
    <p>
      <Button
        kind="primary"
        isDisabled={other === undefined}
        onPress={() => {
          void navigate({ to: "/evidence/compare", search: { a: one, b: other } });
        }}
      >
        {said.compare(chosen.length)}
      </Button>
    </p>
  );
}
