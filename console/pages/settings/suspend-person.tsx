// A person's authority is taken away, with a reason that is kept aside.
import { type ReactNode, useState } from "react";
import { Button } from "../../parts/button.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { Field } from "../../parts/field.tsx";
import { Problem } from "../../parts/problem.tsx";
import { useAct } from "../../signing/acts.tsx";
import { committed } from "../../signing/fresh.ts";
import { words } from "../../words/words.ts";
import type { PeopleView } from "../../../src/control/contract-settings.ts";

export interface SuspendPersonProps {
  readonly person: PeopleView["people"][number] | undefined;
  readonly onClose: () => void;
}

const said = words.settings.people;

export function SuspendPerson({ person, onClose }: SuspendPersonProps): ReactNode {
  const [reason, setReason] = useState("");
  const [isAsked, setAsked] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const act = useAct();
  if (person === undefined) return null;
  const title = said.suspendTitle(person.name ?? person.person);
  const suspend = async (): Promise<void> => {
    setAsked(true);
    if (reason.trim() === "") return;
    const why = committed(reason.trim());
    const body = { target: { kind: "person", person: person.person }, reason: why.digest } as const;
    const end = await act({
      verb: "suspend",
      prepare: () => ({ body, openings: [why.opening] }),
      words: { title, lead: said.suspendLead, sign: said.suspend, isDanger: true },
    });
    setFailure(end.failure ?? null);
    if (end.kind !== "recorded" && end.kind !== "pending") return;
    setReason("");
    setAsked(false);
    onClose();
  };
  return (
    <Dialog
      title={title}
      isOpen
      onClose={onClose}
      actions={
        <>
          <Button onPress={onClose}>{said.cancel}</Button>
          <Button kind="danger" onPress={() => void suspend()}>
            {said.suspend}
          </Button>
        </>
      }
    >
      <p>{said.suspendLead}</p>
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
