// What a run came to: its sentence first, then categories and attacks with their intervals, outcomes, graders, the items that failed
// most, and the gates that count it.
import type { ReactNode } from "react";
import type { EvidenceRunView } from "../../../src/control/contract-evidence.ts";
import { flagInWords } from "../../../src/evidence/import/record.ts";
import { DataTable } from "../../parts/data-table.tsx";
import { Go } from "../../parts/go.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Num } from "../../parts/num.tsx";
import { Section } from "../../parts/section.tsx";
import { Verdict } from "../../parts/verdict.tsx";
import { words } from "../../words/words.ts";
import styles from "./evidence.module.css";
import { Graders } from "./graders.tsx";
import { PartsForest } from "./parts-forest.tsx";

export interface OverviewProps {
  readonly view: EvidenceRunView;
  readonly digest: string;
}

const said = words.evidence.run;

export function Overview({ view, digest }: OverviewProps): ReactNode {
  const { overview } = view;
  return (
    <div className={styles.stack}>
      <Headline view={view} />
      <Care view={view} />
      {overview.category.length + overview.attack.length === 0 ? null : (
        <Section title={said.where}>
          <div className={styles.stack}>
            <PartsForest title={said.by.category} parts={overview.category} />
            <PartsForest title={said.by.attack} parts={overview.attack} />
          </div>
        </Section>
      )}
      <Gates view={view} />
      <Worst view={view} digest={digest} />
      <Outcomes view={view} digest={digest} />
      <Graders view={view} digest={digest} />
    </div>
  );
}

function Headline({ view: { row, overview, suite } }: Pick<OverviewProps, "view">): ReactNode {
  const { tally, upper, lower, confidence } = overview;
  const failure = row.evidence?.measures[0]?.failure ?? null;
  const { failures, trials, unknown } = tally;
  const counted = { failure, failures, trials, unknown, upper, lower, confidence, isExact: true };
  return (
    <div className={styles.tight}>
      <p className={styles.headline}>{words.evidence.sentence(counted)}</p>
      {tally.clusters === tally.trials ? null : (
        <p className={styles.prose}>{said.units(tally.clustersFailed, tally.clusters, tally.clustersUnknown)}</p>
      )}
      <p className={styles.prose}>{said.tries(overview.tries, overview.attempts, overview.unanswered)}</p>
      {row.evidence?.basis === "declared" ? null : <p className={styles.prose}>{said.scope(suite.answerTokens)}</p>}
    </div>
  );
}

/** Of a report from elsewhere: who says what, and every reason to trust it less. */
function Care({ view: { overview, row } }: Pick<OverviewProps, "view">): ReactNode {
  const { report } = overview;
  const flags = row.evidence?.flags ?? [];
  if (report === null && flags.length === 0) return null;
  return (
    <Notice kind={flags.length === 0 ? "said" : "warning"} title={flags.length === 0 ? said.declared.title : said.care}>
      {report === null ? null : <p>{said.declared.text({ ...report, model: report.target.model })}</p>}
      {flags.length === 0 ? null : (
        <ul>
          {flags.map((flag) => (
            <li key={flag}>{flagInWords(flag)}</li>
          ))}
        </ul>
      )}
    </Notice>
  );
}

function Gates({ view: { row } }: Pick<OverviewProps, "view">): ReactNode {
  const { gates } = said;
  const columns = [
    { id: "stage", title: gates.stage, cell: (gate: Gate) => <b>{gate.stage}</b>, value: (gate: Gate) => gate.stage },
    {
      id: "slot",
      title: gates.slot,
      cell: (gate: Gate) => words.evidence.slot[gate.slot],
      value: (gate: Gate) => gate.slot,
    },
    {
      id: "requirements",
      title: gates.requirement,
      cell: (gate: Gate) => gate.requirements.join(", "),
      value: (gate: Gate) => gate.requirements.join(" "),
    },
    { id: "counts", title: gates.counts, cell: countsCell, value: (gate: Gate) => gate.notBecause ?? gates.yes },
  ];
  return (
    <Section title={gates.title} lead={gates.lead}>
      <DataTable
        caption={gates.title}
        columns={columns}
        rows={row.gates}
        keyOf={(gate) => `${gate.slot} ${gate.stage}`}
        empty={<p className={styles.prose}>{gates.none}</p>}
      />
    </Section>
  );
}

type Gate = EvidenceRunView["row"]["gates"][number];

function countsCell({ notBecause }: Gate): ReactNode {
  const { gates } = said;
  return notBecause === null ? (
    <Verdict value="pass" word={gates.yes} />
  ) : (
    <Verdict value="not-asked" word={gates.no(words.evidence.runs.notBecause[notBecause])} />
  );
}

type Worst = EvidenceRunView["overview"]["worst"][number];

function Worst({ view: { overview }, digest }: OverviewProps): ReactNode {
  const { worst } = said;
  const columns = [
    {
      id: "item",
      title: worst.item,
      cell: ({ id }: Worst) => <Go href={`/evidence/${digest}?tab=samples&q=${encodeURIComponent(id)}`}>{id}</Go>,
      value: ({ id }: Worst) => id,
    },
    { id: "unit", title: worst.unit, cell: ({ cluster }: Worst) => cluster, value: ({ cluster }: Worst) => cluster },
    {
      id: "failed",
      title: worst.failed,
      align: "end" as const,
      cell: ({ failed, attempts }: Worst) => words.evidence.compare.failedOf(failed, attempts),
      value: ({ failed }: Worst) => failed,
    },
    {
      id: "unknown",
      title: worst.unknown,
      align: "end" as const,
      cell: ({ unknown }: Worst) => <Num value={unknown} />,
      value: ({ unknown }: Worst) => unknown,
    },
  ];
  return (
    <Section title={worst.title}>
      <DataTable
        caption={worst.title}
        columns={columns}
        rows={overview.worst}
        keyOf={({ leaf }) => leaf}
        save={{ name: "worst-items" }}
        empty={<p className={styles.prose}>{worst.none}</p>}
      />
    </Section>
  );
}

function Outcomes({ view: { overview }, digest }: OverviewProps): ReactNode {
  const rows = Object.entries(overview.outcomes);
  const { outcomes } = words.evidence.samples;
  const isKnown = (name: string): name is keyof typeof outcomes => Object.hasOwn(outcomes, name);
  return (
    <Section title={said.outcomes.title}>
      <dl className={styles.facts}>
        {rows.map(([name, count]) => (
          <div key={name} className={styles.row}>
            <dt>
              <Go href={`/evidence/${digest}?tab=samples&outcome=${name}`}>{isKnown(name) ? outcomes[name] : name}</Go>
            </dt>
            <dd>
              <Num value={count} />
            </dd>
          </div>
        ))}
      </dl>
    </Section>
  );
}
