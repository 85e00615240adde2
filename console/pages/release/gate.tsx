// Why a model is not further: the gate of the next stage, or of another that is asked for: what was measured as a forest plot, then every
// requirement in words with what is still to be shown, since when, and on whom it waits.
import type { ReactNode } from "react";
import type { StatusView } from "../../../src/control/contract.ts";
import { OpenStage } from "../../../src/terms/stage.ts";
import { Choice } from "../../parts/choice.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Section } from "../../parts/section.tsx";
import { Verdict } from "../../parts/verdict.tsx";
import { type Requirement, measureInWords, measuredIn, nameOf, whyInWords } from "../../words/measures.ts";
import { words } from "../../words/words.ts";
import { Forest } from "./forest.tsx";
import styles from "./release.module.css";

const said = words.release.gate;

export interface GateProps {
  readonly status: StatusView;
  /** The stage that is asked for; the next one where none is. */
  readonly asked: OpenStage | undefined;
  readonly onAsk: (stage: OpenStage | undefined) => void;
}

export function Gate({ status, asked, onAsk }: GateProps): ReactNode {
  const { next, verdict, requirements, tier } = status;
  const stage = asked ?? next;
  const choice = (
    <Choice
      label={said.stageChoice}
      value={asked ?? "next"}
      options={[
        { value: "next", text: said.stageNext(asked === undefined ? next : null) },
        ...OpenStage.options.map((one) => ({ value: one, text: one })),
      ]}
      onChange={(value) => {
        onAsk(OpenStage.safeParse(value).data);
      }}
    />
  );
  if (stage === null)
    return (
      <Section title={said.top} actions={choice}>
        <p>{said.topNext}</p>
      </Section>
    );
  if (verdict === null)
    return (
      <Section title={said.title(stage)} actions={choice}>
        <Empty title={said.unjudged} next={said.unjudgedNext} />
      </Section>
    );
  const lacking = requirements.filter((one) => one.verdict === "fail" || one.verdict === "inconclusive");
  const measures = requirements.flatMap((one) => measuredIn(one) ?? []);
  return (
    <Section title={asked === undefined ? said.title(stage) : said.titleAsked(stage)} actions={choice}>
      <p className={styles.whole}>
        <Verdict value={verdict} word={said.verdictWord[verdict]} /> {said.whole[verdict]}{" "}
        {lacking.length === 0 ? null : `${said.lacking(lacking.map(({ id }) => id))} `}
        <span className={styles.soft}>{said.each}</span>
      </p>
      {tier === null ? null : <p className={styles.soft}>{said.tier(tier.tier)}</p>}
      <Forest measures={measures} />
      <h3 className={styles.sub}>{said.requirements}</h3>
      <ul className={styles.rows}>
        {requirements.map((one) => (
          <RequirementRow key={one.id} requirement={one} />
        ))}
      </ul>
    </Section>
  );
}

function RequirementRow({ requirement }: { readonly requirement: Requirement }): ReactNode {
  const { verdict, why, stillToShow, waiting } = requirement;
  const measured = measuredIn(requirement);
  const isUnsigned = requirement.kind === "sign-offs" && verdict !== "pass";
  return (
    <li className={styles.row}>
      <div className={styles.rowHead}>
        <Verdict value={verdict} word={isUnsigned ? said.unsigned : said.verdictWord[verdict]} />
        <code className={styles.soft}>{requirement.id}</code>
      </div>
      <div className={styles.rowText}>
        <p>{measured === undefined ? why : measureInWords(measured)}</p>
        {measured === undefined ? null : <p className={styles.soft}>{`${nameOf(requirement)}. ${whyInWords(why)}`}</p>}
        {stillToShow === "" || isUnsigned ? null : <p>{said.still(stillToShow)}</p>}
        {waiting === null ? null : (
          <p className={styles.soft}>{said.waiting(waiting.since, waiting.days, waiting.on)}</p>
        )}
      </div>
    </li>
  );
}
