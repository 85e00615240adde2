// Who is connected, and who is told: the gateways of the trust root, and the webhooks.
import type { ReactNode } from "react";
import { GatewaysView, WebhooksView, routes } from "../../../src/control/contract.ts";
import { gatewayName, isFollowing } from "../../../src/control/contract-doctor.ts";
import { useView } from "../../app/reads.ts";
import { DataTable } from "../../parts/data-table.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Read } from "../../parts/read.tsx";
import { Section } from "../../parts/section.tsx";
import { Time } from "../../parts/time.tsx";
import { Verdict } from "../../parts/verdict.tsx";
import { numberInWords } from "../../words/format.ts";
import { words } from "../../words/words.ts";
import styles from "./settings.module.css";

const refreshMs = 5_000;

export function Connections(): ReactNode {
  const gateways = useView(routes.gateways, GatewaysView, { refreshMs });
  const webhooks = useView(routes.webhooks, WebhooksView, { refreshMs });
  return (
    <div className={styles.parts}>
      <Read of={gateways}>{(view) => <Gateways view={view} />}</Read>
      <Read of={webhooks}>{(view) => <Webhooks view={view} />}</Read>
    </div>
  );
}

function Gateways({ view }: { readonly view: GatewaysView }): ReactNode {
  const { columns, ...said } = words.settings.gateways;
  return (
    <Section title={said.title} lead={said.lead(numberInWords(view.size))}>
      <DataTable
        caption={said.caption}
        rows={view.gateways}
        keyOf={({ key }) => key}
        columns={[
          { id: "name", title: columns.name, cell: gatewayName, value: ({ key }) => key },
          {
            id: "state",
            title: columns.state,
            cell: (gateway) => (
              <Verdict
                value={isFollowing(gateway) ? "pass" : gateway.connected ? "inconclusive" : "fail"}
                word={gateway.connected ? said.connected : said.away}
              />
            ),
            value: ({ connected }) => (connected ? said.connected : said.away),
          },
          {
            id: "behind",
            title: columns.behind,
            align: "end",
            cell: ({ behind }) => (behind === null ? words.parts.none : numberInWords(behind)),
            value: ({ behind }) => behind,
          },
          {
            id: "seen",
            title: columns.seen,
            cell: ({ lastSeen }) => (lastSeen === null ? said.never : <Time at={lastSeen} />),
            value: ({ lastSeen }) => lastSeen,
          },
        ]}
        save={{ name: "gateways" }}
      />
    </Section>
  );
}

function Webhooks({ view: { endpoints } }: { readonly view: WebhooksView }): ReactNode {
  const { columns, ...said } = words.settings.webhooks;
  return (
    <Section title={said.title} lead={said.lead}>
      <DataTable
        caption={said.caption}
        rows={endpoints}
        keyOf={({ name }) => name}
        empty={<Empty title={said.none} next={said.noneNext} />}
        columns={[
          { id: "name", title: columns.name, cell: ({ name }) => name, value: ({ name }) => name },
          { id: "origin", title: columns.origin, cell: ({ origin }) => origin, value: ({ origin }) => origin },
          {
            id: "events",
            title: columns.events,
            cell: ({ events }) => events.join(", "),
            value: ({ events }) => events.join(" "),
          },
          {
            id: "state",
            title: columns.state,
            cell: ({ failing }) => <Verdict value={failing === null ? "pass" : "fail"} word={failing ?? said.well} />,
            value: ({ failing }) => failing,
          },
          {
            id: "waiting",
            title: columns.waiting,
            align: "end",
            cell: ({ waiting }) => numberInWords(waiting),
            value: ({ waiting }) => waiting,
          },
          {
            id: "last",
            title: columns.last,
            cell: ({ delivered }) => (delivered === null ? said.never : <Time at={delivered} />),
            value: ({ delivered }) => delivered,
          },
        ]}
        save={{ name: "webhooks" }}
      />
    </Section>
  );
}
