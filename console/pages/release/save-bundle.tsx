// Saves the whole decision as one file, for anybody to check offline; as a bundle, or as a page that checks itself.
import { type ReactNode, useState } from "react";
import { pathOf } from "../../../src/control/contract-paths.ts";
import { ledgerRoutes } from "../../../src/control/contract-ledger.ts";
import { routes } from "../../../src/control/contract.ts";
import type { ProposalId } from "../../../src/terms/ids.ts";
import { askBytes } from "../../app/server.ts";
import { Button } from "../../parts/button.tsx";
import { Problem } from "../../parts/problem.tsx";
import { words } from "../../words/words.ts";
import styles from "./release.module.css";

const said = words.release.proposals;

interface Saved {
  readonly route: string;
  readonly type: string;
  readonly ending: string;
}

const bundle: Saved = { route: routes.bundle, type: "application/json", ending: "bundle.json" };
const card: Saved = { route: ledgerRoutes.card, type: "text/html", ending: "card.html" };

export function SaveBundle({ proposal }: { readonly proposal: ProposalId }): ReactNode {
  const [failure, setFailure] = useState<unknown>();
  const save = async ({ route, type, ending }: Saved): Promise<void> => {
    setFailure(undefined);
    try {
      const bytes = await askBytes(pathOf(route, { proposal }));
      const url = URL.createObjectURL(new Blob([bytes.slice()], { type }));
      const link = document.createElement("a");
      link.href = url;
      link.download = `${proposal}.${ending}`;
      link.click();
      URL.revokeObjectURL(url);
    } catch (error) {
      setFailure(error);
    }
  };
  return (
    <span className={styles.act}>
      <Button onPress={() => void save(bundle)}>{said.bundle}</Button>
      <Button onPress={() => void save(card)}>{said.card}</Button>
      <span className={styles.why}>{said.bundleHelp}</span>
      {failure === undefined ? null : <Problem failure={failure} />}
    </span>
  );
}
