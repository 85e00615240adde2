// The columns of the list of runs: the measure in a sentence first, then whose, by which plan, and which gates count it.
import type { ReactNode } from "react";
import type { EvidenceView } from "../../../src/control/contract-evidence.ts";
import { PersonName } from "../../app/person-name.tsx";
import { Go } from "../../parts/go.tsx";
import type { Column } from "../../parts/data-table.tsx";
import { Time } from "../../parts/time.tsx";
import { shortened } from "../../words/format.ts";
import { words } from "../../words/words.ts";
import styles from "./evidence.module.css";

export type Row = EvidenceView["runs"][number];

const said = words.evidence.runs;

export interface Choosing {
  readonly chosen: readonly Row[];
  readonly choose: (row: Row, isChosen: boolean) => void;
}

export function runColumns({ chosen, choose }: Choosing): readonly Column<Row>[] {
  return [
    {
      id: "chosen",
      title: said.chosen,
      cell: (row) =>
        row.evidence === null || row.permit === null ? null : (
          <input
            type="checkbox"
            aria-label={said.choose(row.run)}
            checked={chosen.some(({ run }) => run === row.run)}
            onChange={({ currentTarget }) => {
              choose(row, currentTarget.checked);
            }}
          />
        ),
    },
    { id: "run", title: said.columns.run, cell: (row) => <RunCell row={row} />, value: ({ run }) => run },
    { id: "measure", title: said.columns.measure, cell: (row) => <MeasureCell row={row} />, value: sentencesOf },
    { id: "plan", title: said.columns.plan, cell: (row) => <PlanCell row={row} />, value: planOf },
    { id: "gates", title: said.columns.gates, cell: (row) => <GatesCell row={row} />, value: gatesOf },
    { id: "by", title: said.columns.by, cell: (row) => <ByCell row={row} />, value: ({ by }) => by },
  ];
}

function RunCell({ row }: { readonly row: Row }): ReactNode {
  const { evidence, model, suite, suiteDigest, run, at } = row;
  const name = `${suite ?? shortened(suiteDigest)} · ${model}`;
  return (
    <span className={styles.cell}>
      {evidence === null ? <b>{name}</b> : <Go href={`/evidence/${evidence.act}`}>{name}</Go>}
      <span className={styles.small}>
        <Time at={at} /> · <code title={run}>{shortened(run)}</code>
      </span>
      {evidence === null ? null : <span className={styles.small}>{words.evidence.basis[evidence.basis]}</span>}
    </span>
  );
}

function sentencesOf({ evidence, permit }: Row): string {
  if (evidence !== null) return evidence.measures.map((measure) => words.evidence.sentence(measure)).join(" ");
  return permit === null ? "" : said.unfinished(permit.exchanges, permit.trials);
}

function MeasureCell({ row }: { readonly row: Row }): ReactNode {
  const { evidence, permit } = row;
  return (
    <span className={styles.sentence}>
      <span className={evidence === null ? styles.warn : undefined}>{sentencesOf(row)}</span>
      {permit?.bare === true ? <p className={styles.warn}>{said.bare}</p> : null}
      {evidence?.withdrawn === true ? (
        <p className={styles.gone}>
          {evidence.withdrawnBy === null ? said.withdrawn : said.withdrawnBy(evidence.withdrawnBy)}
        </p>
      ) : null}
      {evidence === null || evidence.flags.length === 0 ? null : (
        <p className={styles.warn}>{said.flags(evidence.flags.length)}</p>
      )}
    </span>
  );
}

function planOf({ permit }: Row): string {
  return permit === null ? said.notRegistered : said.registered(said.rule[permit.rule], permit.trials);
}

function PlanCell({ row }: { readonly row: Row }): ReactNode {
  return (
    <span className={styles.cell}>
      <span>{planOf(row)}</span>
      {row.permit === null ? null : <span className={styles.small}>{words.evidence.slot[row.permit.slot]}</span>}
    </span>
  );
}

function gatesOf({ gates, evidence }: Row): string {
  if (evidence === null) return said.notSealed;
  const stages = [...new Set(gates.filter(({ notBecause }) => notBecause === null).map(({ stage }) => stage))];
  if (stages.length > 0) return said.counted(stages);
  return gates.length === 0 ? said.noGate : said.notCounted;
}

function GatesCell({ row }: { readonly row: Row }): ReactNode {
  const { gates, certified } = row;
  const counts = gates.some(({ notBecause }) => notBecause === null);
  const why = counts ? undefined : gates[0]?.notBecause;
  return (
    <span className={styles.cell}>
      <span>{gatesOf(row)}</span>
      {why === undefined || why === null ? null : <span className={styles.small}>{said.notBecause[why]}</span>}
      {certified.length === 0 ? null : <span className={styles.small}>{said.certified}</span>}
    </span>
  );
}

function ByCell({ row }: { readonly row: Row }): ReactNode {
  return (
    <span className={styles.cell}>
      <PersonName person={row.by} />
      {row.affiliation === null ? null : <span className={styles.small}>{said.outside(row.affiliation)}</span>}
    </span>
  );
}
