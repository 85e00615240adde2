// A whole decision as files: the bundle for programs, and the release card, a page that checks itself wherever it is opened; beside them the
// commands that make or check the same.
import { type ReactNode, useState } from "react";
import { pathOf } from "../../src/control/contract-paths.ts";
import { routes } from "../../src/control/contract.ts";
import { askBytes } from "../app/server.ts";
import { words } from "../words/words.ts";
import { Button } from "./button.tsx";
import { Code } from "./code.tsx";
import styles from "./decision-files.module.css";
import { Problem } from "./problem.tsx";
import { saveText } from "./save-rows.ts";

const said = words.parts.decisionFiles;

const kinds = {
  bundle: { path: routes.bundle, ending: "bundle.json", type: "application/json" },
  card: { path: routes.releaseCard, ending: "card.html", type: "text/html" },
} as const;
type Kind = keyof typeof kinds;

export function DecisionFiles({ proposal }: { readonly proposal: string }): ReactNode {
  const [failure, setFailure] = useState<unknown>();
  const [making, setMaking] = useState<Kind>();
  const save = async (kind: Kind): Promise<void> => {
    setFailure(undefined);
    setMaking(kind);
    const { path, ending, type } = kinds[kind];
    try {
      const bytes = await askBytes(pathOf(path, { proposal }));
      saveText(bytes.slice(), `${proposal}.${ending}`, type);
    } catch (error) {
      setFailure(error);
    } finally {
      setMaking(undefined);
    }
  };
  return (
    <div className={styles.files}>
      <div className={styles.buttons}>
        {(["card", "bundle"] as const).map((kind) => (
          <Button key={kind} isDisabled={making !== undefined} onPress={() => void save(kind)}>
            {making === kind ? said.making[kind] : said.save[kind]}
          </Button>
        ))}
      </div>
      <p className={styles.help}>{said.help}</p>
      <Code text={said.command(proposal)} what={said.copy} />
      {failure === undefined ? null : <Problem failure={failure} />}
    </div>
  );
}
