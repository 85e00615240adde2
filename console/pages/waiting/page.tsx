// The page at /waiting: statements that others signed and that wait for another signature, each in the words that this browser made of
// its bytes, with the button that adds one's own.
import { useQuery } from "@tanstack/react-query";
import { createLazyRoute } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { describeAct } from "../../../src/acts/act-words.ts";
import type { State } from "../../../src/acts/state.ts";
import { openStatement } from "../../../src/acts/statement.ts";
import { PendingView, routes } from "../../../src/control/contract.ts";
import { bytesOf } from "../../../src/feed/catch-up.ts";
import { browserPrimitives } from "../../../src/proof/browser.ts";
import { useView } from "../../app/reads.ts";
import { Button } from "../../parts/button.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Page } from "../../parts/page.tsx";
import { Problem } from "../../parts/problem.tsx";
import { Section } from "../../parts/section.tsx";
import { anyRoleButAuditor } from "../../../src/acts/authority.ts";
import { neededFor } from "../../../src/acts/authority-words.ts";
import { useRole } from "../../signing/role.ts";
import { useCosign } from "../../signing/acts.tsx";
import { useVerifiedState } from "../../signing/verified.ts";
import { words } from "../../words/words.ts";

export const page = createLazyRoute("/waiting")({ component: WaitingPage });

type Pending = PendingView["pending"][number];

const refreshMs = 10_000;
const own = (state: State): State => state;

function WaitingPage(): ReactNode {
  const read = useView(routes.pending, PendingView, { refreshMs });
  const state = useVerifiedState(own);
  const said = words.waiting;
  const failure = read.error ?? state.error;
  const retry = (): void => {
    void read.refetch();
    state.retry();
  };
  return (
    <Page title={said.title} lead={said.lead}>
      {failure === null || failure === undefined ? null : <Problem failure={failure} retry={retry} />}
      {read.data?.pending.length === 0 ? <Empty title={said.empty} next={said.next} /> : null}
      {state.data === undefined
        ? null
        : read.data?.pending.map((one) => <Waiting key={one.act} pending={one} state={state.data} />)}
    </Page>
  );
}

interface WaitingProps {
  readonly pending: Pending;
  readonly state: State | undefined;
}

function Waiting({ pending, state }: WaitingProps): ReactNode {
  const cosign = useCosign();
  const [failure, setFailure] = useState<unknown>();
  const said = words.waiting;
  const told = useQuery({
    queryKey: ["waiting", pending.act, state?.persons.size],
    queryFn: async () => {
      const act = await openStatement(bytesOf(pending.envelope), browserPrimitives);
      const sentence = state === undefined ? "" : describeAct(act, state, browserPrimitives);
      return { sentence, verb: act.predicate.verb };
    },
  });
  // Whose statement it is was asked when it was begun; the second one may be of any role but auditor.
  const role = useRole();
  const verb = told.data?.verb;
  const why = role === "auditor" && verb !== undefined ? neededFor(verb, { roles: anyRoleButAuditor }) : undefined;
  const sign = async (): Promise<void> => {
    setFailure((await cosign(pending.envelope)).failure);
  };
  return (
    <Section title={said.kind(pending.verb)} lead={said.lacks(pending.needs)}>
      {told.error === null ? <p>{told.data?.sentence ?? words.parts.loading}</p> : <Problem failure={told.error} />}
      {failure === undefined ? null : <Problem failure={failure} />}
      <div>
        <Button
          kind="primary"
          isDisabled={told.data === undefined || why !== undefined}
          onPress={() => {
            void sign();
          }}
        >
          {said.sign}
        </Button>
        {why === undefined ? null : <p>{why}</p>}
      </div>
    </Section>
  );
}
