// Hold, at the right of every page's top bar. Until the console holds by itself it says the command that does.
import { type ReactNode, useState } from "react";
import { Button } from "../parts/button.tsx";
import { Code } from "../parts/code.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { words } from "../words/words.ts";

export function HoldButton(): ReactNode {
  const [isOpen, setOpen] = useState(false);
  const { hold } = words.shell;
  const close = (): void => {
    setOpen(false);
  };
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
        onClose={close}
        actions={<Button onPress={close}>{hold.close}</Button>}
      >
        <p>{hold.text}</p>
        <Code text={hold.command} />
      </Dialog>
    </>
  );
}
