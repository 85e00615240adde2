// What a score of a safeguard means: how many of the texts that score so much were harmful.
import type { ReactNode } from "react";
import type { SafeguardFigures } from "../../../src/control/contract-policy.ts";
import { Reliability } from "../../charts/reliability.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { numberInWords } from "../../words/format.ts";
import { safeguardCards } from "../../words/safeguard-cards.ts";
import styles from "./policy.module.css";

type Bins = SafeguardFigures["reliability"][number];
type Bin = Bins["bins"][number];

const said = safeguardCards.reliability;

export function CardReliability({ figures: { reliability } }: { readonly figures: SafeguardFigures }): ReactNode {
  return reliability.map(({ name, side, bins }) => (
    <div key={name} className={styles.chart}>
      <Reliability
        title={said.title[side]}
        description={leadOf(bins)}
        across={said.across}
        up={said.up}
        bins={bins.map(({ score, harmful }) => ({ ...harmful, score, share: rateOf(harmful) }))}
        table={
          <DataTable
            caption={said.title[side]}
            columns={columns}
            rows={bins}
            keyOf={({ score }) => String(score)}
            save={{ name: "reliability" }}
          />
        }
      />
    </div>
  ));
}

/** Where score and share are furthest apart. */
function leadOf(bins: readonly Bin[]): string {
  const away = ({ score, harmful }: Bin): number => Math.abs(score - rateOf(harmful));
  const [worst] = bins.toSorted((one, other) => away(other) - away(one));
  return worst === undefined ? "" : said.lead(worst.score.toFixed(2), safeguardCards.share(worst.harmful));
}

function rateOf({ count, of }: Bin["harmful"]): number {
  return of === 0 ? 0 : count / of;
}

const columns: readonly Column<Bin>[] = [
  {
    id: "score",
    title: said.score,
    align: "end",
    cell: ({ score }) => score.toFixed(3),
    value: ({ score }) => score,
  },
  {
    id: "harmful",
    title: said.harmful,
    align: "end",
    cell: ({ harmful }) => safeguardCards.share(harmful),
    value: ({ harmful }) => rateOf(harmful),
  },
  {
    id: "of",
    title: said.of,
    align: "end",
    cell: ({ harmful }) => numberInWords(harmful.of),
    value: ({ harmful }) => harmful.of,
  },
];
