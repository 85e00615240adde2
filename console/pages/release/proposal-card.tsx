// One proposal: what it would open, for whom, until when, what it pins, who said what and why, what changes, and what one may do with it.
import { type ReactNode, useState } from "react";
import type { Proposal, State } from "../../../src/acts/state.ts";
import { latestCertificate } from "../../../src/acts/state.ts";
import type { StatusView } from "../../../src/control/contract.ts";
import type { Digest } from "../../../src/terms/ids.ts";
import { DecisionFiles } from "../../parts/decision-files.tsx";
import { DigestText } from "../../parts/digest-text.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Time } from "../../parts/time.tsx";
import { words } from "../../words/words.ts";
import { Differences } from "./differences.tsx";
import { useOpenings } from "./openings.ts";
import { ProposalActs } from "./proposal-acts.tsx";
import styles from "./release.module.css";

const said = words.release.proposals;

export interface ProposalCardProps {
  readonly proposal: Proposal;
  readonly state: State;
  readonly status: StatusView;
  readonly isOpen: boolean;
}

export function ProposalCard({ proposal, state, status, isOpen }: ProposalCardProps): ReactNode {
  const { release, by, at } = proposal;
  const view = status.proposals.find((one) => one.proposal === release.proposal);
  const texts = useTexts(proposal, state);
  const before = latestCertificate(state, release.model)?.release;
  const [areShown, setShown] = useState(isOpen);
  return (
    <article
      className={styles.proposal}
      id={release.proposal}
      aria-label={said.opens(release.stage, release.answers.length > 0)}
    >
      <header className={styles.proposalHead}>
        <h3>{said.opens(release.stage, release.answers.length > 0)}</h3>
        <code className={styles.soft}>{release.proposal}</code>
      </header>
      <Standing view={view} certified={proposal.certified} />
      <dl className={styles.facts}>
        <dt>{said.by}</dt>
        <dd>
          {texts.nameOf(by)} · <Time at={at} />
        </dd>
        <dt>{said.reason}</dt>
        <dd className={styles.told}>{texts.reasonOf(release.reason)}</dd>
        <dt>{said.audience}</dt>
        <dd>{release.audience.map(({ types, stage }) => said.audienceOf(types, stage)).join("; ")}</dd>
        <dt>{said.period}</dt>
        <dd>{said.from(release.notBefore, release.notAfter)}</dd>
        <dt>{said.evidence}</dt>
        <dd>{said.pieces(release.digests.evidence.length)}</dd>
      </dl>
      {release.answers.length === 0 ? null : <p>{said.answers(release.answers)}</p>}
      {release.lifts === undefined ? null : <Notice kind="warning">{said.lifts(release.lifts)}</Notice>}
      <SignOffs proposal={proposal} texts={texts} />
      {proposal.certified ? null : (
        <>
          <h4>{said.changes}</h4>
          <Differences before={before} after={release} />
        </>
      )}
      <details
        open={areShown}
        onToggle={({ currentTarget }) => {
          setShown(currentTarget.open);
        }}
      >
        <summary>{said.digests}</summary>
        <dl className={styles.facts}>
          {(["model", "safeguards", "policy", "plan"] as const).map((name) => (
            <Pinned key={name} name={said.names[name]} digest={release.digests[name]} />
          ))}
          <Pinned name={said.names.proposal} digest={proposal.digest} />
        </dl>
      </details>
      <div className={styles.actions}>
        {view?.waiting === true ? <ProposalActs {...{ proposal, view, status, state }} /> : null}
        <DecisionFiles proposal={release.proposal} />
      </div>
    </article>
  );
}

type View = StatusView["proposals"][number];

function Standing({ view, certified }: { readonly view: View | undefined; readonly certified: boolean }): ReactNode {
  if (view?.waiting !== true) return <p className={styles.soft}>{certified ? said.certified : said.past}</p>;
  const { proposal, needs, decideBy, current } = view;
  return (
    <>
      <p>
        {needs === null ? null : needs.length === 0 ? said.complete : said.waits(needs)} {said.decideBy}{" "}
        <Time at={decideBy} as="day" /> (<Time at={decideBy} />
        ).
      </p>
      {needs?.includes("command-line") === true ? <Notice>{said.needsCommandLine(proposal)}</Notice> : null}
      {current ? null : <Notice kind="warning">{said.outdated}</Notice>}
    </>
  );
}

function Pinned({ name, digest }: { readonly name: string; readonly digest: Digest }): ReactNode {
  return (
    <>
      <dt>{name}</dt>
      <dd>
        <DigestText value={digest} what={name} />
      </dd>
    </>
  );
}

interface Texts {
  readonly nameOf: (person: Proposal["by"]) => string;
  readonly reasonOf: (commitment: Digest) => string;
}

/** Reasons and names, as far as the one who is here may read them. */
function useTexts({ release, by, signOffs }: Proposal, state: State): Texts {
  const signed = [...signOffs.values()];
  const names = [by, ...signed.map(({ person }) => person)].flatMap((id) => state.persons.get(id)?.name ?? []);
  const texts = useOpenings([release.reason, ...signed.map(({ reason }) => reason), ...names]);
  return {
    nameOf: (id) => {
      const person = state.persons.get(id);
      const name = person === undefined ? undefined : texts.get(person.name);
      return person === undefined ? id : `${name ?? id} (${person.role})`;
    },
    reasonOf: (commitment) => texts.get(commitment) ?? said.reasonGone,
  };
}

function SignOffs({ proposal, texts }: { readonly proposal: Proposal; readonly texts: Texts }): ReactNode {
  const signed = [...proposal.signOffs.values()].toSorted((one, other) => one.index - other.index);
  return (
    <>
      <h4>{said.signOffs}</h4>
      {signed.length === 0 ? <p className={styles.soft}>{said.nobody}</p> : null}
      <ul className={styles.rows}>
        {signed.map(({ person, verdict, at, reason, role, madeIn }) => (
          <li key={person} className={styles.signOff}>
            <p>
              {texts.nameOf(person)}{" "}
              <strong className={verdict === "against" ? styles.fail : undefined}>{said.said[verdict]}</strong>{" "}
              {said.as(role)}
              {madeIn === undefined ? "" : `, ${said.inBrowser}`} · <Time at={at} />
            </p>
            <p className={styles.told}>{texts.reasonOf(reason)}</p>
          </li>
        ))}
      </ul>
    </>
  );
}
