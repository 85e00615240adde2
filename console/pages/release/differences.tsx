// What a proposal changes against what is certified: model, safeguards, policy and plan, field by field, and only what differs.
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { z } from "zod";
import type { Release } from "../../../src/acts/bodies.ts";
import { askDocument } from "../../app/artefacts.ts";
import { DataTable, type Column } from "../../parts/data-table.tsx";
import { Problem } from "../../parts/problem.tsx";
import { words } from "../../words/words.ts";
import { type Difference, differencesOf } from "./field-differences.ts";
import styles from "./release.module.css";

const said = words.release.proposals;
const kinds = ["model", "safeguards", "policy", "plan"] as const;
type Kind = (typeof kinds)[number];

/** Differences of one document that are listed. */
const shownMax = 60;

export interface DifferencesProps {
  readonly before: Release | undefined;
  readonly after: Release;
}

export function Differences({ before, after }: DifferencesProps): ReactNode {
  if (before === undefined) return <p className={styles.soft}>{said.first}</p>;
  const changed = kinds.filter((kind) => before.digests[kind] !== after.digests[kind]);
  if (changed.length === 0) return <p className={styles.soft}>{said.same}</p>;
  return changed.map((kind) => <DocumentDifferences key={kind} kind={kind} before={before} after={after} />);
}

interface DocumentProps {
  readonly kind: Kind;
  readonly before: Release;
  readonly after: Release;
}

function DocumentDifferences({ kind, before, after }: DocumentProps): ReactNode {
  const [one, other] = [before.digests[kind], after.digests[kind]];
  const read = useQuery({
    queryKey: ["differences", one, other],
    queryFn: async () =>
      differencesOf(...(await Promise.all([askDocument(one, z.unknown()), askDocument(other, z.unknown())]))),
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (read.error !== null) return <Problem failure={read.error} retry={() => void read.refetch()} />;
  if (read.data === undefined) return <p className={styles.soft}>{words.parts.loading}</p>;
  const more = read.data.length - shownMax;
  return (
    <>
      <DataTable
        caption={said.names[kind]}
        columns={columns}
        rows={read.data.slice(0, shownMax)}
        keyOf={({ field }) => field}
      />
      {more > 0 ? <p className={styles.soft}>{said.moreFields(more)}</p> : null}
    </>
  );
}

const columns: readonly Column<Difference>[] = [
  { id: "field", title: said.field, cell: ({ field }) => field, value: ({ field }) => field },
  {
    id: "before",
    title: said.before,
    cell: ({ before }) => before ?? said.absent,
    value: ({ before }) => before ?? null,
  },
  { id: "after", title: said.after, cell: ({ after }) => after ?? said.absent, value: ({ after }) => after ?? null },
];
