// While a hold stands, every page says so, loudly, and how it is reopened.
import type { ReactNode } from "react";
import type { HoldScope } from "../../src/acts/bodies.ts";
import { HoldsView, holdRoutes } from "../../src/control/contract-hold.ts";
import { Go } from "../parts/go.tsx";
import { Time } from "../parts/time.tsx";
import { words } from "../words/words.ts";
import styles from "./hold-bar.module.css";
import { useView } from "./reads.ts";
import { useSession } from "./session.tsx";

const refreshMs = 5_000;

export function HoldBar(): ReactNode {
  const isPerson = useSession()?.kind === "person";
  const { data } = useView(holdRoutes.holds, HoldsView, { enabled: isPerson, refreshMs });
  const [newest, ...others] = data?.holds ?? [];
  if (newest === undefined) return null;
  const { bar } = words.hold;
  const [model] = newest.models;
  return (
    <div className={styles.bar} role="status">
      <strong>{bar.held}</strong>
      <span>
        {scopeWords(newest.scope)} {bar.since} <Time at={newest.at} as="moment" />
        {others.length === 0 ? null : ` ${bar.more(others.length)}`}
      </span>
      <Go href={model === undefined ? "/release" : `/release/${encodeURIComponent(model)}#stops`}>{bar.resume}</Go>
    </div>
  );
}

function scopeWords(scope: HoldScope): string {
  const said = words.hold.bar.scope;
  switch (scope.kind) {
    case "everything":
      return said.everything;
    case "model":
      return said.model(scope.model);
    case "stage":
      return said.stage(scope.model, scope.stage);
    case "organisation-type":
      return said["organisation-type"](scope.type);
    case "country":
      return said.country(scope.country);
    case "scope":
      return said.scope(scope.scope);
    case "organisation":
      return said.organisation(scope.organisation);
    case "key":
      return said.key(scope.key);
  }
}
