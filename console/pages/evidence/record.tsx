// What a run rests on: the plan and whether it was followed, every step from permit to certificate with its entry, and the digests.
import type { ReactNode } from "react";
import { EvidencePlanView, type EvidenceRunView, evidenceRoutes } from "../../../src/control/contract-evidence.ts";
import { pathOf } from "../../../src/control/contract-paths.ts";
import { useView } from "../../app/reads.ts";
import { DataTable } from "../../parts/data-table.tsx";
import { DigestText } from "../../parts/digest-text.tsx";
import { Go } from "../../parts/go.tsx";
import { Problem } from "../../parts/problem.tsx";
import { Section } from "../../parts/section.tsx";
import { Time } from "../../parts/time.tsx";
import { Verdict } from "../../parts/verdict.tsx";
import { words } from "../../words/words.ts";
import styles from "./evidence.module.css";

const said = words.evidence.run;

export interface RecordProps {
  readonly view: EvidenceRunView;
  readonly digest: string;
}

export function Record({ view, digest }: RecordProps): ReactNode {
  return (
    <div className={styles.stack}>
      <Plan view={view} digest={digest} />
      <Chain view={view} />
      <Digests view={view} />
    </div>
  );
}

function Plan({ view: { row }, digest }: RecordProps): ReactNode {
  const { permit } = row;
  const { plan: text } = said;
  const isRegistered = permit !== null;
  const read = useView(pathOf(evidenceRoutes.evidencePlan, { digest }), EvidencePlanView, { enabled: isRegistered });
  if (permit === null)
    return (
      <Section title={text.title}>
        <p className={styles.prose}>{text.none}</p>
      </Section>
    );
  const { rule, trials, limit, confidence } = permit;
  const shown = limit === null ? text.noLimit : text.limit(limit);
  return (
    <Section
      title={text.title}
      lead={text.said({ rule: words.evidence.runs.rule[rule], trials, limit: shown, confidence })}
    >
      {read.error === null ? null : <Problem failure={read.error} retry={() => void read.refetch()} />}
      {read.isPending ? <p role="status">{text.checking}</p> : null}
      {read.data?.plan === undefined || read.data.plan === null ? null : (
        <Followed deviations={read.data.plan.deviations} />
      )}
    </Section>
  );
}

type Deviations = NonNullable<EvidencePlanView["plan"]>["deviations"];

function Followed({ deviations }: { readonly deviations: Deviations }): ReactNode {
  if (deviations.length === 0)
    return (
      <div className={styles.tight}>
        <Verdict value="pass" word={said.plan.asRegistered} />
        <p>{said.plan.followed}</p>
      </div>
    );
  return (
    <div className={styles.tight}>
      <Verdict value="fail" word={said.plan.otherwise} />
      <p>{said.plan.deviates}</p>
      <ul>
        {deviations.map(({ code, words: why }) => (
          <li key={code}>
            {why} <code>{code}</code>
          </li>
        ))}
      </ul>
    </div>
  );
}

interface Step {
  readonly name: string;
  readonly what: string;
  readonly at: string | null;
  readonly index: number | null;
  readonly digest: string | null;
}

function stepsOf({ row, receipts, samples, source }: EvidenceRunView): readonly Step[] {
  const { permit, evidence } = row;
  const { chain } = said;
  const none = { at: null, index: null, digest: null };
  return [
    ...(permit === null
      ? []
      : [
          {
            name: chain.permit,
            what: chain.permitText(permit.items, permit.attempts),
            at: permit.at,
            index: permit.index,
            digest: permit.permit,
          },
          { ...none, name: chain.receipts, what: chain.receiptsText(receipts, permit.exchanges) },
        ]),
    ...(source === null
      ? []
      : [{ ...none, name: chain.source, what: chain.sourceText(source.tool), digest: source.file }]),
    { ...none, name: chain.samples, what: chain.samplesText(samples.count), digest: samples.root },
    {
      name: chain.evidence,
      what: chain.evidenceText(row.by),
      at: row.at,
      index: row.index,
      digest: evidence?.act ?? null,
    },
    ...(row.certified.length === 0
      ? []
      : [{ ...none, name: chain.certificate, what: chain.certificateText(row.certified.join(", ")) }]),
  ];
}

function Chain({ view }: Pick<RecordProps, "view">): ReactNode {
  const { chain } = said;
  const columns = [
    { id: "step", title: chain.step, cell: ({ name }: Step) => <b>{name}</b>, value: ({ name }: Step) => name },
    { id: "what", title: chain.what, cell: ({ what }: Step) => what, value: ({ what }: Step) => what },
    {
      id: "at",
      title: words.evidence.runs.columns.at,
      cell: ({ at }: Step) => (at === null ? null : <Time at={at} as="moment" />),
      value: ({ at }: Step) => at,
    },
    {
      id: "proof",
      title: chain.proof,
      cell: ({ index, digest }: Step) => (
        <span className={styles.cell}>
          {index === null ? null : <Go href={`/ledger/${index}`}>{chain.entry(index)}</Go>}
          {digest === null ? null : <DigestText value={digest} />}
        </span>
      ),
      value: ({ digest }: Step) => digest,
    },
  ];
  return (
    <Section title={chain.title} lead={chain.lead}>
      <DataTable
        caption={chain.title}
        columns={columns}
        rows={stepsOf(view)}
        keyOf={({ name }) => name}
        save={{ name: view.row.run }}
      />
    </Section>
  );
}

function Digests({ view: { digests, samples, source, code } }: Pick<RecordProps, "view">): ReactNode {
  const { digests: text } = said;
  const all: readonly (readonly [string, string])[] = [
    [text.model, digests.model],
    [text.safeguards, digests.safeguards],
    [text.policy, digests.policy],
    [text.suite, digests.suite],
    [text.grader, digests.grader],
    [text.root, samples.root],
    [text.artefact, samples.artefact],
    ...(source === null ? [] : [[text.file, source.file] as const]),
    ...(code === null ? [] : [[`${text.code} ${code.version}`, code.sources] as const]),
  ];
  return (
    <Section title={text.title}>
      <dl className={styles.facts}>
        {all.flatMap(([name, value]) => [
          <dt key={`${name} name`}>{name}</dt>,
          <dd key={name}>
            <DigestText value={value} what={name} />
          </dd>,
        ])}
      </dl>
    </Section>
  );
}
