// What is shown once and never again: it stays until whoever needs it says that they have it.
import type { ReactNode } from "react";
import { words } from "../words/words.ts";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import { Notice } from "./notice.tsx";

export interface ShownOnceProps {
  readonly title: string;
  /** What to mind, a paragraph each. */
  readonly mind: readonly string[];
  readonly onClose: () => void;
  readonly children: ReactNode;
}

export function ShownOnce({ title, mind, onClose, children }: ShownOnceProps): ReactNode {
  return (
    <Dialog
      title={title}
      isOpen
      mustAnswer
      onClose={onClose}
      actions={
        <Button kind="primary" onPress={onClose}>
          {words.parts.haveCopied}
        </Button>
      }
    >
      <Notice kind="warning">
        {mind.map((sentence) => (
          <p key={sentence}>{sentence}</p>
        ))}
      </Notice>
      {children}
    </Dialog>
  );
}
