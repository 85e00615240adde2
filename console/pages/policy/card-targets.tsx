// What was asked for of a safeguard beside what came out, what is missed first.
import { type ReactNode, useState } from "react";
import type { SafeguardFigures } from "../../../src/control/contract-policy.ts";
import { Button } from "../../parts/button.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Verdict } from "../../parts/verdict.tsx";
import { safeguardCards } from "../../words/safeguard-cards.ts";
import styles from "./policy.module.css";

type Target = SafeguardFigures["targets"][number];

const said = safeguardCards.targets;

export function CardTargets({ figures: { targets } }: { readonly figures: SafeguardFigures }): ReactNode {
  const [isAll, setAll] = useState(false);
  if (targets.length === 0) return null;
  const missed = targets.filter(({ verdict }) => verdict === "missed");
  const met = targets.filter(({ verdict }) => verdict === "met");
  return (
    <div className={styles.chart}>
      <div>
        <h3>{said.title}</h3>
        <p className={styles.soft}>{said.lead(missed.length, targets.length)}</p>
      </div>
      <DataTable
        caption={said.caption}
        columns={columns}
        rows={isAll || missed.length === 0 ? [...missed, ...met] : missed}
        keyOf={({ what, of }) => `${what} ${of}`}
        save={{ name: "targets" }}
      />
      {missed.length === 0 || met.length === 0 ? null : (
        <div>
          <Button
            small
            onPress={() => {
              setAll(!isAll);
            }}
          >
            {isAll ? said.missedOnly : said.all(met.length)}
          </Button>
        </div>
      )}
    </div>
  );
}

const columns: readonly Column<Target>[] = [
  { id: "what", title: said.what, cell: ({ what }) => what, value: ({ what }) => what },
  {
    id: "of",
    title: said.of,
    cell: ({ of, basis }) => (basis === "record" ? `${of} (${said.record})` : of),
    value: ({ of }) => of,
  },
  { id: "target", title: said.target, align: "end", cell: ({ target }) => target, value: ({ target }) => target },
  { id: "measured", title: said.measured, cell: ({ measured }) => measured, value: ({ measured }) => measured },
  {
    id: "verdict",
    title: said.verdict,
    cell: (target) => (
      <>
        <Verdict value={target.verdict === "met" ? "pass" : "fail"} word={said[target.verdict]} />
        {target.shown ? null : <div className={styles.soft}>{said.notShown}</div>}
      </>
    ),
    value: ({ verdict }) => verdict,
  },
];
