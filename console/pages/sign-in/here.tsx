// Who is signed in here, and how to end that.
import { type ReactNode, useState } from "react";
import { EndedView, type SessionView, sessionRoutes } from "../../../src/control/contract-session.ts";
import { ask } from "../../app/server.ts";
import { useSessionState } from "../../app/session.tsx";
import { Button } from "../../parts/button.tsx";
import { Go } from "../../parts/go.tsx";
import { Problem } from "../../parts/problem.tsx";
import { Section } from "../../parts/section.tsx";
import { words } from "../../words/words.ts";

export function Here({ session }: { readonly session: SessionView }): ReactNode {
  const said = words.signIn.here;
  const { refresh } = useSessionState();
  const [failure, setFailure] = useState<unknown>();
  const signOut = async (): Promise<void> => {
    try {
      await ask(sessionRoutes.session, EndedView, { method: "DELETE" });
      refresh();
    } catch (error) {
      setFailure(error);
    }
  };
  const isPerson = session.kind === "person";
  return (
    <Section
      title={said.title}
      lead={isPerson ? said.person(session.name ?? session.person, session.role) : said.partner(session.organisation)}
      actions={
        <Button
          onPress={() => {
            void signOut();
          }}
        >
          {said.out}
        </Button>
      }
    >
      <p>{isPerson ? <Go href="/">{said.home}</Go> : <Go href="/partner">{said.own}</Go>}</p>
      {failure === undefined ? null : <Problem failure={failure} />}
    </Section>
  );
}
