// One request of an organisation's own, by the id in the error that its client got.
import { type ReactNode, useState } from "react";
import { PartnerExplainView, partnerRoutes } from "../../../src/control/contract-partner.ts";
import { pathOf } from "../../../src/control/contract-paths.ts";
import { useView } from "../../app/reads.ts";
import { Button } from "../../parts/button.tsx";
import { Facts } from "../../parts/facts.tsx";
import { Field } from "../../parts/field.tsx";
import { Read } from "../../parts/read.tsx";
import { Section } from "../../parts/section.tsx";
import { Time } from "../../parts/time.tsx";
import { words } from "../../words/words.ts";
import styles from "../organisations/organisations.module.css";

export interface WhyProps {
  readonly id: string | undefined;
  readonly onAsk: (id: string | undefined) => void;
}

const said = words.partner.why;

export function Why({ id, onAsk }: WhyProps): ReactNode {
  const [text, setText] = useState(id ?? "");
  return (
    <Section title={said.title} lead={said.lead}>
      <form
        className={styles.ask}
        onSubmit={(event) => {
          event.preventDefault();
          onAsk(text.trim() === "" ? undefined : text.trim());
        }}
      >
        <Field label={said.id} value={text} onChange={setText} maxLength={100} placeholder="rcpt_…" />
        <Button type="submit">{said.ask}</Button>
      </form>
      {id === undefined ? null : <Explained id={id} />}
    </Section>
  );
}

function Explained({ id }: { readonly id: string }): ReactNode {
  const view = useView(pathOf(partnerRoutes.partnerExplain, { id }), PartnerExplainView);
  return <Read of={view}>{(told) => <Told told={told} />}</Read>;
}

function Told({ told }: { readonly told: PartnerExplainView }): ReactNode {
  const { facts } = said;
  const { at, key, model, outcome, code, reason, sentence, tokens } = told;
  const { none } = words.parts;
  return (
    <div className={styles.told} aria-live="polite">
      {sentence === null ? null : <p>{sentence}</p>}
      <Facts
        facts={[
          { name: facts.at, value: <Time at={at} as="moment" /> },
          { name: facts.key, value: <code>{key}</code> },
          { name: facts.model, value: model ?? none },
          { name: facts.outcome, value: said.outcomes[outcome] },
          {
            name: facts.code,
            value: code === null ? none : <code>{reason === null ? code : `${code} (${reason})`}</code>,
          },
          { name: facts.tokens, value: tokens === null ? none : said.tokens(tokens[0], tokens[1]) },
        ]}
      />
    </div>
  );
}
