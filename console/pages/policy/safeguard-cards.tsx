// What was measured of each safeguard of the chain, from the files that ship beside it; of what others run or nobody measured, that there
// is nothing.
import { useNavigate, useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { pathOf } from "../../../src/control/contract-paths.ts";
import {
  type RulesView,
  SafeguardCardView,
  type SafeguardFigures,
  policyRoutes,
} from "../../../src/control/contract-policy.ts";
import { useView } from "../../app/reads.ts";
import { DigestText } from "../../parts/digest-text.tsx";
import { Problem } from "../../parts/problem.tsx";
import { Section } from "../../parts/section.tsx";
import { Tabs } from "../../parts/tabs.tsx";
import { dayInWords } from "../../words/format.ts";
import { safeguardCards as said } from "../../words/safeguard-cards.ts";
import { words } from "../../words/words.ts";
import { CardCurves } from "./card-curves.tsx";
import { CardReliability } from "./card-reliability.tsx";
import { CardShares } from "./card-shares.tsx";
import { CardTargets } from "./card-targets.tsx";
import styles from "./policy.module.css";
import type { ChainEntry } from "./rule-words.ts";

export function SafeguardCards({ rules }: { readonly rules: RulesView }): ReactNode {
  const { card: asked } = useSearch({ strict: false });
  const navigate = useNavigate();
  const entries = entriesOf(rules);
  const shown = entries.find(({ safeguard }) => safeguard === asked) ?? entries[0];
  if (shown === undefined) return null;
  return (
    <Section title={said.title} lead={said.lead}>
      <Tabs
        label={said.title}
        value={shown.safeguard}
        onChange={(card) => {
          void navigate({ to: "/policy/safeguards", search: { model: rules.model, card }, replace: true });
        }}
        tabs={entries.map((entry) => ({
          id: entry.safeguard,
          title: entry.safeguard,
          content: <Card entry={entry} />,
        }))}
      />
    </Section>
  );
}

/** Each safeguard once, as it is in force where it is. */
function entriesOf({ slots }: RulesView): readonly ChainEntry[] {
  const entries = new Map<string, ChainEntry>();
  for (const entry of slots.flatMap(({ safeguards }) => safeguards.document.chain))
    if (!entries.has(entry.safeguard)) entries.set(entry.safeguard, entry);
  return [...entries.values()];
}

function Card({ entry }: { readonly entry: ChainEntry }): ReactNode {
  const card = useView(pathOf(policyRoutes.card, { safeguard: entry.safeguard }), SafeguardCardView);
  if (card.isError) return <Problem failure={card.error} retry={() => void card.refetch()} />;
  if (card.data === undefined) return <p role="status">{words.parts.loading}</p>;
  const { kind, figures, limits } = card.data;
  if (figures !== null) return <Measured entry={entry} figures={figures} limits={limits} />;
  return kind === "measured" ? null : <p>{said.without[kind]}</p>;
}

interface MeasuredProps {
  readonly entry: ChainEntry;
  readonly figures: SafeguardFigures;
  readonly limits: string | null;
}

function Measured({ entry, figures, limits }: MeasuredProps): ReactNode {
  const rates = "url" in entry || !("block" in entry) ? undefined : entry;
  return (
    <div className={styles.card}>
      <ul className={styles.list}>
        <li>{said.measured(dayInWords(Date.parse(figures.measured)), figures.by)}</li>
        {limits === null ? null : (
          <li>
            {said.limits}: {limits}
          </li>
        )}
        {notesOf(figures, rates).map((note) => (
          <li key={note}>{note}</li>
        ))}
        {figures.weights === null ? null : (
          <li>
            {said.weights}: <DigestText value={figures.weights} what={said.weights} />
          </li>
        )}
      </ul>
      <CardTargets figures={figures} />
      <div className={styles.charts}>
        <CardCurves figures={figures} rate={rates?.review.benignRate} isNarrower={rates?.categories !== undefined} />
        <CardReliability figures={figures} />
      </div>
      <CardShares figures={figures} />
    </div>
  );
}

type Rates = Extract<ChainEntry, { readonly block: { readonly benignRate: number } }>;

/** What has to be known of the figures to read them for this chain. */
function notesOf({ together, shipped }: SafeguardFigures, rates: Rates | undefined): readonly string[] {
  const notes = together.length > 1 ? [said.together(together.join(", "))] : [];
  if (rates === undefined || shipped === null) return notes;
  const here = said.rates(rates.block.benignRate, rates.review.benignRate);
  const there = said.rates(shipped.block, shipped.review);
  return here === there ? notes : [...notes, said.otherRates(here, there)];
}
