// After the order: how long it took to the last gateway and the last answer, as the server measured it, and how it is reopened.
// Nothing here opens anything.
import { type ReactNode, useEffect, useRef, useState } from "react";
import type { HoldScope } from "../../src/acts/bodies.ts";
import { pathOf } from "../../src/control/contract-paths.ts";
import { HoldEffectView, HoldsView, holdRoutes } from "../../src/control/contract-hold.ts";
import { Button } from "../parts/button.tsx";
import { Code } from "../parts/code.tsx";
import { type Column, DataTable } from "../parts/data-table.tsx";
import { Go } from "../parts/go.tsx";
import { Notice } from "../parts/notice.tsx";
import { durationInWords, numberInWords } from "../words/format.ts";
import { words } from "../words/words.ts";
import styles from "./hold-dialog.module.css";
import type { Placed } from "./place-hold.ts";
import { useView } from "./reads.ts";

interface HoldDoneProps {
  readonly placed: Placed;
  readonly onClose: () => void;
}

/** How often it is asked how far it has got, while it has not got to the end. */
const askEveryMs = 250;

export function HoldDone({ placed, onClose }: HoldDoneProps): ReactNode {
  const { done, close } = words.hold;
  const path = pathOf(holdRoutes.holdEffect, { hold: placed.hold });
  const [isOver, setOver] = useState(false);
  const effect = useView(path, HoldEffectView, isOver ? {} : { refreshMs: askEveryMs });
  if (!isOver && effect.data !== undefined && (effect.data.doneMs !== null || effect.data.givenUp)) setOver(true);
  // What had the focus is gone: here Escape closes, and a second Enter does nothing.
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    place.current?.focus();
  }, []);
  return (
    <div ref={place} tabIndex={-1} className={styles.done}>
      <Notice kind="danger" title={done.title}>
        <p className={styles.measured} role="status">
          {said(effect.data, effect.isError)}
        </p>
        {placed.index === null ? (
          <p>{done.unrecorded}</p>
        ) : (
          <p>
            <Go href={`/ledger/${placed.index}`}>{done.recorded(placed.index)}</Go>
          </p>
        )}
      </Notice>
      {effect.data === undefined ? null : <Gateways effect={effect.data} />}
      <Resume placed={placed} />
      <div className={styles.actions}>
        <Button onPress={onClose}>{close}</Button>
      </div>
    </div>
  );
}

function said(effect: HoldEffectView | undefined, isError: boolean): string {
  const { done } = words.hold;
  if (effect === undefined) return isError ? done.unmeasured : done.measuring;
  if (effect.doneMs !== null) return done.all(effect.doneMs);
  return effect.givenUp ? done.givenUp : done.measuring;
}

type Row = HoldEffectView["gateways"][number];

function columnsOf(): readonly Column<Row>[] {
  const { done, cuts } = words.hold;
  return [
    { id: "gateway", title: done.gateway, cell: ({ name, key }) => name ?? cuts.elsewhere(key) },
    {
      id: "has",
      title: done.has,
      align: "end",
      cell: ({ connected, foldedMs }) =>
        foldedMs === null ? (connected ? done.waiting : cuts.away) : durationInWords(foldedMs),
    },
    {
      id: "cut",
      title: done.cut,
      align: "end",
      cell: ({ before }) => (before === null ? done.unseen : numberInWords(before)),
    },
    {
      id: "ended",
      title: done.ended,
      align: "end",
      cell: ({ before, running, endedMs }) => {
        if (before === null) return done.unseen;
        if (before === 0 && running === 0) return done.none;
        return endedMs === null ? done.waiting : durationInWords(endedMs);
      },
    },
  ];
}

function Gateways({ effect }: { readonly effect: HoldEffectView }): ReactNode {
  return (
    <DataTable
      caption={words.hold.done.caption}
      columns={columnsOf()}
      rows={effect.gateways}
      keyOf={({ key }) => key}
    />
  );
}

function Resume({ placed: { scope, hold } }: { readonly placed: Placed }): ReactNode {
  const { resume } = words.hold;
  const models = useView(holdRoutes.holds, HoldsView).data?.choices.models ?? [];
  const [model] = "model" in scope ? [scope.model] : models.map((known) => known.model);
  return (
    <section className={styles.resume}>
      <h3>{resume.title}</h3>
      <p>{resume.text}</p>
      {model === undefined || scope.kind === "organisation" ? null : (
        <p>
          <Go href={`/release/${encodeURIComponent(model)}#stops`}>{resume.page(model)}</Go>
        </p>
      )}
      <Code text={commandOf(scope, { hold, model: model ?? "MODEL" })} />
    </section>
  );
}

function commandOf(scope: HoldScope, { hold, model }: { readonly hold: string; readonly model: string }): string {
  const { resume } = words.hold;
  if (scope.kind === "organisation") return resume.organisation(scope.organisation);
  const isOnCallers = scope.kind === "organisation-type" || scope.kind === "country" || scope.kind === "scope";
  return resume.command(model, isOnCallers ? hold : undefined);
}
