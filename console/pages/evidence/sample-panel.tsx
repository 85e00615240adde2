// One sample beside the list: what it came to, and what was said, which is hidden until somebody asks for it. Hidden texts are not in the
// page at all, so that nobody meets them by eye or by ear.
import { type ReactNode, useEffect, useRef } from "react";
import { type EvidenceRunView, SampleView, evidenceRoutes } from "../../../src/control/contract-evidence.ts";
import { pathOf } from "../../../src/control/contract-paths.ts";
import { useView } from "../../app/reads.ts";
import { Button } from "../../parts/button.tsx";
import { DigestText } from "../../parts/digest-text.tsx";
import { Go } from "../../parts/go.tsx";
import { Problem } from "../../parts/problem.tsx";
import { Time } from "../../parts/time.tsx";
import { words } from "../../words/words.ts";
import styles from "./evidence.module.css";
import { CountsAs } from "./sample-columns.tsx";
import { type RunSearch, filterOf, queryOf } from "./search.ts";
import { Transcript } from "./texts/transcript.tsx";
import type { Texts } from "./texts/use-texts.ts";

const said = words.evidence.sample;

export interface SamplePanelProps {
  readonly view: EvidenceRunView;
  readonly digest: string;
  readonly search: RunSearch;
  readonly texts: Texts;
  readonly onOpen: (number: number | undefined) => void;
}

export function SamplePanel({ view, digest, search, texts, onOpen }: SamplePanelProps): ReactNode {
  const number = search.sample ?? 0;
  const path = pathOf(evidenceRoutes.evidenceSample, { digest, number: String(number) });
  const read = useView(path + queryOf(filterOf(search)), SampleView, { isSealed: true });
  const place = useRef<HTMLElement>(null);
  useEffect(() => {
    place.current?.focus();
  }, [number]);
  const { previous = null, next = null } = read.data ?? {};
  // So is the sample after this one.
  const ahead = pathOf(evidenceRoutes.evidenceSample, { digest, number: String(next ?? number) });
  useView(ahead + queryOf(filterOf(search)), SampleView, { enabled: next !== null, isSealed: true });
  useSampleKeys({ previous, next, onOpen });
  return (
    <section ref={place} className={styles.panel} tabIndex={-1} aria-label={said.title(number)}>
      <div className={styles.panelHead}>
        <h2>{said.title(number)}</h2>
        <div className={styles.row}>
          <Step to={previous} onOpen={onOpen} text={said.previous} />
          <Step to={next} onOpen={onOpen} text={said.next} />
          <Button
            small
            onPress={() => {
              onOpen(undefined);
            }}
          >
            {said.close}
          </Button>
        </div>
      </div>
      {read.error === null ? null : <Problem failure={read.error} retry={() => void read.refetch()} />}
      {read.data === undefined ? null : (
        <>
          <Facts sample={read.data} />
          <Transcript sample={read.data} texts={texts} isReport={view.source !== null} />
        </>
      )}
      <p className={styles.small}>{said.keys}</p>
    </section>
  );
}

interface StepProps {
  readonly to: number | null;
  readonly text: string;
  readonly onOpen: (number: number) => void;
}

function Step({ to, text, onOpen }: StepProps): ReactNode {
  return (
    <Button
      small
      isDisabled={to === null}
      onPress={() => {
        if (to !== null) onOpen(to);
      }}
    >
      {text}
    </Button>
  );
}

interface Steps {
  readonly previous: number | null;
  readonly next: number | null;
  readonly onOpen: (number: number | undefined) => void;
}

function useSampleKeys({ previous, next, onOpen }: Steps): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (event.key === "j" && next !== null) onOpen(next);
      if (event.key === "k" && previous !== null) onOpen(previous);
      if (event.key === "Escape") onOpen(undefined);
    };
    document.addEventListener("keydown", onKey);
    return () => {
      document.removeEventListener("keydown", onKey);
    };
  }, [previous, next, onOpen]);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("input, textarea, select, dialog, [role=dialog]") !== null;
}

function Facts({ sample: { row, sample, receipt } }: { readonly sample: SampleView }): ReactNode {
  const { facts } = said;
  const { outcomes } = words.evidence.samples;
  const all: readonly (readonly [string, ReactNode])[] = [
    [facts.item, row.id],
    [facts.unit, row.cluster],
    [facts.attempt, row.attempt],
    [facts.outcome, outcomes[row.outcome]],
    [facts.counts, <CountsAs key="counts" row={row} />],
    [facts.score, row.score],
    [
      facts.graded,
      row.graded.length === 0 ? null : row.graded.map(({ by, verdict }) => `${by}: ${outcomes[verdict]}`).join(", "),
    ],
    [facts.at, <Time key="at" at={row.at} as="moment" />],
    [
      facts.receipt,
      receipt === null ? null : (
        <Go key="receipt" href={`/ledger?q=${receipt}`}>
          {receipt}
        </Go>
      ),
    ],
    [facts.leaf, <DigestText key="leaf" value={sample.item} what={facts.leaf} />],
    [
      facts.commitment,
      sample.answer === null ? null : <DigestText key="answer" value={sample.answer} what={facts.commitment} />,
    ],
  ];
  return (
    <dl className={styles.facts}>
      {all
        .filter(([, value]) => value !== null)
        .flatMap(([name, value]) => [<dt key={`${name} name`}>{name}</dt>, <dd key={name}>{value}</dd>])}
    </dl>
  );
}
