// Sends one request with a pasted key, and shows what became of it: verdict, stage, certificate, receipt and the way to its proof.
import { type ReactNode, useState } from "react";
import { useDeployment } from "../../app/deployment.ts";
import { Button } from "../../parts/button.tsx";
import { Choice } from "../../parts/choice.tsx";
import { Field } from "../../parts/field.tsx";
import { Go } from "../../parts/go.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Section } from "../../parts/section.tsx";
import { Verdict } from "../../parts/verdict.tsx";
import { words } from "../../words/words.ts";
import { type Called, callModel } from "./call.ts";
import styles from "./home.module.css";

const said = words.home.send;
const keyForm = /^hg_[\w-]{8,128}$/;
const promptCharsMax = 4_000;

type State =
  | { readonly kind: "idle" | "sending" | "unreachable" }
  | { readonly kind: "called"; readonly called: Called };

export function SendRequest({ models }: { readonly models: readonly string[] }): ReactNode {
  const { data } = useDeployment();
  const [key, setKey] = useState("");
  const [model, setModel] = useState("");
  const [prompt, setPrompt] = useState("");
  const [isTried, setTried] = useState(false);
  const [state, setState] = useState<State>({ kind: "idle" });
  if (data === undefined || models.length === 0) return null;
  const isKey = keyForm.test(key.trim());
  const send = async (): Promise<void> => {
    setTried(true);
    if (!isKey || prompt.trim() === "") return;
    setState({ kind: "sending" });
    const asked = { url: data.dataPlane, key: key.trim(), model: model === "" ? (models[0] ?? "") : model, prompt };
    const called = await callModel(asked);
    setState(called === undefined ? { kind: "unreachable" } : { kind: "called", called });
  };
  return (
    <Section title={said.title} lead={said.lead(data.dataPlane)}>
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <Field
          label={said.key}
          type="password"
          autoComplete="off"
          value={key}
          onChange={setKey}
          help={said.keyHelp}
          wrong={isTried && !isKey ? said.keyWrong : undefined}
        />
        <Choice
          label={said.model}
          value={model === "" ? (models[0] ?? "") : model}
          options={models.map((name) => ({ value: name, text: name }))}
          onChange={setModel}
        />
        <Field
          label={said.prompt}
          value={prompt}
          onChange={setPrompt}
          rows={3}
          maxLength={promptCharsMax}
          wrong={isTried && prompt.trim() === "" ? said.promptWrong : undefined}
        />
        <Button type="submit" kind="primary" isDisabled={state.kind === "sending"}>
          {state.kind === "sending" ? said.sending : said.button}
        </Button>
      </form>
      <div aria-live="polite">
        <Outcome state={state} />
      </div>
    </Section>
  );
}

function Outcome({ state }: { readonly state: State }): ReactNode {
  if (state.kind === "unreachable")
    return (
      <Notice kind="danger" title={said.unreachable}>
        <p>{said.unreachableNext}</p>
      </Notice>
    );
  return state.kind === "called" ? <CalledFigures called={state.called} /> : null;
}

function CalledFigures({ called }: { readonly called: Called }): ReactNode {
  const isServed = called.status === 200;
  const rows = [
    [said.code, called.code],
    [said.reason, called.reason],
    [said.stage, called.stage],
    [said.certificate, called.certificate],
    [said.request, called.request],
    [said.receipt, called.receipt],
  ] as const;
  return (
    <div className={styles.called}>
      <Verdict value={isServed ? "pass" : "fail"} word={isServed ? said.served : said.refused(called.status)} />
      <p className={styles.answer}>{called.text}</p>
      <dl className={styles.facts}>
        {rows.map(([name, value]) =>
          value === null ? null : (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
        )}
      </dl>
      {called.proof === null ? null : (
        <p>
          <Go href={called.proof}>{said.proof}</Go> <span className={styles.who}>{said.proofSoon}</span>
        </p>
      )}
    </div>
  );
}
