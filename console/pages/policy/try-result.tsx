// What a text comes to: the answer first, then how it came about: where something was found, what the text reads as, what looked at
// it, and what policy makes of what was found.
import type { ReactNode } from "react";
import type { RulesView, TryRequest, TryView, VerdictView } from "../../../src/control/contract-policy.ts";
import { classes } from "../../parts/classes.ts";
import { Section } from "../../parts/section.tsx";
import { Verdict, type VerdictValue } from "../../parts/verdict.tsx";
import { words } from "../../words/words.ts";
import { MarkedText } from "./marked-text.tsx";
import { TryRulings } from "./try-rulings.tsx";
import { TrySafeguards } from "./try-safeguards.tsx";
import styles from "./try.module.css";
import { verdictWords } from "./verdict-words.ts";

interface TryResultProps {
  readonly asked: TryRequest;
  readonly view: TryView;
  readonly rules: RulesView;
}

export function TryResult({ asked, view, rules }: TryResultProps): ReactNode {
  const { result } = words.tryText;
  const { steps } = result;
  return (
    <>
      <Outcome view={view} rules={rules} />
      <Section title={steps.marked} lead={steps.markedLead}>
        <Marked asked={asked} view={view} />
      </Section>
      <Section title={steps.read} lead={view.side === "input" ? steps.readLead : steps.answerRead}>
        <ReadAs view={view} />
      </Section>
      <Section title={steps.looked} lead={steps.lookedLead}>
        <TrySafeguards view={view} />
      </Section>
      <Section title={steps.ruled} lead={steps.ruledLead}>
        <TryRulings view={view} />
      </Section>
    </>
  );
}

const shapeOf = {
  pass: "pass",
  flag: "pass",
  review: "inconclusive",
  block: "fail",
  unknown: "inconclusive",
} as const satisfies Record<VerdictView["kind"], VerdictValue>;

function Outcome({ view, rules }: Omit<TryResultProps, "asked">): ReactNode {
  const { result, form } = words.tryText;
  const { verdict, would, shadow, slot, ms } = view;
  const policy = rules.slots.find((one) => one.slot === slot)?.policy.document;
  return (
    <Section title={result.title} lead={`${result.asked(form.slots[slot])}, ${result.took(ms)}.`}>
      <div className={classes(styles.outcome, styles[verdict.kind])}>
        <h3>
          <Verdict value={shapeOf[verdict.kind]} word={verdictWords(verdict)} />
        </h3>
        <Answer view={view} />
        {would === null ? null : <p className={styles.aside}>{result.would(verdictWords(would))}</p>}
        {shadow === null ? null : <p className={styles.aside}>{result.shadow(verdictWords(shadow))}</p>}
        {policy?.rewordings === undefined ? null : <p className={styles.aside}>{result.rewordings}</p>}
      </div>
    </Section>
  );
}

function Answer({ view: { answer, side } }: Pick<TryResultProps, "view">): ReactNode {
  const said = words.tryText.result.answer;
  const names = words.policy.category;
  switch (answer.kind) {
    case "served":
      return (
        <>
          <p>{answer.redacted === null ? said.served[side] : said.redacted}</p>
          {answer.redacted === null ? null : <Said text={answer.redacted} />}
          {answer.told.length === 0 ? null : <p>{said.told(answer.told.map((one) => names[one]).join(", "))}</p>}
        </>
      );
    case "refused":
      return (
        <>
          <p>{said.refused(answer.code, answer.status)}</p>
          <Said text={answer.message} />
        </>
      );
    case "cut":
      return answer.sent === "" ? (
        <p>{said.cutNothing(answer.reason)}</p>
      ) : (
        <>
          <p>{said.cut(answer.reason)}</p>
          <Said text={answer.sent} />
        </>
      );
  }
}

function Said({ text }: { readonly text: string }): ReactNode {
  return (
    <pre className={styles.said} tabIndex={0}>
      {text}
    </pre>
  );
}

function Marked({ asked, view }: Omit<TryResultProps, "rules">): ReactNode {
  const { form, result } = words.tryText;
  const { steps } = result;
  const found = [
    ...view.findings,
    ...view.safeguards.flatMap(({ findings, mode }) => (mode === "shadow" ? findings : [])),
  ];
  return (
    <>
      {found.length === 0 ? <p>{steps.nothing}</p> : null}
      {found.some(({ places }) => places.length === 0) ? <p className={styles.aside}>{steps.elsewhere}</p> : null}
      {asked.texts.map(({ text, provenance }, at) => (
        <div key={at} className={styles.text}>
          {asked.texts.length === 1 ? null : (
            <p className={styles.who}>
              {form.turn(at + 1)}: {form.provenance[provenance]}
            </p>
          )}
          <MarkedText text={text} at={at} findings={found} />
        </div>
      ))}
    </>
  );
}

function ReadAs({ view: { read } }: Pick<TryResultProps, "view">): ReactNode {
  const { form, result } = words.tryText;
  const { steps } = result;
  return read.map(({ normalised, disguise, decoded, replaced, left }, at) => (
    <div key={at} className={styles.text}>
      {read.length === 1 ? null : <p className={styles.who}>{form.turn(at + 1)}</p>}
      {disguise === 0 && decoded.length === 0 && !left ? <p>{steps.asWritten}</p> : null}
      {disguise === 0 ? null : (
        <>
          <p>{steps.disguise(disguise)}</p>
          <Said text={normalised} />
        </>
      )}
      {decoded.length === 0 ? null : <p>{steps.decoded}</p>}
      {decoded.map((text) => (
        <Said key={text} text={text} />
      ))}
      {replaced ? <p className={styles.aside}>{steps.replaced}</p> : null}
      {left ? <p>{steps.left}</p> : null}
    </div>
  ));
}
