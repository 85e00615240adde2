// Over whatever is shown, where a read was refused for want of a session: nothing under it is lost. By one press where this browser has a
// key; else in another tab.
import type { ReactNode } from "react";
import { Button } from "../parts/button.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { words } from "../words/words.ts";
import { PasskeySignIn } from "./passkey-sign-in.tsx";
import { QuickSignIn } from "./quick-sign-in.tsx";
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
          <Button onPress={refresh}>{said.done}</Button>
        </>
      }
    >
      <p>{said.text}</p>
      <QuickSignIn onDone={stopAsking} />
      <PasskeySignIn onDone={stopAsking} />
      <p>
        <a href="/sign-in" target="_blank" rel="noreferrer">
          {said.go}
        </a>
      </p>
    </Dialog>
  );
}
