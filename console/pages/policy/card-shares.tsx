// Shares that were found or stopped, one row a category, set or source, with their intervals and how many texts stand behind each.
import type { ReactNode } from "react";
import type { SafeguardFigures } from "../../../src/control/contract-policy.ts";
import { Forest } from "../../charts/forest.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { countInWords, percentInWords } from "../../words/format.ts";
import { safeguardCards } from "../../words/safeguard-cards.ts";
import { words } from "../../words/words.ts";
import styles from "./policy.module.css";

type Shares = SafeguardFigures["shares"][number];
type Row = Shares["rows"][number];

const said = safeguardCards.shares;

export function CardShares({ figures: { shares } }: { readonly figures: SafeguardFigures }): ReactNode {
  return shares.map((one) => <OneForest key={`${one.by} ${one.label} ${one.side}`} shares={one} />);
}

function OneForest({ shares }: { readonly shares: Shares }): ReactNode {
  const title = titleOf(shares);
  // What training never saw stands first: it says most of what is to come.
  const rows = shares.rows.toSorted((one, other) => Number(isHollow(one)) - Number(isHollow(other)));
  const hints = [
    rows.some(isHollow) && rows.some((row) => !isHollow(row)) ? said.hollow : "",
    rows.some(({ limit }) => limit !== undefined) ? said.limit : "",
  ];
  return (
    <div className={styles.chart}>
      <Forest
        title={title}
        description={[leadOf(shares), ...hints].filter((hint) => hint !== "").join(" ")}
        rows={rows.map((row) => ({
          name: row.name,
          estimate: rateOf(row),
          lower: row.found.lower,
          upper: row.found.upper,
          counts: countInWords(row.found.count, row.found.of),
          limit: row.limit,
          isHollow: isHollow(row),
        }))}
        table={
          <DataTable
            caption={title}
            columns={columns}
            rows={rows}
            keyOf={({ name, seen }) => `${name} ${seen}`}
            save={{ name: "shares" }}
          />
        }
      />
    </div>
  );
}

function isHollow({ seen }: Row): boolean {
  return seen !== null && seen !== "left-out";
}

function titleOf({ by, label, side }: Shares): string {
  if (by === "category") return said.title.category;
  const titles: Readonly<Record<string, string>> = said.title[by];
  return titles[`${label} ${side}`] ?? said.title.category;
}

function rateOf({ found: { count, of } }: Row): number {
  return of === 0 ? 0 : count / of;
}

function leadOf({ label, rows }: Shares): string {
  const sorted = rows.toSorted((one, other) => rateOf(other) - rateOf(one));
  const [most, least] = [sorted[0], sorted.at(-1)];
  if (most === undefined || least === undefined) return "";
  if (label === "harmful") return said.most(namedOf(most), namedOf(least));
  return most.found.count === 0 ? said.neverWrong : said.worst(most.name, safeguardCards.share(most.found));
}

function namedOf({ name, found }: Row): { readonly name: string; readonly share: string } {
  return { name, share: safeguardCards.share(found) };
}

const columns: readonly Column<Row>[] = [
  { id: "name", title: said.name, cell: ({ name }) => name, value: ({ name }) => name, isSortable: true },
  {
    id: "seen",
    title: said.what,
    cell: ({ seen }) => (seen === null ? safeguardCards.mixed : safeguardCards.seen[seen]),
    value: ({ seen }) => seen,
  },
  {
    id: "found",
    title: said.found,
    align: "end",
    isSortable: true,
    cell: ({ found }) => safeguardCards.share(found),
    value: rateOf,
  },
  {
    id: "limit",
    title: said.limitColumn,
    align: "end",
    cell: ({ limit }) => (limit === undefined ? words.parts.none : percentInWords(limit)),
    value: ({ limit }) => limit ?? null,
  },
];
