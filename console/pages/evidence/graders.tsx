// Who judged the answers, how often that errs as far as it is stated, and how far two of them agree.
import type { ReactNode } from "react";
import type { EvidenceRunView } from "../../../src/control/contract-evidence.ts";
import { Forest } from "../../charts/forest.tsx";
import { DataTable } from "../../parts/data-table.tsx";
import { Go } from "../../parts/go.tsx";
import { Num } from "../../parts/num.tsx";
import { Section } from "../../parts/section.tsx";
import { words } from "../../words/words.ts";
import styles from "./evidence.module.css";

const said = words.evidence.run.graders;

export interface GradersProps {
  readonly view: EvidenceRunView;
  readonly digest: string;
}

export function Graders({ view, digest }: GradersProps): ReactNode {
  const { overview, suite, calibration } = view;
  const grader = overview.report?.judge ?? suite.grader;
  return (
    <Section title={said.title} lead={said.lead(grader)}>
      <div className={styles.stack}>
        {calibration === null ? <p className={styles.prose}>{said.noError}</p> : <Calibration stated={calibration} />}
        {overview.agreement === null ? (
          <p className={styles.prose}>{said.alone}</p>
        ) : (
          <Agreement agreement={overview.agreement} />
        )}
        {overview.disagreements === 0 ? null : (
          <p>
            {said.differ(overview.disagreements)}{" "}
            <Go href={`/evidence/${digest}?tab=samples&differ=true`}>{said.seeDiffer}</Go>
          </p>
        )}
      </div>
    </Section>
  );
}

type Stated = NonNullable<EvidenceRunView["calibration"]>;

function Calibration({ stated }: { readonly stated: Stated }): ReactNode {
  const rows = [
    { name: said.sensitivity, ...stated.sensitivity },
    { name: said.specificity, ...stated.specificity },
  ].map(({ name, hits, of, lower, upper }) => ({
    name,
    estimate: of === 0 ? 0 : hits / of,
    lower,
    upper,
    counts: said.of(hits, of),
  }));
  const columns = [
    { id: "name", title: said.stated, cell: (row: ForestFacts) => row.name, value: (row: ForestFacts) => row.name },
    { id: "counts", title: said.right, cell: (row: ForestFacts) => row.counts },
    {
      id: "interval",
      title: words.evidence.run.part.interval,
      cell: ({ lower, upper }: ForestFacts) => words.evidence.run.intervalOf(lower, upper),
    },
  ];
  return (
    <Forest
      title={words.evidence.run.calibration.title}
      description={words.evidence.run.calibration.text}
      rows={rows}
      mark={{ at: 0.5, name: said.guessing }}
      table={<DataTable caption={said.stated} columns={columns} rows={rows} keyOf={({ name }) => name} />}
    />
  );
}

type ForestFacts = Parameters<typeof Forest>[0]["rows"][number];

type Agreed = NonNullable<EvidenceRunView["overview"]["agreement"]>;

function Agreement({ agreement }: { readonly agreement: Agreed }): ReactNode {
  const { one, other, agreed, kappa, pairs, bounds } = agreement;
  return (
    <div className={styles.tight}>
      <h3>{said.agreement(one, other)}</h3>
      <p>
        {agreed === null ? said.noPairs : said.agreed(agreed, pairs)}{" "}
        {agreed === null ? null : kappa === null ? said.noKappa : said.kappa(kappa, bounds.lower, bounds.upper)}
      </p>
      <Confusion agreement={agreement} />
    </div>
  );
}

/** What one says by what the other says, of the words that either used. */
function Confusion({ agreement: { one, other, words: verdicts, table } }: { readonly agreement: Agreed }): ReactNode {
  const used = verdicts
    .map((word, at) => ({ word, at }))
    .filter(({ at }) => table[at]?.some((count) => count > 0) === true || table.some((row) => (row[at] ?? 0) > 0));
  const { outcomes } = words.evidence.samples;
  return (
    <div className={styles.scroll} tabIndex={0} role="group" aria-label={said.confusion(one, other)}>
      <table className={styles.cross}>
        <caption className={styles.small}>{said.confusion(one, other)}</caption>
        <thead>
          <tr>
            <th scope="col">{said.rows(one)}</th>
            {used.map(({ word }) => (
              <th key={word} scope="col">
                {outcomes[word]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {used.map(({ word, at }) => (
            <tr key={word}>
              <th scope="row">{outcomes[word]}</th>
              {used.map((column) => (
                <td key={column.word} data-same={column.at === at}>
                  <Num value={table[at]?.[column.at] ?? 0} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
