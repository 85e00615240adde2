// Why a person, a key or an organisation is stopped. The reason is kept aside; what is signed commits to it.
import { type ReactNode, useState } from "react";
import type { BodyOf } from "../../src/acts/bodies.ts";
import { Button } from "../parts/button.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { Field } from "../parts/field.tsx";
import { Problem } from "../parts/problem.tsx";
import { useAct } from "./acts.tsx";
import { committed } from "./fresh.ts";
import { words } from "../words/words.ts";

/** What is stopped, and what that means in words. */
export interface Stopping {
  readonly target: BodyOf<"suspend">["target"];
  readonly texts: { readonly title: string; readonly lead: string; readonly button: string };
}

export interface StopDialogProps {
  readonly of: Stopping | undefined;
  readonly onClose: () => void;
  /** Told once it is recorded. */
  readonly onStopped?: () => Promise<void>;
}

const said = words.organisations.key;

export function StopDialog({ of, onClose, onStopped }: StopDialogProps): ReactNode {
  return of === undefined ? null : (
    <Asked of={of} onClose={onClose} {...(onStopped === undefined ? {} : { onStopped })} />
  );
}

/** Of one thing: what was typed or went wrong about another is gone with it. */
function Asked({ of: { target, texts }, onClose, onStopped }: StopDialogProps & { readonly of: Stopping }): ReactNode {
  const [reason, setReason] = useState("");
  const [isAsked, setAsked] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const act = useAct();
  const stop = async (): Promise<void> => {
    setAsked(true);
    if (reason.trim() === "") return;
    const why = committed(reason.trim());
    const end = await act({
      verb: "suspend",
      prepare: () => ({ body: { target, reason: why.digest }, openings: [why.opening] }),
      // The title may have a name that the server told: what is signed says it by the ledger.
      words: { lead: texts.lead, sign: texts.button, isDanger: true },
    });
    setFailure(end.failure ?? null);
    if (end.kind === "recorded" || end.kind === "pending") onClose();
    if (end.kind === "recorded") await onStopped?.();
  };
  return (
    <Dialog
      title={texts.title}
      isOpen
      onClose={onClose}
      actions={
        <>
          <Button onPress={onClose}>{said.cancel}</Button>
          <Button kind="danger" onPress={() => void stop()}>
            {texts.button}
          </Button>
        </>
      }
    >
      <p>{texts.lead}</p>
      <Field
        label={said.reason}
        help={said.reasonHelp}
        value={reason}
        onChange={setReason}
        rows={3}
        maxLength={4000}
        wrong={isAsked && reason.trim() === "" ? said.reasonMissing : undefined}
        autoFocus
      />
      {failure === null ? null : <Problem failure={failure} />}
    </Dialog>
  );
}
