// The parts of a run, by category or by attack, with their intervals, and the same as a table.
import type { ReactNode } from "react";
import type { EvidenceRunView } from "../../../src/control/contract-evidence.ts";
import { Forest } from "../../charts/forest.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Num } from "../../parts/num.tsx";
import { countInWords } from "../../words/format.ts";
import { words } from "../../words/words.ts";

type Part = EvidenceRunView["overview"]["category"][number];

const said = words.evidence.run;

export interface PartsForestProps {
  readonly title: string;
  readonly parts: readonly Part[];
}

export function PartsForest({ title, parts }: PartsForestProps): ReactNode {
  if (parts.length === 0) return null;
  const worst = parts.toSorted((one, other) => rateOf(other) - rateOf(one))[0];
  const what =
    worst === undefined || worst.clustersFailed === 0
      ? said.forestNone
      : said.forestWorst(worst.name, worst.clustersFailed, worst.clusters);
  return (
    <Forest
      title={title}
      description={said.forest(what)}
      rows={parts.map((part) => ({
        name: part.name === "" ? words.evidence.samples.any : part.name,
        estimate: rateOf(part),
        lower: part.interval[0],
        upper: part.interval[1],
        counts: countInWords(part.clustersFailed, part.clusters),
      }))}
      table={
        <DataTable caption={title} columns={columns} rows={parts} keyOf={({ name }) => name} save={{ name: title }} />
      }
    />
  );
}

function rateOf({ clustersFailed, clusters }: Part): number {
  return clusters === 0 ? 0 : clustersFailed / clusters;
}

const columns: readonly Column<Part>[] = [
  { id: "name", title: said.part.name, cell: ({ name }) => name, value: ({ name }) => name, isSortable: true },
  {
    id: "failed",
    title: said.part.failed,
    align: "end",
    isSortable: true,
    cell: ({ clustersFailed, clusters }) => countInWords(clustersFailed, clusters),
    value: ({ clustersFailed }) => clustersFailed,
  },
  {
    id: "unknown",
    title: said.part.unknown,
    align: "end",
    cell: ({ clustersUnknown }) => <Num value={clustersUnknown} />,
    value: ({ clustersUnknown }) => clustersUnknown,
  },
  {
    id: "interval",
    title: said.part.interval,
    align: "end",
    isSortable: true,
    cell: ({ interval: [lower, upper] }) => said.intervalOf(lower, upper),
    value: ({ interval: [, upper] }) => upper,
  },
  {
    id: "tries",
    title: said.part.tries,
    align: "end",
    cell: ({ perCluster }) => <Num value={perCluster} />,
    value: ({ perCluster }) => perCluster,
  },
];
