// The page at /evidence/$digest: one run. What it came to, its samples, and the record that it rests on, each a view with an address.
import { createLazyRoute } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { EvidenceRunView, evidenceRoutes } from "../../../src/control/contract-evidence.ts";
import { pathOf } from "../../../src/control/contract-paths.ts";
import { useView } from "../../app/reads.ts";
import { Notice } from "../../parts/notice.tsx";
import { Page } from "../../parts/page.tsx";
import { Problem } from "../../parts/problem.tsx";
import { Tabs } from "../../parts/tabs.tsx";
import { words } from "../../words/words.ts";
import { Overview } from "./overview.tsx";
import { Record } from "./record.tsx";
import { RunActions } from "./run-actions.tsx";
import { Samples } from "./samples.tsx";
import { RunParams, RunSearch } from "./search.ts";

export const page = createLazyRoute("/evidence/$digest")({ component: RunPage });

const said = words.evidence.run;

function RunPage(): ReactNode {
  const { digest } = RunParams.parse(page.useParams());
  const view = useView(pathOf(evidenceRoutes.evidenceRun, { digest }), EvidenceRunView);
  if (view.error !== null)
    return (
      <Page title={said.notFound}>
        <Problem failure={view.error} retry={() => void view.refetch()} />
      </Page>
    );
  return view.data === undefined ? <Page title={words.evidence.title} /> : <Run digest={digest} view={view.data} />;
}

interface RunProps {
  readonly digest: string;
  readonly view: EvidenceRunView;
}

function Run({ digest, view }: RunProps): ReactNode {
  const search = RunSearch.parse(page.useSearch());
  const navigate = page.useNavigate();
  const set = (next: RunSearch): void => {
    void navigate({
      to: "/evidence/$digest",
      params: { digest },
      search: next,
      replace: next.tab === search.tab,
      resetScroll: false,
    });
  };
  const { row, suite } = view;
  return (
    <Page title={said.lead(suite.name, row.model)} lead={row.run} actions={<RunActions view={view} />}>
      {row.evidence?.withdrawn === true ? (
        <Notice kind="danger" title={words.evidence.runs.withdrawn}>
          <p>{said.isWithdrawn}</p>
        </Notice>
      ) : null}
      <Tabs
        label={said.tabs}
        value={search.tab ?? "overview"}
        onChange={(tab) => {
          set({ ...search, tab: tab === "overview" ? undefined : tab, sample: undefined });
        }}
        tabs={[
          { id: "overview", title: said.overview, content: <Overview view={view} digest={digest} /> },
          {
            id: "samples",
            title: said.samples,
            content: <Samples view={view} digest={digest} search={search} onSearch={set} />,
          },
          { id: "record", title: said.record, content: <Record view={view} digest={digest} /> },
        ]}
      />
    </Page>
  );
}
