// Who is signed in to the console: one's own sessions, and for an owner everybody's. Each can be ended at once.
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { pathOf } from "../../../src/control/contract-paths.ts";
import { EndedView, type SessionView, SessionsView, sessionRoutes } from "../../../src/control/contract-session.ts";
import { useView } from "../../app/reads.ts";
import { ask } from "../../app/server.ts";
import { Button } from "../../parts/button.tsx";
import { DataTable } from "../../parts/data-table.tsx";
import { Problem } from "../../parts/problem.tsx";
import { Read } from "../../parts/read.tsx";
import { Section } from "../../parts/section.tsx";
import { Time } from "../../parts/time.tsx";
import { words } from "../../words/words.ts";

const refreshMs = 15_000;
const said = words.settings.sessions;

export function Sessions(): ReactNode {
  const sessions = useView(sessionRoutes.sessions, SessionsView, { refreshMs });
  const [failure, setFailure] = useState<unknown>(null);
  const client = useQueryClient();
  const end = async (session: SessionView): Promise<void> => {
    setFailure(null);
    try {
      await ask(pathOf(sessionRoutes.sessionOne, { session: session.session }), EndedView, { method: "DELETE" });
    } catch (error) {
      setFailure(error);
    }
    await client.invalidateQueries();
  };
  return (
    <Section title={said.title} lead={said.lead}>
      {failure === null ? null : <Problem failure={failure} />}
      <Read of={sessions}>{(view) => <Table rows={view.sessions} onEnd={(one) => void end(one)} />}</Read>
    </Section>
  );
}

interface TableProps {
  readonly rows: readonly SessionView[];
  readonly onEnd: (session: SessionView) => void;
}

function Table({ rows, onEnd }: TableProps): ReactNode {
  const { columns } = said;
  return (
    <DataTable
      caption={said.caption}
      rows={rows}
      keyOf={({ session }) => session}
      columns={[
        { id: "who", title: columns.who, cell: whoIs, value: whoIs },
        { id: "by", title: columns.by, cell: wayOf, value: wayOf },
        { id: "at", title: columns.at, cell: ({ at }) => <Time at={at} />, value: ({ at }) => at },
        { id: "seen", title: columns.seen, cell: ({ seen }) => <Time at={seen} />, value: ({ seen }) => seen },
        { id: "ends", title: columns.ends, cell: ({ ends }) => <Time at={ends} />, value: ({ ends }) => ends },
        {
          id: "acts",
          title: columns.acts,
          cell: (session) => (
            <Button
              small
              label={session.current ? said.endThis : said.endOf(whoIs(session))}
              onPress={() => {
                onEnd(session);
              }}
            >
              {session.current ? said.endThis : said.end}
            </Button>
          ),
        },
      ]}
    />
  );
}

function whoIs(session: SessionView): string {
  return session.kind === "partner" ? said.organisation(session.organisation) : (session.name ?? session.person);
}

function wayOf(session: SessionView): string {
  return session.kind === "partner" ? said.ways.secret : said.ways[session.by];
}
