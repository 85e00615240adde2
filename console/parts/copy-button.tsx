// Copies a text; says that it did, or that this browser lets no page copy: then it is for the hand.
import { type ReactNode, useEffect, useState } from "react";
import { words } from "../words/words.ts";
import { Button } from "./button.tsx";

export interface CopyButtonProps {
  readonly text: string;
  /** What is copied, for those who hear the button. */
  readonly what?: string;
}

const shownMs = 2000;

type State = "idle" | "copied" | "refused";

export function CopyButton({ text, what }: CopyButtonProps): ReactNode {
  const [state, setState] = useState<State>("idle");
  useEffect(() => {
    if (state !== "copied") return undefined;
    const timer = setTimeout(() => {
      setState("idle");
    }, shownMs);
    return () => {
      clearTimeout(timer);
    };
  }, [state]);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setState("copied");
    } catch {
      setState("refused");
    }
  };
  return (
    <Button
      small
      label={what === undefined || state !== "idle" ? undefined : words.parts.copyOf(what)}
      onPress={() => {
        void copy();
      }}
    >
      {{ idle: words.parts.copy, copied: words.parts.copied, refused: words.parts.notCopied }[state]}
    </Button>
  );
}
