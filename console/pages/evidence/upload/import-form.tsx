// Which file, about what, and how it is read. What was chosen stays when a file turns out to be wrong.
import { type ReactNode, useId, useState } from "react";
import type { Name } from "../../../../src/terms/ids.ts";
import { Button } from "../../../parts/button.tsx";
import { Choice } from "../../../parts/choice.tsx";
import { Field } from "../../../parts/field.tsx";
import { Problem } from "../../../parts/problem.tsx";
import { words } from "../../../words/words.ts";
import styles from "../evidence.module.css";
import { type ReadReport, readPicked } from "./read-picked.ts";

const said = words.evidence.upload;
const failures = ["I", "C", "fail", "pass", "hit"] as const;

export interface ImportFormProps {
  readonly models: readonly Name[];
  readonly suites: readonly Name[];
  readonly onRead: (read: ReadReport | undefined) => void;
}

interface Typed {
  readonly scorer: string;
  readonly cluster: string;
  readonly category: string;
  readonly target: string;
}

export function ImportForm({ models, suites, onRead }: ImportFormProps): ReactNode {
  const [file, setFile] = useState<File | undefined>();
  const [hits, setHits] = useState<File | undefined>();
  const [model, setModel] = useState(models[0]);
  const [suite, setSuite] = useState(suites[0]);
  const [failure, setFailure] = useState<(typeof failures)[number]>("I");
  const [typed, setTyped] = useState<Typed>({ scorer: "", cluster: "", category: "", target: "" });
  const [wrong, setWrong] = useState<unknown>();
  const [isReading, setReading] = useState(false);
  const read = async (): Promise<void> => {
    if (file === undefined || model === undefined || suite === undefined) return;
    setReading(true);
    setWrong(undefined);
    onRead(undefined);
    try {
      onRead(await readPicked({ file, hits, model, suite, failure, ...typed }));
    } catch (error) {
      setWrong(error);
    } finally {
      setReading(false);
    }
  };
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        void read();
      }}
    >
      <Picking label={said.file} help={said.fileHelp} onPick={setFile} />
      <Choice
        label={said.model}
        value={model ?? ""}
        options={optionsOf(models)}
        onChange={(chosen) => {
          setModel(models.find((one) => one === chosen));
        }}
      />
      <Choice
        label={said.suite}
        value={suite ?? ""}
        options={optionsOf(suites)}
        onChange={(chosen) => {
          setSuite(suites.find((one) => one === chosen));
        }}
      />
      <Choice
        label={said.failure}
        value={failure}
        options={failures.map((value) => ({ value, text: said.failures[value] }))}
        onChange={setFailure}
      />
      <details>
        <summary>{said.more}</summary>
        <div className={styles.form}>
          <More typed={typed} onType={setTyped} />
          <Picking label={said.hits} onPick={setHits} />
        </div>
      </details>
      <p className={styles.row}>
        <Button kind="primary" type="submit" isDisabled={file === undefined || isReading}>
          {said.read}
        </Button>
        {isReading ? <span role="status">{said.reading}</span> : null}
      </p>
      {wrong === undefined ? null : <Problem failure={wrong} />}
    </form>
  );
}

function optionsOf(names: readonly Name[]): readonly { readonly value: string; readonly text: string }[] {
  return names.map((name) => ({ value: name, text: name }));
}

function More({ typed, onType }: { readonly typed: Typed; readonly onType: (typed: Typed) => void }): ReactNode {
  return (["scorer", "cluster", "category", "target"] as const).map((name) => (
    <Field
      key={name}
      label={said[name]}
      value={typed[name]}
      maxLength={200}
      onChange={(value) => {
        onType({ ...typed, [name]: value });
      }}
    />
  ));
}

interface PickingProps {
  readonly label: string;
  readonly help?: string;
  readonly onPick: (file: File | undefined) => void;
}

function Picking({ label, help, onPick }: PickingProps): ReactNode {
  const id = useId();
  return (
    <div className={styles.file}>
      <label className={styles.label} htmlFor={id}>
        {label}
      </label>
      <input
        id={id}
        type="file"
        aria-describedby={help === undefined ? undefined : `${id}-help`}
        onChange={({ currentTarget }) => {
          onPick(currentTarget.files?.[0]);
        }}
      />
      {help === undefined ? null : (
        <span id={`${id}-help`} className={styles.small}>
          {help}
        </span>
      )}
    </div>
  );
}
