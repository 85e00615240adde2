// Giving up the only key that signs as somebody: what that means and who could let them in again, and a second question.
import { useRouter } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { Button } from "../../parts/button.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Problem } from "../../parts/problem.tsx";
import { words } from "../../words/words.ts";
import { useEraseKey } from "./erase-key.ts";

export interface LastKeyDialogProps {
  readonly isOpen: boolean;
  /** Other owners, by name. */
  readonly owners: readonly string[];
  readonly onClose: () => void;
}

const said = words.settings.keys.last;

export function LastKeyDialog({ isOpen, owners, onClose }: LastKeyDialogProps): ReactNode {
  const [isSure, setSure] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const erase = useEraseKey();
  const router = useRouter();
  const leave = (): void => {
    setSure(false);
    setFailure(null);
    onClose();
  };
  const giveUp = async (): Promise<void> => {
    try {
      await erase();
      leave();
      await router.navigate({ to: "/sign-in" });
    } catch (error) {
      setFailure(error);
    }
  };
  return (
    <Dialog
      title={said.title}
      isOpen={isOpen}
      onClose={leave}
      mustAnswer
      actions={
        <>
          <Button onPress={leave}>{said.cancel}</Button>
          {isSure ? (
            <Button kind="danger" onPress={() => void giveUp()}>
              {said.confirm}
            </Button>
          ) : (
            <Button
              onPress={() => {
                setSure(true);
              }}
            >
              {said.goOn}
            </Button>
          )}
        </>
      }
    >
      <p>{said.lead}</p>
      <p>{said.again(owners)}</p>
      {isSure ? <Notice kind="warning" title={said.sure} /> : null}
      {failure === null ? null : <Problem failure={failure} />}
    </Dialog>
  );
}
