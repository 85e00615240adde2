// Copies a text; says that it did.
import { type ReactNode, useEffect, useState } from "react";
import { words } from "../words/words.ts";
import { Button } from "./button.tsx";

export interface CopyButtonProps {
  readonly text: string;
  /** What is copied, for those who hear the button. */
  readonly what?: string;
}

const shownMs = 2000;

export function CopyButton({ text, what }: CopyButtonProps): ReactNode {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => {
      setCopied(false);
    }, shownMs);
    return () => {
      clearTimeout(timer);
    };
  }, [copied]);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
  };
  return (
    <Button
      small
      label={what === undefined || copied ? undefined : words.parts.copyOf(what)}
      onPress={() => {
        void copy();
      }}
    >
      {copied ? words.parts.copied : words.parts.copy}
    </Button>
  );
}
