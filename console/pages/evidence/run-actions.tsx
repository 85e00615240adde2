// What can be done with a run: comparing it, and taking one's own back, with a reason.
import { type ReactNode, useState } from "react";
import type { EvidenceRunView } from "../../../src/control/contract-evidence.ts";
import { Button } from "../../parts/button.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { Field } from "../../parts/field.tsx";
import { Go } from "../../parts/go.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Problem } from "../../parts/problem.tsx";
import { useAct } from "../../signing/acts.tsx";
import { committed } from "../../signing/fresh.ts";
import { useMay } from "../../signing/role.ts";
import { useSigner } from "../../signing/signer.ts";
import { words } from "../../words/words.ts";
import { queryOf } from "./search.ts";

const said = words.evidence.withdraw;

export function RunActions({ view }: { readonly view: EvidenceRunView }): ReactNode {
  const { row } = view;
  const signer = useSigner();
  const [isOpen, setOpen] = useState(false);
  const may = useMay();
  const isOwn = may("withdrawal") && signer?.person === row.by && row.evidence?.withdrawnBy !== row.by;
  return (
    <>
      {row.permit === null ? null : (
        <Go href={`/evidence${queryOf({ suite: row.suite ?? undefined, model: row.model })}`}>
          {words.evidence.run.compare}
        </Go>
      )}
      {isOwn ? (
        <Button
          kind="danger"
          onPress={() => {
            setOpen(true);
          }}
        >
          {words.evidence.run.withdraw}
        </Button>
      ) : null}
      <Withdraw
        view={view}
        isOpen={isOpen}
        onClose={() => {
          setOpen(false);
        }}
      />
    </>
  );
}

interface WithdrawProps {
  readonly view: EvidenceRunView;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

const reasonCharsMax = 4000;

function Withdraw({ view: { row }, isOpen, onClose }: WithdrawProps): ReactNode {
  const act = useAct();
  const [reason, setReason] = useState("");
  const [failure, setFailure] = useState<unknown>();
  const withdraw = async (): Promise<void> => {
    const { opening, digest } = committed(reason.trim());
    const end = await act({
      verb: "withdrawal",
      prepare: () => ({ body: { evidence: row.run, reason: digest }, openings: [opening] }),
      words: { title: said.title, lead: said.words(row.run) },
    });
    setFailure(end.failure);
    if (end.kind === "recorded" || end.kind === "pending") onClose();
  };
  return (
    <Dialog
      title={said.title}
      isOpen={isOpen}
      onClose={onClose}
      actions={
        <>
          <Button onPress={onClose}>{said.cancel}</Button>
          <Button kind="danger" isDisabled={reason.trim() === ""} onPress={() => void withdraw()}>
            {said.go}
          </Button>
        </>
      }
    >
      <p>{said.text}</p>
      {row.certified.length === 0 ? null : (
        <Notice kind="warning">
          <p>{said.closes(row.certified.join(", "))}</p>
        </Notice>
      )}
      <Field
        label={said.reason}
        help={said.reasonHelp}
        value={reason}
        onChange={setReason}
        rows={4}
        maxLength={reasonCharsMax}
      />
      {failure === undefined ? null : <Problem failure={failure} />}
    </Dialog>
  );
}
