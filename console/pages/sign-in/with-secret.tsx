// An organisation's way in: the text of a key of it, sent once and kept nowhere.
import { type FormEvent, type ReactNode, useState } from "react";
import { useSigningIn } from "../../app/quick-sign-in.tsx";
import { Button } from "../../parts/button.tsx";
import { Field } from "../../parts/field.tsx";
import { Problem } from "../../parts/problem.tsx";
import { Section } from "../../parts/section.tsx";
import { words } from "../../words/words.ts";
import styles from "./sign-in.module.css";

export function WithSecret({ onDone }: { readonly onDone: () => void }): ReactNode {
  const said = words.signIn.secret;
  const [text, setText] = useState("");
  const { run, isBusy, failure } = useSigningIn(onDone);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    run(async () => {
      const { signInAs } = await import("../../signing/join.ts");
      await signInAs(text.trim());
    });
  };
  return (
    <Section title={said.title} lead={said.lead}>
      <form className={styles.form} onSubmit={submit}>
        <Field
          label={said.field}
          type="password"
          autoComplete="off"
          value={text}
          onChange={setText}
          help={said.help}
          maxLength={200}
        />
        <p>
          <Button type="submit" isDisabled={isBusy || text.trim() === ""}>
            {isBusy ? words.signIn.busy : said.button}
          </Button>
        </p>
      </form>
      {failure === undefined ? null : <Problem failure={failure} />}
    </Section>
  );
}
