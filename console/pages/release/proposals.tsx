// The proposals of a model, those that wait first, from the ledger as this browser verified it.
import { type ReactNode, useEffect, useRef, useState } from "react";
import type { Proposal, State } from "../../../src/acts/state.ts";
import type { StatusView } from "../../../src/control/contract.ts";
import { OpenStage } from "../../../src/terms/stage.ts";
import { Choice } from "../../parts/choice.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Problem } from "../../parts/problem.tsx";
import { Section } from "../../parts/section.tsx";
import { useAct } from "../../signing/acts.tsx";
import { useVerifiedState } from "../../signing/verified.ts";
import { numberInWords } from "../../words/format.ts";
import { words } from "../../words/words.ts";
import { prepareProposal } from "./prepare.ts";
import { ProposalCard } from "./proposal-card.tsx";
import { useRole, whyNot } from "../../signing/role.ts";
import { ReasonedAct } from "./reasoned-act.tsx";
import styles from "./release.module.css";

const said = words.release.proposals;

/** Proposals that are listed, newest first. */
const shownMax = 20;

export interface ProposalsProps {
  readonly status: StatusView;
  /** The one that the address names: its details are open. */
  readonly named: string | undefined;
}

export function Proposals({ status, named }: ProposalsProps): ReactNode {
  const read = useVerifiedState((state) => ({ state, proposals: proposalsIn(state, status.model) }));
  const { retry } = read;
  const told = JSON.stringify(
    status.proposals.map(({ proposal, signOffs, certified }) => [proposal, signOffs, certified]),
  );
  const bringUp = useRef(retry);
  useEffect(() => {
    bringUp.current = retry;
  });
  // What the server tells of, this browser verifies at once: nobody signs on what they do not see.
  useEffect(() => {
    bringUp.current();
  }, [told]);
  return (
    <Section title={said.title} lead={said.lead} actions={<Propose status={status} />}>
      {read.error === null || read.error === undefined ? null : <Problem failure={read.error} retry={read.retry} />}
      {read.data === undefined ? (
        <p className={styles.soft}>
          {said.checking} {read.checking === undefined ? "" : words.acts.checked(numberInWords(read.checking))}
        </p>
      ) : (
        <Listed {...read.data} status={status} named={named} />
      )}
    </Section>
  );
}

interface ListedProps extends ProposalsProps {
  readonly state: State;
  readonly proposals: readonly Proposal[];
}

function Listed({ state, proposals, status, named }: ListedProps): ReactNode {
  const waiting = new Set(status.proposals.filter((one) => one.waiting).map(({ proposal }) => proposal));
  const open = proposals.filter(({ release }) => waiting.has(release.proposal));
  const earlier = proposals.filter(({ release }) => !waiting.has(release.proposal));
  const card = (proposal: Proposal): ReactNode => {
    const id = proposal.release.proposal;
    return <ProposalCard key={id} proposal={proposal} state={state} status={status} isOpen={id === named} />;
  };
  return (
    <>
      {open.length === 0 ? <Empty title={said.none} next={said.noneNext} /> : open.map(card)}
      {earlier.length === 0 ? null : (
        <details className={styles.earlier} open={earlier.some(({ release }) => release.proposal === named)}>
          <summary>{said.earlier}</summary>
          {earlier.map(card)}
        </details>
      )}
    </>
  );
}

function proposalsIn({ proposals }: State, model: string): readonly Proposal[] {
  return [...proposals.values()]
    .filter(({ release }) => release.model === model)
    .toSorted((one, other) => other.index - one.index)
    .slice(0, shownMax);
}

function Propose({ status }: { readonly status: StatusView }): ReactNode {
  const acts = words.release.acts;
  const act = useAct();
  const [stage, setStage] = useState<OpenStage>(status.next ?? status.certified?.stage ?? "internal");
  const role = useRole();
  return (
    <ReasonedAct
      label={said.propose}
      kind="primary"
      title={acts.proposeTitle}
      text={acts.proposeText}
      why={whyNot(role, "proposal", { roles: ["owner"] })}
      fields={
        <Choice
          label={acts.stage}
          value={stage}
          options={OpenStage.options.map((one) => ({ value: one, text: one }))}
          onChange={setStage}
        />
      }
      submit={async (reason) =>
        act({
          verb: "proposal",
          prepare: async (state) =>
            prepareProposal(state, { model: status.model, stage, slot: "candidate", reason, holds: [], lifts: [] }),
        })
      }
    />
  );
}
