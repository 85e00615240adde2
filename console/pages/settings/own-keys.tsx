// The keys that sign as the person who is here, where each was made and since when, as this browser verified it; one is taken away by a
// statement that the key of this browser signs. A person's last key the rules keep: giving it up erases it here, and asks twice.
import { type ReactNode, useState } from "react";
import type { Person, PersonKey, State } from "../../../src/acts/state.ts";
import { PeopleView, settingsRoutes } from "../../../src/control/contract-settings.ts";
import type { PersonId } from "../../../src/terms/ids.ts";
import { useView } from "../../app/reads.ts";
import { useSession } from "../../app/session.tsx";
import { Button } from "../../parts/button.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Go } from "../../parts/go.tsx";
import { Problem } from "../../parts/problem.tsx";
import { Section } from "../../parts/section.tsx";
import { Time } from "../../parts/time.tsx";
import { useBrowserKey } from "../../signing/signer.ts";
import { StopDialog, type Stopping } from "../../signing/stop-dialog.tsx";
import { useVerifiedState } from "../../signing/verified.ts";
import { words } from "../../words/words.ts";
import { useEraseKey } from "./erase-key.ts";
import { LastKeyDialog } from "./last-key-dialog.tsx";

const said = words.settings.keys;

export function OwnKeys(): ReactNode {
  const session = useSession();
  const key = useBrowserKey();
  const person = key?.person ?? (session?.kind === "person" ? session.person : undefined);
  if (person === undefined)
    return (
      <Section title={said.title}>
        <p>{said.nobody}</p>
      </Section>
    );
  return (
    <Section title={said.title} lead={said.lead}>
      <OfPerson person={person} here={key?.person === person ? key.publicKey : undefined} />
    </Section>
  );
}

interface OfPersonProps {
  readonly person: PersonId;
  /** Of this browser, where it has one of theirs. */
  readonly here: PersonKey["key"] | undefined;
}

function OfPerson({ person, here }: OfPersonProps): ReactNode {
  const read = useVerifiedState((state) => ({ me: state.persons.get(person), owners: otherOwners(state, person) }));
  const { data } = useView(settingsRoutes.people, PeopleView);
  const nameOf = (id: PersonId): string => data?.people.find((one) => one.person === id)?.name ?? id;
  if (read.error !== null && read.error !== undefined) return <Problem failure={read.error} retry={read.retry} />;
  if (read.data?.me === undefined) return <p role="status">{words.parts.loading}</p>;
  const { me, owners } = read.data;
  return <List me={me} here={here} owners={owners.map((one) => nameOf(one.person))} />;
}

function otherOwners({ persons }: State, person: PersonId): readonly Person[] {
  return [...persons.values()].filter((one) => one.role === "owner" && !one.suspended && one.person !== person);
}

interface ListProps {
  readonly me: Person;
  readonly here: PersonKey["key"] | undefined;
  readonly owners: readonly string[];
}

function List({ me, here, owners }: ListProps): ReactNode {
  const [stopping, setStopping] = useState<PersonKey | undefined>();
  const [isGivingUp, setGivingUp] = useState(false);
  const erase = useEraseKey();
  // The only key can be given up where it is, and nowhere else.
  const canAct = here !== undefined && (me.keys.length > 1 || me.keys.some(({ key }) => key === here));
  const acts: Column<PersonKey> = {
    id: "acts",
    title: said.columns.acts,
    cell: (one) =>
      me.keys.length > 1 ? (
        <Button
          small
          label={said.takeOf(one.key)}
          onPress={() => {
            setStopping(one);
          }}
        >
          {said.take}
        </Button>
      ) : (
        <Button
          small
          onPress={() => {
            setGivingUp(true);
          }}
        >
          {said.last.button}
        </Button>
      ),
  };
  return (
    <>
      <DataTable
        caption={said.caption}
        rows={me.keys}
        keyOf={({ key }) => key}
        columns={canAct ? [...columnsFor(here), acts] : columnsFor(here)}
      />
      <p>{here === undefined ? said.elsewhere : said.further}</p>
      <StopDialog
        of={stopping === undefined ? undefined : stopOf(me, stopping, here)}
        onClose={() => {
          setStopping(undefined);
        }}
        onStopped={async () => {
          if (stopping?.key === here) await erase();
        }}
      />
      <LastKeyDialog
        isOpen={isGivingUp}
        owners={owners}
        onClose={() => {
          setGivingUp(false);
        }}
      />
    </>
  );
}

function stopOf({ person }: Person, { key }: PersonKey, here: PersonKey["key"] | undefined): Stopping {
  const lead = key === here ? `${said.takeLead} ${said.takeHere}` : said.takeLead;
  return {
    target: { kind: "person-key", person, key },
    texts: { title: said.takeTitle, lead, button: said.take },
  };
}

function columnsFor(here: PersonKey["key"] | undefined): readonly Column<PersonKey>[] {
  return [
    {
      id: "key",
      title: said.columns.key,
      cell: ({ key }) => (
        <>
          <code>{key}</code>
          {key === here ? ` · ${said.here}` : null}
        </>
      ),
      value: ({ key }) => key,
    },
    { id: "made", title: said.columns.made, cell: madeOf, value: madeOf },
    {
      id: "since",
      title: said.columns.since,
      cell: ({ at, index }) => (
        <>
          <Time at={at} /> · <Go href={`/ledger/${index}`}>{said.entry(index)}</Go>
        </>
      ),
      value: ({ at }) => at,
    },
  ];
}

function madeOf({ madeIn }: PersonKey): string {
  return madeIn === undefined ? said.commandLine : said.browser;
}
