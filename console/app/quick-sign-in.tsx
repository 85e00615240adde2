// Signing in by one press, with what this browser has: on the page for it, and in the dialog over a page whose session has ended.
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { Button } from "../parts/button.tsx";
import { Problem } from "../parts/problem.tsx";
import { useBrowserKey } from "../signing/signer.ts";
import { words } from "../words/words.ts";
import { useSessionState } from "./session.tsx";

export interface QuickSignInProps {
  readonly onDone: () => void;
}

export function QuickSignIn({ onDone }: QuickSignInProps): ReactNode {
  const key = useBrowserKey();
  const said = words.signIn.key;
  const { run, isBusy, failure } = useSigningIn(onDone);
  if (key === undefined || key === null) return null;
  return (
    <>
      <p>{said.text(key.person, key.role)}</p>
      <p>
        <Button
          kind="primary"
          isDisabled={isBusy}
          onPress={() => {
            run(async () => {
              const { signInWith } = await import("../signing/join.ts");
              await signInWith(key);
            });
          }}
        >
          {isBusy ? words.signIn.busy : said.button}
        </Button>
      </p>
      {failure === undefined ? null : <Problem failure={failure} />}
    </>
  );
}

export interface SigningIn {
  readonly run: (step: () => Promise<void>) => void;
  readonly isBusy: boolean;
  readonly failure: unknown;
}

/** Runs a way of signing in; after it everything shown is read again. */
export function useSigningIn(onDone: () => void): SigningIn {
  const client = useQueryClient();
  const { refresh } = useSessionState();
  const [isBusy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>();
  const run = (step: () => Promise<void>): void => {
    setBusy(true);
    setFailure(undefined);
    const signIn = async (): Promise<void> => {
      try {
        await step();
        await client.invalidateQueries({ queryKey: ["browser-key"] });
        refresh();
        onDone();
      } catch (error) {
        setFailure(error);
      } finally {
        setBusy(false);
      }
    };
    void signIn();
  };
  return { run, isBusy, failure };
}
