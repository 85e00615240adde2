// The keys of an organisation and what is done with them. A stopped key is shown for as long as the ledger knows it.
import { type ReactNode, useState } from "react";
import { latestSecret, resumedKey } from "../../../src/acts/key-bodies.ts";
import type { State } from "../../../src/acts/state.ts";
import type { KeyView, OrganisationView } from "../../../src/control/contract-organisations.ts";
import { Button } from "../../parts/button.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Problem } from "../../parts/problem.tsx";
import { Section } from "../../parts/section.tsx";
import { Time } from "../../parts/time.tsx";
import { Verdict, type VerdictValue } from "../../parts/verdict.tsx";
import { useAct } from "../../signing/acts.tsx";
import { NeedsRole } from "../../signing/needs-role.tsx";
import { useMay } from "../../signing/role.ts";
import { StopDialog, type Stopping } from "../../signing/stop-dialog.tsx";
import { words } from "../../words/words.ts";
import { type KeyWork, KeyDialog } from "./key-dialog.tsx";
import styles from "./organisations.module.css";

const said = words.organisations.one.keys;

export function Keys({ view }: { readonly view: OrganisationView }): ReactNode {
  const [work, setWork] = useState<KeyWork | undefined>();
  const [stopping, setStopping] = useState<Stopping | undefined>();
  const [failure, setFailure] = useState<unknown>(null);
  const act = useAct();
  const may = useMay();
  const resume = async ({ key }: KeyView): Promise<void> => {
    const end = await act({ verb: "key", prepare: (state) => ({ body: resumed(state, key) }) });
    setFailure(end.failure ?? null);
  };
  const acts = (key: KeyView): ReactNode => (
    <Acts
      view={key}
      onRotate={() => {
        setWork({ kind: "rotate", key: key.key });
      }}
      onResume={() => void resume(key)}
      onStop={setStopping}
    />
  );
  const { organisation, grants } = view;
  return (
    <Section
      title={said.title}
      lead={said.lead}
      actions={
        may("key") ? (
          <Button
            kind="primary"
            onPress={() => {
              setWork({ kind: "make" });
            }}
          >
            {said.make}
          </Button>
        ) : (
          <NeedsRole of={["key", "suspend"]} />
        )
      }
    >
      {failure === null ? null : <Problem failure={failure} />}
      <DataTable
        caption={said.caption}
        rows={view.keyList}
        keyOf={({ key }) => key}
        columns={may("key") ? [...columns, { id: "acts", title: said.columns.acts, cell: acts }] : columns}
        save={{ name: `keys-of-${organisation}` }}
        empty={<Empty title={said.none} next={may("key") ? said.noneNext : said.noneNextByOthers} />}
      />
      <KeyDialog
        organisation={organisation}
        model={grants[0]?.model}
        work={work}
        onClose={() => {
          setWork(undefined);
        }}
      />
      <StopDialog
        of={stopping}
        onClose={() => {
          setStopping(undefined);
        }}
      />
    </Section>
  );
}

function resumed(state: State, key: KeyView["key"]): ReturnType<typeof resumedKey> {
  const { hash, known } = latestSecret(state, key);
  return resumedKey(known, hash);
}

const verdicts: Readonly<Record<KeyView["state"], VerdictValue>> = {
  active: "pass",
  ending: "inconclusive",
  expired: "not-asked",
  suspended: "fail",
  revoked: "fail",
};

const columns: readonly Column<KeyView>[] = [
  {
    id: "key",
    title: said.columns.key,
    cell: ({ key }) => <code>{key}</code>,
    value: ({ key }) => key,
    isSortable: true,
  },
  {
    id: "state",
    title: said.columns.state,
    cell: ({ state }) => <Verdict value={verdicts[state]} word={said.states[state]} />,
    value: ({ state }) => state,
    isSortable: true,
  },
  {
    id: "secrets",
    title: said.columns.secrets,
    cell: ({ secrets }) => (
      <>
        {secrets
          .filter(({ state }) => state === "active" || state === "ending")
          .map(({ ending, state, notAfter }) => (
            <div key={`${ending} ${notAfter}`}>
              <code>{ending === null ? words.parts.none : `…${ending}`}</code>
              {state === "ending" && notAfter !== null ? (
                <>
                  {" "}
                  <Time at={notAfter} />
                </>
              ) : null}
            </div>
          ))}
      </>
    ),
  },
  {
    id: "made",
    title: said.columns.made,
    cell: ({ made }) => <Time at={made} />,
    value: ({ made }) => made,
    isSortable: true,
  },
  {
    id: "used",
    title: said.columns.used,
    cell: ({ lastUsed }) => (lastUsed === null ? words.organisations.neverSeen : words.organisations.lastDay(lastUsed)),
    value: ({ lastUsed }) => lastUsed,
    isSortable: true,
  },
  {
    id: "expires",
    title: said.columns.expires,
    cell: ({ notAfter }) => (notAfter === null ? said.noEnd : <Time at={notAfter} as="day" />),
    value: ({ notAfter }) => notAfter,
  },
  {
    id: "networks",
    title: said.columns.networks,
    cell: ({ networks }) => (networks === null ? said.anywhere : networks.join(", ")),
    value: ({ networks }) => networks?.join(" ") ?? null,
  },
];

interface ActsProps {
  readonly view: KeyView;
  readonly onRotate: () => void;
  readonly onResume: () => void;
  readonly onStop: (stopping: Stopping) => void;
}

function Acts({ view: { key, state }, onRotate, onResume, onStop }: ActsProps): ReactNode {
  if (state === "revoked") return null;
  return (
    <div className={styles.row}>
      {state === "suspended" ? (
        <Button small label={said.ofKey(said.resume, key)} onPress={onResume}>
          {said.resume}
        </Button>
      ) : (
        <>
          <Button small label={said.ofKey(said.rotate, key)} onPress={onRotate}>
            {said.rotate}
          </Button>
          <Button
            small
            label={said.ofKey(said.suspend, key)}
            onPress={() => {
              onStop({ target: { kind: "key", key }, texts: words.organisations.key.stops.suspend });
            }}
          >
            {said.suspend}
          </Button>
        </>
      )}
      <Button
        small
        label={said.ofKey(said.revoke, key)}
        onPress={() => {
          onStop({ target: { kind: "key", key, forGood: true }, texts: words.organisations.key.stops.revoke });
        }}
      >
        {said.revoke}
      </Button>
    </div>
  );
}
