// Over whatever is shown, where a read was refused for want of a session: nothing under it is lost.
import type { ReactNode } from "react";
import { Button } from "../parts/button.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { words } from "../words/words.ts";
import { useSessionState } from "./session.tsx";

export function AskSignIn(): ReactNode {
  const { isAsking, stopAsking, refresh } = useSessionState();
  const said = words.shell.askSignIn;
  const isThere = location.pathname === "/sign-in";
  return (
    <Dialog
      title={said.title}
      isOpen={isAsking && !isThere}
      onClose={stopAsking}
      mustAnswer
      actions={
        <>
          <Button onPress={stopAsking}>{said.stay}</Button>
          <Button kind="primary" onPress={refresh}>
            {said.done}
          </Button>
        </>
      }
    >
      <p>{said.text}</p>
      <p>
        <a href="/sign-in" target="_blank" rel="noreferrer">
          {said.go}
        </a>
      </p>
    </Dialog>
  );
}
