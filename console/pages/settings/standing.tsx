// What stands against models now, in one table, newest first.
import type { ReactNode } from "react";
import { StandingView, settingsRoutes } from "../../../src/control/contract-settings.ts";
import { useView } from "../../app/reads.ts";
import { DataTable } from "../../parts/data-table.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Go } from "../../parts/go.tsx";
import { Read } from "../../parts/read.tsx";
import { Section } from "../../parts/section.tsx";
import { Time } from "../../parts/time.tsx";
import { words } from "../../words/words.ts";

const said = words.settings.standing;
const refreshMs = 5_000;

export function Standing(): ReactNode {
  const view = useView(settingsRoutes.standing, StandingView, { refreshMs });
  return <Read of={view}>{(standing) => <Stands rows={rowsOf(standing)} />}</Read>;
}

interface Row {
  readonly what: string;
  readonly about: string;
  readonly since: string;
  readonly id: string;
}

function Stands({ rows }: { readonly rows: readonly Row[] }): ReactNode {
  const { columns } = said;
  return (
    <Section title={said.title} lead={said.lead}>
      <DataTable
        caption={said.caption}
        rows={rows}
        keyOf={({ id, about }) => `${id} ${about}`}
        sort={{ column: "since", direction: "descending" }}
        empty={<Empty title={said.none} next={said.noneNext} />}
        columns={[
          { id: "what", title: columns.what, cell: ({ what }) => what, value: ({ what }) => what, isSortable: true },
          { id: "about", title: columns.about, cell: ({ about }) => about, value: ({ about }) => about },
          {
            id: "since",
            title: columns.since,
            cell: ({ since }) => <Time at={since} />,
            value: ({ since }) => since,
            isSortable: true,
          },
          {
            id: "id",
            title: columns.id,
            cell: ({ id }) => <Go href={`/ledger?q=${encodeURIComponent(id)}`}>{id}</Go>,
            value: ({ id }) => id,
          },
        ]}
        save={{ name: "standing" }}
      />
    </Section>
  );
}

function rowsOf({ holds, restrictions, incidents, breakGlasses }: StandingView): readonly Row[] {
  return [
    ...holds.map(({ hold, at, scope, models }) => ({
      what: said.hold,
      about: `${scope} (${models.join(", ")})`,
      since: at,
      id: hold,
    })),
    ...restrictions.map(({ restriction, model, limit, at }) => ({
      what: said.restriction,
      about: `${model}: ${limit.kind === "output-tokens" ? said.tokens(limit.max) : said.category(limit.category)}`,
      since: at,
      id: restriction,
    })),
    ...incidents.map(({ incident, model, severity, at }) => ({
      what: said.incident(severity),
      about: model ?? said.everyModel,
      since: at,
      id: incident,
    })),
    ...breakGlasses.map(({ glass, model, until, open }) => ({
      what: said.glass,
      about: `${model}: ${open ? said.glassOpen : said.glassUnreviewed}`,
      since: until,
      id: glass,
    })),
  ];
}
