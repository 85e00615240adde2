// Saves the whole decision as one file, for anybody to check offline; the page that checks itself is made by the command line, which
// verifies the whole of it first.
import { type ReactNode, useState } from "react";
import { pathOf } from "../../../src/control/contract-paths.ts";
import { routes } from "../../../src/control/contract.ts";
import type { ProposalId } from "../../../src/terms/ids.ts";
import { askBytes } from "../../app/server.ts";
import { Button } from "../../parts/button.tsx";
import { Code } from "../../parts/code.tsx";
import { Problem } from "../../parts/problem.tsx";
import { saveText } from "../../parts/save-rows.ts";
import { words } from "../../words/words.ts";
import styles from "./release.module.css";

const said = words.release.proposals;

export function SaveBundle({ proposal }: { readonly proposal: ProposalId }): ReactNode {
  const [failure, setFailure] = useState<unknown>();
  const save = async (): Promise<void> => {
    setFailure(undefined);
    try {
      const bytes = await askBytes(pathOf(routes.bundle, { proposal }));
      saveText(bytes.slice(), `${proposal}.bundle.json`, "application/json");
    } catch (error) {
      setFailure(error);
    }
  };
  return (
    <div className={styles.save}>
      <Button onPress={() => void save()}>{said.bundle}</Button>
      <span className={styles.why}>
        {said.bundleHelp} {said.card}
      </span>
      <Code text={`headgate bundle ${proposal} --html ${proposal}.card.html`} />
      {failure === undefined ? null : <Problem failure={failure} />}
    </div>
  );
}
