// Over whatever is shown, where a session ended: nothing under it is lost. By one press where this browser has a key; else in another tab.
// Whoever was not signed in at all has nothing to lose, and is led to the page that signs them in, and back from there.
import { useRouter } from "@tanstack/react-router";
import { type ReactNode, useEffect } from "react";
import { Button } from "../parts/button.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { words } from "../words/words.ts";
import { PasskeySignIn } from "./passkey-sign-in.tsx";
import { QuickSignIn } from "./quick-sign-in.tsx";
import { useSessionState } from "./session.tsx";

export function AskSignIn(): ReactNode {
  const { isAsking, isPending, wasHere, session, stopAsking, refresh } = useSessionState();
  const { history } = useRouter();
  const said = words.shell.askSignIn;
  const isThere = location.pathname === "/sign-in";
  const isStranger = isAsking && !isPending && !wasHere && session === null && !isThere;
  useEffect(() => {
    if (!isStranger) return;
    stopAsking();
    history.replace(`/sign-in?${new URLSearchParams({ to: location.pathname + location.search }).toString()}`);
  }, [isStranger, stopAsking, history]);
  if (isStranger) return null;
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
