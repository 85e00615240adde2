// People, who is invited, and what each role may do, from the very table that the rules judge by.
import { type ReactNode, useState } from "react";
import { authority } from "../../../src/acts/authority.ts";
import { PeopleView, settingsRoutes } from "../../../src/control/contract-settings.ts";
import { Role } from "../../../src/terms/role.ts";
import { useView } from "../../app/reads.ts";
import { Button } from "../../parts/button.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Go } from "../../parts/go.tsx";
import { Read } from "../../parts/read.tsx";
import { Section } from "../../parts/section.tsx";
import { Time } from "../../parts/time.tsx";
import { Verdict } from "../../parts/verdict.tsx";
import { NeedsRole } from "../../signing/needs-role.tsx";
import { useMay } from "../../signing/role.ts";
import { StopDialog, type Stopping } from "../../signing/stop-dialog.tsx";
import { numberInWords } from "../../words/format.ts";
import { words } from "../../words/words.ts";
import { InviteDialog } from "./invite-dialog.tsx";
import styles from "./settings.module.css";

const said = words.settings.people;

type Person = PeopleView["people"][number];

export function People(): ReactNode {
  const view = useView(settingsRoutes.people, PeopleView);
  const may = useMay();
  const [isInviting, setInviting] = useState(false);
  const [suspending, setSuspending] = useState<Person | undefined>();
  return (
    <div className={styles.parts}>
      <Section
        title={said.title}
        lead={said.lead}
        actions={
          <>
            {may("invite") ? (
              <Button
                kind="primary"
                onPress={() => {
                  setInviting(true);
                }}
              >
                {words.settings.invite.button}
              </Button>
            ) : null}
            <NeedsRole of={["invite", "suspend"]} />
          </>
        }
      >
        <Read of={view}>{({ people }) => <Admitted people={people} onSuspend={setSuspending} />}</Read>
      </Section>
      {view.data === undefined ? null : <Invited view={view.data} />}
      <Roles />
      <InviteDialog
        isOpen={isInviting}
        onClose={() => {
          setInviting(false);
        }}
      />
      <StopDialog
        of={suspending === undefined ? undefined : stopOf(suspending)}
        onClose={() => {
          setSuspending(undefined);
        }}
      />
    </div>
  );
}

function stopOf({ person, name }: Person): Stopping {
  const texts = { title: said.suspendTitle(name ?? person), lead: said.suspendLead, button: said.suspend };
  return { target: { kind: "person", person }, texts };
}

interface AdmittedProps {
  readonly people: readonly Person[];
  readonly onSuspend: (person: Person) => void;
}

function Admitted({ people, onSuspend }: AdmittedProps): ReactNode {
  const may = useMay();
  const acts: Column<Person> = {
    id: "acts",
    title: said.columns.acts,
    cell: (person) =>
      person.suspended ? null : (
        <Button
          small
          label={said.suspendOf(person.name ?? person.person)}
          onPress={() => {
            onSuspend(person);
          }}
        >
          {said.suspend}
        </Button>
      ),
  };
  return (
    <DataTable
      caption={said.caption}
      rows={people}
      keyOf={({ person }) => person}
      columns={may("suspend") ? [...columns, acts] : columns}
      save={{ name: "people" }}
    />
  );
}

const columns: readonly Column<Person>[] = [
  {
    id: "name",
    title: said.columns.name,
    cell: ({ name, person }) => (
      <>
        {name ?? said.erased} <code>{person}</code>
      </>
    ),
    value: ({ name, person }) => name ?? person,
    isSortable: true,
  },
  {
    id: "role",
    title: said.columns.role,
    cell: ({ role }) => words.settings.roles[role],
    value: ({ role }) => role,
    isSortable: true,
  },
  {
    id: "of",
    title: said.columns.of,
    cell: ({ affiliation }) => affiliation ?? said.own,
    value: ({ affiliation }) => affiliation,
  },
  {
    id: "state",
    title: said.columns.state,
    cell: ({ suspended }) => (
      <Verdict value={suspended ? "fail" : "pass"} word={suspended ? said.suspended : said.active} />
    ),
    value: ({ suspended }) => (suspended ? said.suspended : said.active),
  },
  {
    id: "entry",
    title: said.columns.entry,
    align: "end",
    cell: ({ admitted }) => <Go href={`/ledger/${admitted}`}>{numberInWords(admitted)}</Go>,
    value: ({ admitted }) => admitted,
  },
];

/** Newcomers: a link of somebody who is here brings them a further key, and is no matter of this list. */
function Invited({ view }: { readonly view: PeopleView }): ReactNode {
  const invited = view.invited.filter(({ person }) => !view.people.some((one) => one.person === person));
  if (invited.length === 0) return null;
  return (
    <Section title={said.invited} lead={said.invitedLead}>
      <DataTable
        caption={said.invited}
        rows={invited}
        keyOf={({ invitation }) => invitation}
        columns={[
          { id: "name", title: said.invitedColumns.name, cell: ({ name }) => name ?? said.erased },
          { id: "role", title: said.invitedColumns.role, cell: ({ role }) => words.settings.roles[role] },
          { id: "until", title: said.invitedColumns.until, cell: ({ notAfter }) => <Time at={notAfter} /> },
        ]}
      />
    </Section>
  );
}

function Roles(): ReactNode {
  return (
    <Section title={said.roles} lead={said.rolesLead}>
      <DataTable
        caption={said.roles}
        rows={Role.options}
        keyOf={(role) => role}
        columns={[
          { id: "role", title: said.rolesColumns.role, cell: (role) => words.settings.roles[role] },
          { id: "may", title: said.rolesColumns.may, cell: mayInWords },
        ]}
      />
    </Section>
  );
}

const verbWords: Readonly<Record<string, string>> = words.settings.verbs;

function mayInWords(role: Role): string {
  const verbs = Object.entries(authority).flatMap(([verb, { roles }]) =>
    roles.some((one) => one === role) ? [verbWords[verb] ?? verb] : [],
  );
  return verbs.length === 0 ? said.reads : verbs.join("; ");
}
