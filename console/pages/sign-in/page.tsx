// The page at /sign-in: what was sent as a link, then the ways in, the quickest first. A code comes behind `#`, which the browser sends to
// nobody, and is taken out of the address at once.
import { createLazyRoute, useRouter } from "@tanstack/react-router";
import { type ReactNode, useEffect, useState } from "react";
import { PasskeySignIn } from "../../app/passkey-sign-in.tsx";
import { QuickSignIn } from "../../app/quick-sign-in.tsx";
import { useSession } from "../../app/session.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Page } from "../../parts/page.tsx";
import { Section } from "../../parts/section.tsx";
import { useSigner } from "../../signing/signer.ts";
import { words } from "../../words/words.ts";
import { Here } from "./here.tsx";
import { Invited } from "./invited.tsx";
import { Passkeys } from "./passkeys.tsx";
import { WithLink } from "./with-link.tsx";
import { WithSecret } from "./with-secret.tsx";

export const page = createLazyRoute("/sign-in")({ component: SignInPage });

function SignInPage(): ReactNode {
  const router = useRouter();
  const [code, setCode] = useCode();
  const session = useSession();
  const key = useSigner();
  const goOn = (): void => {
    router.history.push(whereTo());
  };
  return (
    <Page title={words.signIn.title} lead={words.signIn.lead}>
      <ByNumber code={code} />
      {session === null ? null : <Here session={session} />}
      {session?.kind === "person" ? <Passkeys /> : null}
      {code === "" ? null : <Invited code={code} onDone={goOn} />}
      {key === null ? null : (
        <Section title={words.signIn.key.title}>
          <QuickSignIn onDone={goOn} />
        </Section>
      )}
      <Section title={words.signIn.passkeys.way} lead={words.signIn.passkeys.wayLead}>
        <PasskeySignIn onDone={goOn} />
      </Section>
      {code === "" ? <WithLink onCode={setCode} /> : null}
      <WithSecret
        onDone={() => {
          void router.navigate({ to: "/partner" });
        }}
      />
    </Page>
  );
}

/** Opened by an address in figures: what is made there is not found under the name, and passkeys do not work. */
function ByNumber({ code }: { readonly code: string }): ReactNode {
  if (location.hostname !== "127.0.0.1" && location.hostname !== "[::1]") return null;
  const { byNumber, underName } = words.signIn;
  const named = new URL(location.href);
  named.hostname = "localhost";
  named.hash = code;
  return (
    <Notice kind="warning">
      <p>{byNumber}</p>
      <p>
        <a href={named.href}>{underName(named.origin)}</a>
      </p>
    </Notice>
  );
}

/** The page that asked for it, of this console only; else Home. */
function whereTo(): string {
  const to = new URLSearchParams(location.search).get("to") ?? "/";
  const { origin, pathname, search } = URL.canParse(to, location.origin) ? new URL(to, location.origin) : location;
  return origin === location.origin && pathname !== "/sign-in" ? pathname + search : "/";
}

/** The code behind `#`, of the address that was opened, and of one that is opened over it. */
function useCode(): readonly [string, (code: string) => void] {
  const [code, setCode] = useState(() => location.hash.slice(1));
  useEffect(() => {
    const take = (): void => {
      if (location.hash === "") return;
      setCode(location.hash.slice(1));
      history.replaceState(history.state, "", location.pathname + location.search);
    };
    take();
    addEventListener("hashchange", take);
    return () => {
      removeEventListener("hashchange", take);
    };
  }, []);
  return [code, setCode];
}
