// Hold, at the right of every page's top bar: stops every model, by a statement that the key of this browser signs. Where there is
// no key, it says the command that does the same.
import { type ReactNode, useState } from "react";
import { HoldId } from "../../src/terms/ids.ts";
import { Button } from "../parts/button.tsx";
import { Code } from "../parts/code.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { Field } from "../parts/field.tsx";
import { Problem } from "../parts/problem.tsx";
import { useAct } from "../signing/acts.tsx";
import { committed, freshId } from "../signing/fresh.ts";
import { useSigner } from "../signing/signer.ts";
import { words } from "../words/words.ts";

const reasonCharsMax = 4000;

export function HoldButton(): ReactNode {
  const [isOpen, setOpen] = useState(false);
  const { hold } = words.shell;
  return (
    <>
      <Button
        kind="danger"
        onPress={() => {
          setOpen(true);
        }}
      >
        {hold.button}
      </Button>
      <Dialog
        title={hold.title}
        isOpen={isOpen}
        onClose={() => {
          setOpen(false);
        }}
      >
        <HoldForm
          onClose={() => {
            setOpen(false);
          }}
        />
      </Dialog>
    </>
  );
}

function HoldForm({ onClose }: { readonly onClose: () => void }): ReactNode {
  const [reason, setReason] = useState("");
  const [failure, setFailure] = useState<unknown>();
  const act = useAct();
  const signer = useSigner();
  const { hold } = words.shell;
  const stop = async (): Promise<void> => {
    const { opening, digest } = committed(reason.trim());
    const ended = await act({
      verb: "hold",
      prepare: () => ({
        body: { hold: HoldId.parse(freshId("hold_", 16)), scope: { kind: "everything" }, reason: digest },
        openings: [opening],
      }),
      words: { title: hold.confirm, lead: hold.consequence, sign: hold.sign, isDanger: true },
    });
    setFailure(ended.failure);
    if (ended.kind === "recorded") onClose();
  };
  if (signer === null) {
    return (
      <>
        <p>{hold.noKey}</p>
        <Code text={hold.command} />
        <div>
          <Button onPress={onClose}>{hold.close}</Button>
        </div>
      </>
    );
  }
  return (
    <>
      <p>{hold.text}</p>
      <Field
        label={hold.reason}
        help={hold.reasonHelp}
        value={reason}
        onChange={setReason}
        rows={2}
        maxLength={reasonCharsMax}
      />
      {failure === undefined ? null : <Problem failure={failure} />}
      <div>
        <Button
          kind="danger"
          isDisabled={reason.trim() === ""}
          onPress={() => {
            void stop();
          }}
        >
          {hold.button}
        </Button>{" "}
        <Button onPress={onClose}>{hold.close}</Button>
      </div>
    </>
  );
}
