// What a link or code says, in words, before anything is made; then the key, the statement and the session in one press.
import type { ReactNode } from "react";
import { type Invitation, parseInvitation } from "../../../src/acts/invitation.ts";
import { useSigningIn } from "../../app/quick-sign-in.tsx";
import { Button } from "../../parts/button.tsx";
import { DigestText } from "../../parts/digest-text.tsx";
import { Notice } from "../../parts/notice.tsx";
import { useNow } from "../../parts/now.ts";
import { Problem } from "../../parts/problem.tsx";
import { Section } from "../../parts/section.tsx";
import { Time } from "../../parts/time.tsx";
import { useBrowserKey } from "../../signing/signer.ts";
import { roleDoes } from "../../words/roles.ts";
import { words } from "../../words/words.ts";
import styles from "./sign-in.module.css";

interface InvitedProps {
  readonly code: string;
  readonly onDone: () => void;
}

export function Invited({ code, onDone }: InvitedProps): ReactNode {
  const said = words.signIn.invited;
  const opened = openCode(code);
  return (
    <Section title={said.title} lead={said.lead}>
      {"failure" in opened ? (
        <Problem failure={opened.failure} />
      ) : (
        <Offer invitation={opened.invitation} onDone={onDone} />
      )}
    </Section>
  );
}

type Opened = { readonly invitation: Invitation } | { readonly failure: unknown };

/** A whole link is as good as its code. */
function openCode(text: string): Opened {
  try {
    return { invitation: parseInvitation(text.slice(text.indexOf("#") + 1)) };
  } catch (failure) {
    return { failure };
  }
}

function Offer({ invitation, onDone }: { readonly invitation: Invitation; readonly onDone: () => void }): ReactNode {
  const said = words.signIn.invited;
  const { run, isBusy, failure } = useSigningIn(onDone);
  const { isUsable, notes } = useStanding(invitation);
  return (
    <>
      <Facts invitation={invitation} />
      {notes}
      <p>
        <Button
          kind="primary"
          isDisabled={isBusy || !isUsable}
          onPress={() => {
            run(async () => {
              const { joinHere, signInWith } = await import("../../signing/join.ts");
              await signInWith(await joinHere(invitation));
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

interface Standing {
  readonly isUsable: boolean;
  readonly notes: ReactNode;
}

/** What of this browser and this moment stands against using it. */
function useStanding({ person, deployment, notAfter, demo }: Invitation): Standing {
  const said = words.signIn.invited;
  const now = useNow();
  const before = useBrowserKey();
  const isSame = before?.person === person && before.deployment === deployment;
  const isOver = Date.parse(notAfter) < now;
  const replaced = isSame ? undefined : before?.person;
  return {
    isUsable: before !== undefined && !isSame && !isOver,
    notes: (
      <>
        {demo ? <Notice>{said.demo}</Notice> : null}
        {isSame ? <p>{said.already}</p> : null}
        {replaced === undefined ? null : <Notice kind="warning">{said.replaces(replaced)}</Notice>}
        {isOver ? <Notice kind="danger">{said.over}</Notice> : null}
      </>
    ),
  };
}

function Facts({ invitation }: { readonly invitation: Invitation }): ReactNode {
  const said = words.signIn.invited;
  const { person, name, by, role, deployment, root, notAfter } = invitation;
  return (
    <dl className={styles.facts}>
      <dt>{said.person}</dt>
      <dd>
        {name ?? person}
        {name === undefined ? null : <span className={styles.help}>{person}</span>}
      </dd>
      <dt>{said.role}</dt>
      <dd>
        {role}
        <span className={styles.help}>{roleDoes[role]}</span>
      </dd>
      {by === undefined ? null : (
        <>
          <dt>{said.by}</dt>
          <dd>{by}</dd>
        </>
      )}
      <dt>{said.deployment}</dt>
      <dd>{deployment}</dd>
      <dt>{said.root}</dt>
      <dd>
        <DigestText value={root} />
        <span className={styles.help}>{said.rootHelp}</span>
      </dd>
      <dt>{said.until}</dt>
      <dd>
        <Time at={notAfter} />
      </dd>
    </dl>
  );
}
