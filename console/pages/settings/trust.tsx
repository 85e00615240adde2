// The trust root in force, and the commands that change it: the console changes none of it.
import type { ReactNode } from "react";
import { TrustView, settingsRoutes } from "../../../src/control/contract-settings.ts";
import { OpenStage } from "../../../src/terms/stage.ts";
import { useView } from "../../app/reads.ts";
import { DataTable } from "../../parts/data-table.tsx";
import { DigestText } from "../../parts/digest-text.tsx";
import { Facts } from "../../parts/facts.tsx";
import { Go } from "../../parts/go.tsx";
import { Read } from "../../parts/read.tsx";
import { Section } from "../../parts/section.tsx";
import { numberInWords } from "../../words/format.ts";
import { words } from "../../words/words.ts";
import styles from "./settings.module.css";

const said = words.settings.trust;

export function Trust(): ReactNode {
  const view = useView(settingsRoutes.trust, TrustView);
  return <Read of={view}>{(trust) => <Root {...trust} />}</Read>;
}

function Root({ digest, firstRoot, ledgerIndex, root }: TrustView): ReactNode {
  const { facts } = said;
  const floors = OpenStage.options.map((stage) => ({
    stage,
    takes: root.floors[stage].map(({ count, role }) => said.quorum(count, role)).join(" + "),
  }));
  return (
    <div className={styles.parts}>
      <Section title={said.title} lead={said.lead}>
        <Facts
          facts={[
            { name: facts.version, value: numberInWords(root.version) },
            { name: facts.digest, value: <DigestText value={digest} /> },
            { name: facts.first, value: <DigestText value={firstRoot} /> },
            { name: facts.entry, value: <Go href={`/ledger/${ledgerIndex}`}>{numberInWords(ledgerIndex)}</Go> },
            { name: facts.persons, value: numberInWords(root.personsForChange) },
            { name: facts.log, value: root.log.origin },
            { name: facts.logKey, value: <code>{root.log.key}</code> },
            { name: facts.control, value: <code>{root.control}</code> },
            {
              name: facts.gateways,
              value: root.gateways.map((key) => (
                <div key={key}>
                  <code>{key}</code>
                </div>
              )),
            },
          ]}
        />
      </Section>
      <Section title={said.floors} lead={said.floorsLead}>
        <DataTable
          caption={said.floors}
          rows={floors}
          keyOf={({ stage }) => stage}
          columns={[
            { id: "stage", title: said.floorsColumns.stage, cell: ({ stage }) => stage },
            { id: "takes", title: said.floorsColumns.quorum, cell: ({ takes }) => takes },
          ]}
        />
      </Section>
      <Section title={said.changes}>
        <DataTable
          caption={said.changes}
          rows={said.commands}
          keyOf={({ what }) => what}
          columns={[
            { id: "what", title: said.changesColumns.what, cell: ({ what }) => what },
            { id: "command", title: said.changesColumns.command, cell: ({ command }) => <code>{command}</code> },
          ]}
        />
      </Section>
    </div>
  );
}
