// A button for one act, and the form behind it: what it does, what it takes, and the reason that is signed with it. Where the person may
// not do it the button says who may; whatever goes wrong is shown in the form, and nothing that was typed is lost.
import { type ReactNode, useState } from "react";
import { Button } from "../../parts/button.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { Field } from "../../parts/field.tsx";
import { Problem } from "../../parts/problem.tsx";
import type { ActEnd } from "../../signing/acts.tsx";
import { words } from "../../words/words.ts";
import styles from "./release.module.css";

const said = words.release.acts;
const reasonCharsMax = 4_000;

export interface ReasonedActProps {
  readonly label: string;
  readonly kind?: "primary" | "quiet" | "danger";
  readonly title: string;
  readonly text: string;
  /** Why it cannot be done now, or not by this person. */
  readonly why?: string | undefined;
  /** What else it takes. */
  readonly fields?: ReactNode;
  /** What is wrong with those. */
  readonly isReady?: boolean;
  readonly reasonLabel?: string;
  /** Told when the form is opened. */
  readonly onOpen?: () => void;
  readonly submit: (reason: string) => Promise<ActEnd>;
}

export function ReasonedAct(props: ReasonedActProps): ReactNode {
  const { label, kind, title, text, why, fields, isReady = true, submit } = props;
  const [isOpen, setOpen] = useState(false);
  const [reason, setReason] = useState("");
  const [isTried, setTried] = useState(false);
  const [failure, setFailure] = useState<unknown>();
  const go = async (): Promise<void> => {
    setTried(true);
    if (reason.trim() === "" || !isReady) return;
    setFailure(undefined);
    const end = await submit(reason.trim());
    if (end.kind === "refused") setFailure(end.failure);
    if (end.kind !== "recorded" && end.kind !== "pending") return;
    setOpen(false);
    setReason("");
    setTried(false);
  };
  return (
    <span className={styles.act}>
      <Button
        {...(kind === undefined ? {} : { kind })}
        isDisabled={why !== undefined}
        onPress={() => {
          props.onOpen?.();
          setOpen(true);
        }}
      >
        {label}
      </Button>
      {why === undefined ? null : <span className={styles.why}>{why}</span>}
      <Dialog
        title={title}
        isOpen={isOpen}
        onClose={() => {
          setOpen(false);
        }}
        actions={
          <>
            <Button
              onPress={() => {
                setOpen(false);
              }}
            >
              {said.cancel}
            </Button>
            <Button kind={kind ?? "primary"} onPress={() => void go()}>
              {said.go}
            </Button>
          </>
        }
      >
        <p>{text}</p>
        {fields}
        <Field
          label={props.reasonLabel ?? said.reason}
          value={reason}
          onChange={setReason}
          rows={3}
          help={said.reasonHelp}
          maxLength={reasonCharsMax}
          isRequired
          wrong={isTried && reason.trim() === "" ? said.reasonMissing : undefined}
        />
        {failure === undefined ? null : <Problem failure={failure} />}
      </Dialog>
    </span>
  );
}
