// One box: the id of a refusal, a receipt, a hold or a certificate, and what happened, in the server's sentences.
import { type ReactNode, useState } from "react";
import { ExplainView, routes } from "../../../src/control/contract.ts";
import { pathOf } from "../../../src/control/contract-paths.ts";
import { useView } from "../../app/reads.ts";
import { Button } from "../../parts/button.tsx";
import { Field } from "../../parts/field.tsx";
import { Problem } from "../../parts/problem.tsx";
import { Section } from "../../parts/section.tsx";
import { words } from "../../words/words.ts";
import styles from "./organisations.module.css";

export interface ExplainProps {
  readonly id: string | undefined;
  readonly onAsk: (id: string | undefined) => void;
}

export function Explain({ id, onAsk }: ExplainProps): ReactNode {
  const said = words.organisations.explain;
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
      {id === undefined ? null : <Explanation id={id} />}
    </Section>
  );
}

function Explanation({ id }: { readonly id: string }): ReactNode {
  const view = useView(pathOf(routes.explain, { id }), ExplainView);
  if (view.error !== null) return <Problem failure={view.error} retry={() => void view.refetch()} />;
  if (view.data === undefined) return null;
  return (
    <div className={styles.told} aria-live="polite">
      <h3>{words.organisations.explain.about(id)}</h3>
      {view.data.lines.map((line) => (
        <p key={line}>{line}</p>
      ))}
    </div>
  );
}
