// An organisation's own keys, by their ids.
import type { ReactNode } from "react";
import type { PartnerView } from "../../../src/control/contract-partner.ts";
import { DataTable } from "../../parts/data-table.tsx";
import { Section } from "../../parts/section.tsx";
import { Time } from "../../parts/time.tsx";
import { words } from "../../words/words.ts";

const said = words.partner.keys;

export function PartnerKeys({ view: { keys, key: here } }: { readonly view: PartnerView }): ReactNode {
  const { states, noEnd } = words.organisations.one.keys;
  const { columns } = said;
  return (
    <Section title={said.title} lead={said.lead}>
      <DataTable
        caption={said.caption}
        rows={keys}
        keyOf={({ key }) => key}
        columns={[
          {
            id: "key",
            title: columns.key,
            cell: ({ key }) => (
              <>
                <code>{key}</code>
                {key === here ? ` · ${said.thisOne}` : null}
              </>
            ),
            value: ({ key }) => key,
          },
          { id: "state", title: columns.state, cell: ({ state }) => states[state], value: ({ state }) => state },
          {
            id: "end",
            title: columns.end,
            cell: ({ notAfter }) => (notAfter === null ? noEnd : <Time at={notAfter} as="day" />),
            value: ({ notAfter }) => notAfter,
          },
          {
            id: "used",
            title: columns.used,
            cell: ({ lastUsed }) =>
              lastUsed === null ? words.organisations.neverSeen : words.organisations.lastDay(lastUsed),
            value: ({ lastUsed }) => lastUsed,
          },
        ]}
        save={{ name: "keys" }}
      />
    </Section>
  );
}
