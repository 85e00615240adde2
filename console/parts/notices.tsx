// What was done is said once, at the edge of the page and to those who hear it, and stays until it is put away. What
// was done goes by itself after a while in which nobody points at it or stands on it; whatever asks for something stays.
import { type ReactNode, createContext, use, useCallback, useEffect, useMemo, useState } from "react";
import { words } from "../words/words.ts";
import { Button } from "./button.tsx";
import { Notice, type NoticeProps } from "./notice.tsx";
import styles from "./notices.module.css";

type Said = Pick<NoticeProps, "kind" | "title" | "children">;
type Say = (said: Said) => void;

const Context = createContext<Say>(() => undefined);
const noticesMax = 4;
const doneShownMs = 12_000;

export function NoticesProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const [shown, setShown] = useState<readonly (Said & { readonly id: string })[]>([]);
  const say = useCallback((said: Said) => {
    setShown((before) => [...before.slice(1 - noticesMax), { ...said, id: crypto.randomUUID() }]);
  }, []);
  const close = useCallback((id: string) => {
    setShown((before) => before.filter((one) => one.id !== id));
  }, []);
  const list = useMemo(
    () => shown.map(({ id, ...said }) => <One key={id} id={id} said={said} close={close} />),
    [shown, close],
  );
  return (
    <Context value={say}>
      {children}
      <section className={styles.notices} aria-label={words.parts.notices} aria-live="polite">
        <ul>{list}</ul>
      </section>
    </Context>
  );
}

interface OneProps {
  readonly id: string;
  readonly said: Said;
  readonly close: (id: string) => void;
}

function One({ id, said, close }: OneProps): ReactNode {
  const [pointed, setPointed] = useState(false);
  const [focused, setFocused] = useState(false);
  const goes = said.kind === "done" && !pointed && !focused;
  useEffect(() => {
    if (!goes) return undefined;
    const timer = setTimeout(() => {
      close(id);
    }, doneShownMs);
    return () => {
      clearTimeout(timer);
    };
  }, [goes, id, close]);
  return (
    <li
      className={styles.one}
      onPointerEnter={() => {
        setPointed(true);
      }}
      onPointerLeave={() => {
        setPointed(false);
      }}
      onFocus={() => {
        setFocused(true);
      }}
      onBlur={() => {
        setFocused(false);
      }}
    >
      <Notice {...said} />
      <Button
        small
        onPress={() => {
          close(id);
        }}
      >
        {words.parts.close}
      </Button>
    </li>
  );
}

/** Says something once; for what was done. What is wrong is shown where it went wrong, by `<Problem>`. */
export function useNotice(): Say {
  return use(Context);
}
