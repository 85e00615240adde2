// Ctrl+K: goes to a page, a model, an entry of the ledger, or whatever has an id. Chosen with the arrows, without a mouse.
import { useRouter } from "@tanstack/react-router";
import { type KeyboardEvent, type ReactNode, useId, useState } from "react";
import { Dialog } from "../parts/dialog.tsx";
import { NeedsView, needsRoutes } from "../../src/control/contract-needs.ts";
import { words } from "../words/words.ts";
import { useView } from "./reads.ts";
import { useSession } from "./session.tsx";
import { type Known, type Target, targetsFor } from "./targets.ts";
import styles from "./palette.module.css";

export interface PaletteProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

export function Palette({ isOpen, onClose }: PaletteProps): ReactNode {
  return (
    <Dialog title={words.shell.palette.title} isOpen={isOpen} onClose={onClose}>
      <Search onClose={onClose} />
    </Dialog>
  );
}

function Search({ onClose }: { readonly onClose: () => void }): ReactNode {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const id = useId();
  const router = useRouter();
  const targets = targetsFor(text, useKnown());
  const go = (target: Target | undefined): void => {
    if (target === undefined) return;
    onClose();
    router.history.push(target.href);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Enter") go(targets[at]);
    if (step === undefined) return;
    event.preventDefault();
    setAt((at + step + targets.length) % Math.max(1, targets.length));
  };
  const said = words.shell.palette;
  return (
    <div className={styles.palette}>
      <label htmlFor={`${id}-text`} className={styles.label}>
        {said.label}
      </label>
      <input
        id={`${id}-text`}
        autoFocus
        role="combobox"
        aria-expanded={targets.length > 0}
        aria-controls={`${id}-list`}
        aria-activedescendant={targets.length > 0 ? `${id}-${at}` : undefined}
        autoComplete="off"
        spellCheck={false}
        maxLength={200}
        className={styles.input}
        value={text}
        placeholder={said.hint}
        onChange={({ currentTarget }) => {
          setText(currentTarget.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      <Found id={id} targets={targets} at={at} onChoose={go} />
    </div>
  );
}

/** Models and waiting proposals, of those who may read them. */
function useKnown(): Known {
  const { data } = useView(needsRoutes.needs, NeedsView, { enabled: useSession()?.kind === "person" });
  const proposals = (data?.needs ?? []).flatMap(({ model, matter }) =>
    "proposal" in matter && model !== null ? [{ proposal: matter.proposal, model }] : [],
  );
  return { models: (data?.models ?? []).map(({ model }) => model), proposals };
}

interface FoundProps {
  readonly id: string;
  readonly targets: readonly Target[];
  readonly at: number;
  readonly onChoose: (target: Target) => void;
}

function Found({ id, targets, at, onChoose }: FoundProps): ReactNode {
  const said = words.shell.palette;
  return (
    <>
      {targets.length === 0 ? <p role="status">{said.nothing}</p> : null}
      <div id={`${id}-list`} role="listbox" aria-label={said.title} className={styles.list}>
        {targets.map((target, index) => (
          <div
            key={target.href}
            id={`${id}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === at}
            className={styles.option}
            onClick={() => {
              onChoose(target);
            }}
          >
            <span>{target.name}</span>
            <span className={styles.kind}>{target.kind}</span>
          </div>
        ))}
      </div>
    </>
  );
}
