// Which document it is: its digest, since which entry it is in force, who applied it and when.
import { Fragment, type ReactNode } from "react";
import type { RulesSlot, RulesView } from "../../../src/control/contract-policy.ts";
import { PersonName } from "../../app/person-name.tsx";
import { DigestText } from "../../parts/digest-text.tsx";
import { Go } from "../../parts/go.tsx";
import { Time } from "../../parts/time.tsx";
import { words } from "../../words/words.ts";
import styles from "./policy.module.css";

interface SlotFactsProps {
  readonly slot: RulesSlot;
  readonly kind: "policy" | "safeguards";
}

export function SlotFacts({ slot, kind }: SlotFactsProps): ReactNode {
  const { facts } = words.policy;
  const { digest, since, by, document } = slot[kind];
  const { certificate } = slot;
  const index = kind === "policy" ? certificate?.policySince : certificate?.safeguardsSince;
  return (
    <dl className={styles.facts}>
      <Fact name={facts[kind]}>{document.name}</Fact>
      <Fact name={facts.digest}>
        <DigestText value={digest} what={facts[kind]} />
      </Fact>
      {certificate === null || index === undefined ? null : (
        <>
          <Fact name={facts.inForceSince}>
            <Go href={`/ledger/${index}`}>{facts.entry(index)}</Go>
          </Fact>
          <Fact name={facts.certificate}>
            <Go href={`/ledger/${certificate.index}`}>{certificate.certificate}</Go>
          </Fact>
        </>
      )}
      {since === null ? null : (
        <Fact name={facts.applied}>
          <Time at={since} />
        </Fact>
      )}
      <Fact name={facts.by}>{by.length === 0 ? facts.nobody : <Names of={by} />}</Fact>
    </dl>
  );
}

function Names({ of }: { readonly of: readonly string[] }): ReactNode {
  return of.map((person, at) => (
    <Fragment key={person}>
      {at === 0 ? "" : ", "}
      <PersonName person={person} />
    </Fragment>
  ));
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }): ReactNode {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

export function slotLead({ slot, certificate }: RulesSlot, { slots }: RulesView): string {
  const { slotLead: said } = words.policy;
  if (slot === "candidate") return slots.length === 1 ? said.none : said.candidate;
  const lead = said.inForce(certificate?.stage ?? "");
  return slots.length === 1 ? `${lead} ${said.same}` : lead;
}
