// The page at /policy/safeguards: the chain in order, with what each safeguard does, for whom, and at what it stops.
import { createLazyRoute } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { RulesSlot, RulesView } from "../../../src/control/contract-policy.ts";
import { DataTable } from "../../parts/data-table.tsx";
import { Section } from "../../parts/section.tsx";
import { words } from "../../words/words.ts";
import { PolicyFrame } from "./frame.tsx";
import styles from "./policy.module.css";
import { type ChainEntry, entryName, exceptWords, sidesWords, stopsWords, streamWords } from "./rule-words.ts";
import { SafeguardCards } from "./safeguard-cards.tsx";
import { SlotFacts, slotLead } from "./slot-facts.tsx";

export const page = createLazyRoute("/policy/safeguards")({ component: SafeguardsPage });

function SafeguardsPage(): ReactNode {
  const { chain } = words.policy;
  return (
    <PolicyFrame here="/policy/safeguards" title={chain.title} lead={chain.lead}>
      {(rules) => (
        <>
          {rules.slots.map((slot) => (
            <ChainOf key={slot.slot} slot={slot} rules={rules} />
          ))}
          <SafeguardCards rules={rules} />
        </>
      )}
    </PolicyFrame>
  );
}

interface Row {
  readonly place: number;
  readonly entry: ChainEntry;
}

function ChainOf({ slot, rules }: { readonly slot: RulesSlot; readonly rules: RulesView }): ReactNode {
  const { chain, slot: names } = words.policy;
  const { document } = slot.safeguards;
  return (
    <Section title={names[slot.slot]} lead={slotLead(slot, rules)}>
      <SlotFacts slot={slot} kind="safeguards" />
      <DataTable
        caption={`${chain.caption}: ${names[slot.slot]}`}
        columns={columnsOf()}
        rows={document.chain.map((entry, place): Row => ({ place, entry }))}
        keyOf={({ place }) => String(place)}
      />
      <p className={styles.note}>{streamWords(document)}</p>
    </Section>
  );
}

function columnsOf(): Parameters<typeof DataTable<Row>>[0]["columns"] {
  const { chain } = words.policy;
  return [
    { id: "place", title: chain.place, align: "end", cell: ({ place }) => place + 1 },
    { id: "name", title: chain.name, cell: ({ entry }) => entryName(entry) },
    { id: "sides", title: chain.sides, cell: ({ entry }) => sidesWords(entry) },
    { id: "mode", title: chain.mode, cell: ({ entry }) => chain.modes[entry.mode] },
    { id: "stops", title: chain.stops, cell: ({ entry }) => <Lines lines={stopsWords(entry)} /> },
    { id: "except", title: chain.except, cell: ({ entry }) => <Lines lines={exceptWords(entry)} /> },
  ];
}

function Lines({ lines }: { readonly lines: readonly string[] }): ReactNode {
  if (lines.length === 0) return words.parts.none;
  return (
    <div className={styles.lines}>
      {lines.map((line) => (
        <span key={line}>{line}</span>
      ))}
    </div>
  );
}
