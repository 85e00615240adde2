// Signing in with a passkey, by one press.
import type { ReactNode } from "react";
import { Button } from "../parts/button.tsx";
import { Problem } from "../parts/problem.tsx";
import { words } from "../words/words.ts";
import { useSigningIn } from "./quick-sign-in.tsx";

export function PasskeySignIn({ onDone }: { readonly onDone: () => void }): ReactNode {
  const { run, isBusy, failure } = useSigningIn(onDone);
  return (
    <>
      <p>
        <Button
          isDisabled={isBusy}
          onPress={() => {
            run(async () => {
              const { signInWithPasskey } = await import("../signing/passkeys.ts");
              await signInWithPasskey();
            });
          }}
        >
          {isBusy ? words.signIn.busy : words.signIn.passkeys.button}
        </Button>
      </p>
      {failure === undefined ? null : <Problem failure={failure} />}
    </>
  );
}
