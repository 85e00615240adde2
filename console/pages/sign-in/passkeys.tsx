// One's own passkeys: which there are, adding one where this browser has a key, removing one with the sessions that it opened.
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useState } from "react";
import { pathOf } from "../../../src/control/contract-paths.ts";
import { type PasskeyView, PasskeysView, passkeyRoutes } from "../../../src/control/contract-passkey.ts";
import { EndedView } from "../../../src/control/contract-session.ts";
import { useView } from "../../app/reads.ts";
import { ask } from "../../app/server.ts";
import { Button } from "../../parts/button.tsx";
import { Field } from "../../parts/field.tsx";
import { Problem } from "../../parts/problem.tsx";
import { Section } from "../../parts/section.tsx";
import { Time } from "../../parts/time.tsx";
import { useBrowserKey } from "../../signing/signer.ts";
import { words } from "../../words/words.ts";
import styles from "./sign-in.module.css";

export function Passkeys(): ReactNode {
  const said = words.signIn.passkeys;
  const read = useView(passkeyRoutes.passkeys, PasskeysView);
  const [failure, setFailure] = useState<unknown>();
  const client = useQueryClient();
  const run = async (step: () => Promise<unknown>): Promise<void> => {
    setFailure(undefined);
    try {
      await step();
    } catch (error) {
      setFailure(error);
    }
    await client.invalidateQueries();
  };
  const wrong = failure ?? read.error ?? undefined;
  return (
    <Section title={said.title} lead={said.lead}>
      {read.data?.passkeys.length === 0 ? <p>{said.none}</p> : null}
      <ul className={styles.passkeys}>
        {(read.data?.passkeys ?? []).map((passkey) => (
          <One key={passkey.passkey} passkey={passkey} run={run} />
        ))}
      </ul>
      <Add run={run} />
      {wrong === undefined ? null : <Problem failure={wrong} />}
    </Section>
  );
}

interface Running {
  readonly run: (step: () => Promise<unknown>) => Promise<void>;
}

function One({ passkey, run }: Running & { readonly passkey: PasskeyView }): ReactNode {
  const said = words.signIn.passkeys;
  return (
    <li>
      <span>{passkey.label}</span>
      <span className={styles.help}>
        {said.added} <Time at={passkey.at} />
      </span>
      <Button
        small
        label={said.removeNamed(passkey.label)}
        onPress={() => {
          const path = pathOf(passkeyRoutes.passkey, { passkey: passkey.passkey });
          void run(async () => ask(path, EndedView, { method: "DELETE" }));
        }}
      >
        {said.remove}
      </Button>
    </li>
  );
}

function Add({ run }: Running): ReactNode {
  const said = words.signIn.passkeys;
  const key = useBrowserKey();
  const [label, setLabel] = useState("");
  if (key === undefined || key === null) return <p>{said.noKey}</p>;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void run(async () => {
      const { addPasskey } = await import("../../signing/passkeys.ts");
      await addPasskey(key, label.trim());
      setLabel("");
    });
  };
  return (
    <form className={styles.form} onSubmit={submit}>
      <Field label={said.label} value={label} onChange={setLabel} help={said.help} maxLength={60} />
      <p>
        <Button type="submit" isDisabled={label.trim() === ""}>
          {said.add}
        </Button>
      </p>
    </form>
  );
}
