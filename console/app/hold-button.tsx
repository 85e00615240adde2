// Hold, at the right of every page's top bar: the brake. Two actions: this button, then Hold now.
import type { ReactNode } from "react";
import { Button } from "../parts/button.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { words } from "../words/words.ts";
import { HoldDialog } from "./hold-dialog.tsx";

export interface HoldButtonProps {
  readonly isOpen: boolean;
  readonly onOpen: () => void;
  readonly onClose: () => void;
}

export function HoldButton({ isOpen, onOpen, onClose }: HoldButtonProps): ReactNode {
  const { hold } = words;
  return (
    <>
      <Button kind="danger" onPress={onOpen}>
        {hold.button}
      </Button>
      <Dialog title={hold.title} isOpen={isOpen} onClose={onClose}>
        <HoldDialog onClose={onClose} />
      </Dialog>
    </>
  );
}
