// Help on every page: the words that pages use, and the keys that work.
import { type ReactNode, Suspense, lazy } from "react";
import { Button } from "../parts/button.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { words } from "../words/words.ts";
import { pages } from "./pages.ts";
import styles from "./shortcuts.module.css";

const Glossary = lazy(async () => ({ default: (await import("./glossary.tsx")).Glossary }));

export interface ShortcutsProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

export function Shortcuts({ isOpen, onClose }: ShortcutsProps): ReactNode {
  const said = words.shell.shortcuts;
  const lines = [
    { keys: said.ctrlK, what: said.palette },
    { keys: said.question, what: said.help },
    { keys: said.holdKeys, what: said.hold },
    { keys: said.escapeKey, what: said.escape },
    ...pages.map(({ key, name }) => ({ keys: `G ${key.toUpperCase()}`, what: said.page(name) })),
  ];
  return (
    <Dialog
      title={said.title}
      isOpen={isOpen}
      onClose={onClose}
      actions={<Button onPress={onClose}>{said.close}</Button>}
    >
      <h3>{said.words}</h3>
      <Suspense fallback={<p>{said.reading}</p>}>
        <Glossary />
      </Suspense>
      <h3>{said.keys}</h3>
      <dl className={styles.list}>
        {lines.map(({ keys, what }) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
