// What a hold would cut, counted by the server now and again while the dialog is open. Nobody waits for it.
import type { ReactNode } from "react";
import type { HoldScope } from "../../src/acts/bodies.ts";
import { HoldPreviewView, holdRoutes } from "../../src/control/contract-hold.ts";
import { words } from "../words/words.ts";
import styles from "./hold-dialog.module.css";
import { useView } from "./reads.ts";

interface HoldCutsProps {
  readonly scope: HoldScope | undefined;
  readonly isShown: boolean;
}

const refreshMs = 2_000;

export function HoldCuts({ scope, isShown }: HoldCutsProps): ReactNode {
  const path = `${holdRoutes.holdPreview}?${new URLSearchParams(scope).toString()}`;
  const { data, isError } = useView(path, HoldPreviewView, { enabled: isShown && scope !== undefined, refreshMs });
  const { cuts } = words.hold;
  if (!isShown || scope === undefined) return null;
  return (
    <div className={styles.cuts} aria-live="polite">
      <h3>{cuts.title}</h3>
      {data === undefined ? <p>{isError ? cuts.unread : cuts.reading}</p> : <Cuts preview={data} />}
    </div>
  );
}

function Cuts({
  preview: { models, organisations, keys, gateways },
}: {
  readonly preview: HoldPreviewView;
}): ReactNode {
  const { cuts } = words.hold;
  const open = models.filter((model) => model.open);
  const seen = gateways.flatMap(({ running }) => running ?? []);
  return (
    <ul>
      <li>
        {cuts.models(open.length, models.length - open.length)}
        <ul>
          {open.slice(0, 8).map(({ model, stage }) => (
            <li key={model}>{cuts.model(model, stage)}</li>
          ))}
        </ul>
      </li>
      <li>{cuts.callers(organisations, keys)}</li>
      <li>
        {cuts.running(seen.reduce((sum, running) => sum + running, 0))}
        <ul>
          {gateways.map(({ name, key, connected, running }) => (
            <li key={key}>
              {cuts.gateway(
                name ?? cuts.elsewhere(key),
                !connected ? cuts.away : running === null ? cuts.unseen : cuts.running(running),
              )}
            </li>
          ))}
        </ul>
      </li>
    </ul>
  );
}
