// What will be recorded of a report, and what will not, before anybody signs for it.
import { type ReactNode, useState } from "react";
import { statedBounds } from "../../../../src/evidence/part-figures.ts";
import { Button } from "../../../parts/button.tsx";
import { Go } from "../../../parts/go.tsx";
import { Notice } from "../../../parts/notice.tsx";
import { Num } from "../../../parts/num.tsx";
import { Problem } from "../../../parts/problem.tsx";
import { Section } from "../../../parts/section.tsx";
import { type ActEnd, useAct } from "../../../signing/acts.tsx";
import { NeedsRole } from "../../../signing/needs-role.tsx";
import { useMay } from "../../../signing/role.ts";
import { words } from "../../../words/words.ts";
import styles from "../evidence.module.css";
import { appliedFor } from "./applied.ts";
import type { ReadReport } from "./read-picked.ts";

const said = words.evidence.upload;

export function Preview({ read }: { readonly read: ReadReport }): ReactNode {
  const { result, suite, name } = read;
  const { failure } = suite.measure;
  const [measure] = result.body.measures;
  const sentence =
    measure === undefined ? "" : words.evidence.sentence({ ...measure, failure, ...statedBounds(measure) });
  return (
    <Section title={said.willRecord} lead={name}>
      <div className={styles.stack}>
        <p className={styles.headline}>{sentence}</p>
        <p className={styles.prose}>{said.measure(suite.measure.name, said.failureOf[failure])}</p>
        <ul className={styles.list}>
          {result.said.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
        <Care flags={result.flags} />
        <Outcomes outcomes={result.outcomes} />
        <div className={styles.tight}>
          <h3>{said.lost}</h3>
          <p className={styles.prose}>{said.lostText}</p>
        </div>
        <Signing read={read} />
      </div>
    </Section>
  );
}

function Care({ flags }: { readonly flags: readonly string[] }): ReactNode {
  if (flags.length === 0) return <p className={styles.prose}>{said.careNone}</p>;
  return (
    <Notice kind="warning" title={words.evidence.run.care}>
      <ul>
        {flags.map((flag) => (
          <li key={flag}>{flag}</li>
        ))}
      </ul>
    </Notice>
  );
}

function Outcomes({ outcomes }: { readonly outcomes: ReadReport["result"]["outcomes"] }): ReactNode {
  const names = words.evidence.samples.outcomes;
  const isKnown = (name: string): name is keyof typeof names => Object.hasOwn(names, name);
  return (
    <div className={styles.tight}>
      <h3>{said.outcomes}</h3>
      <dl className={styles.facts}>
        {Object.entries(outcomes).flatMap(([name, count]) => [
          <dt key={`${name} name`}>{isKnown(name) ? names[name] : name}</dt>,
          <dd key={name}>
            <Num value={count} />
          </dd>,
        ])}
      </dl>
    </div>
  );
}

/** By the state as it is when it is signed: what was applied in between is what it will be about. */
function Signing({ read }: { readonly read: ReadReport }): ReactNode {
  const { result, suite, model } = read;
  const act = useAct();
  const may = useMay();
  const [end, setEnd] = useState<ActEnd | undefined>();
  const sign = async (): Promise<void> => {
    setEnd(
      await act({
        verb: "evidence",
        prepare: async (state) => {
          const { digests } = await appliedFor(state, { model, suite: suite.name });
          return { body: { ...result.body, digests }, artefacts: [result.sealed] };
        },
        words: { lead: said.words(result.body.samples.count, suite.name, model) },
      }),
    );
  };
  if (end?.kind === "recorded")
    return (
      <Notice kind="done" title={said.recorded}>
        <Go href={`/evidence/${end.act}`}>{said.see}</Go>
      </Notice>
    );
  return (
    <div className={styles.tight}>
      <p className={styles.prose}>{said.vouch}</p>
      <p>
        <Button kind="primary" isDisabled={!may("evidence")} onPress={() => void sign()}>
          {said.sign}
        </Button>
      </p>
      <NeedsRole of={["evidence"]} />
      {end?.failure === undefined ? null : <Problem failure={end.failure} />}
    </div>
  );
}
