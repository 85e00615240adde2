// Where each setting of the server comes from, and what is kept how long.
import type { ReactNode } from "react";
import { type SettingView, SettingsView, settingsRoutes } from "../../../src/control/contract-settings.ts";
import { useView } from "../../app/reads.ts";
import { DataTable } from "../../parts/data-table.tsx";
import { Read } from "../../parts/read.tsx";
import { Section } from "../../parts/section.tsx";
import { words } from "../../words/words.ts";
import styles from "./settings.module.css";

const { source, kept } = words.settings;

export function Sources(): ReactNode {
  const view = useView(settingsRoutes.settings, SettingsView);
  return (
    <Read of={view}>
      {(settings) => (
        <div className={styles.parts}>
          <Where view={settings} />
          <Kept view={settings} />
        </div>
      )}
    </Read>
  );
}

interface Shown {
  readonly view: SettingsView;
}

function Where({ view: { settings, version } }: Shown): ReactNode {
  const { columns } = source;
  return (
    <Section title={source.title} lead={`${source.lead} ${source.version} ${version}.`}>
      <DataTable
        caption={source.caption}
        rows={settings}
        keyOf={({ name }) => name}
        columns={[
          {
            id: "name",
            title: columns.name,
            cell: ({ name }) => <code>{name}</code>,
            value: ({ name }) => name,
            isSortable: true,
          },
          {
            id: "value",
            title: columns.value,
            cell: (setting) => <span className={styles.value}>{valueOf(setting)}</span>,
            value: valueOf,
          },
          {
            id: "source",
            title: columns.source,
            cell: (setting) => source.sources[setting.source],
            value: (setting) => setting.source,
            isSortable: true,
          },
        ]}
        save={{ name: "settings" }}
      />
    </Section>
  );
}

function valueOf({ value, isSecret }: SettingView): string {
  return isSecret ? source.secret : (value ?? source.nothing);
}

function Kept({ view }: Shown): ReactNode {
  const { columns } = kept;
  const rows = [
    ...view.kept.map(({ what, days }) => ({ what: kept.what[what], days })),
    ...view.reviewTexts.map(({ policy, retentionDays }) => ({ what: kept.reviews(policy), days: retentionDays })),
  ];
  return (
    <Section title={kept.title}>
      <DataTable
        caption={kept.caption}
        rows={rows}
        keyOf={({ what }) => what}
        columns={[
          { id: "what", title: columns.what, cell: ({ what }) => what, value: ({ what }) => what },
          {
            id: "kept",
            title: columns.kept,
            cell: ({ days }) => (days === null ? kept.forGood : kept.days(days)),
            value: ({ days }) => days,
          },
        ]}
      />
    </Section>
  );
}
