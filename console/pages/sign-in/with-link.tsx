// A link or code pasted by hand, and the command that makes one.
import { type FormEvent, type ReactNode, useState } from "react";
import { Button } from "../../parts/button.tsx";
import { Code } from "../../parts/code.tsx";
import { Field } from "../../parts/field.tsx";
import { Section } from "../../parts/section.tsx";
import { words } from "../../words/words.ts";
import styles from "./sign-in.module.css";

export function WithLink({ onCode }: { readonly onCode: (code: string) => void }): ReactNode {
  const said = words.signIn.link;
  const [text, setText] = useState("");
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (text.trim() !== "") onCode(text.trim());
  };
  return (
    <Section title={said.title} lead={said.lead}>
      <Code text={said.command} />
      <form className={styles.form} onSubmit={submit}>
        <Field label={said.field} value={text} onChange={setText} maxLength={5000} />
        <p>
          <Button type="submit" isDisabled={text.trim() === ""}>
            {said.button}
          </Button>
        </p>
      </form>
    </Section>
  );
}
