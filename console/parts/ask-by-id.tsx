// One box for an id, which stands in the address, and under it what is told of it.
import { type ReactNode, useState } from "react";
import styles from "./ask-by-id.module.css";
import { Button } from "./button.tsx";
import { Field } from "./field.tsx";
import { Section } from "./section.tsx";

export interface AskByIdProps {
  readonly texts: { readonly title: string; readonly lead: string; readonly id: string; readonly ask: string };
  readonly id: string | undefined;
  readonly onAsk: (id: string | undefined) => void;
  readonly children: (id: string) => ReactNode;
}

export function AskById({ texts: { title, lead, id: label, ask }, id, onAsk, children }: AskByIdProps): ReactNode {
  const [text, setText] = useState(id ?? "");
  return (
    <Section title={title} lead={lead}>
      <form
        className={styles.ask}
        onSubmit={(event) => {
          event.preventDefault();
          onAsk(text.trim() === "" ? undefined : text.trim());
        }}
      >
        <Field label={label} value={text} onChange={setText} maxLength={100} placeholder="rcpt_…" />
        <Button type="submit">{ask}</Button>
      </form>
      {id === undefined ? null : (
        <div className={styles.told} aria-live="polite">
          {children(id)}
        </div>
      )}
    </Section>
  );
}
