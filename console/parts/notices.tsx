// What was done is said once and stays until it is put away, by its button or with Escape. What was done goes by itself after a while in
// which nobody points at it or stands on it; whatever asks for something stays. It stands where no control is: under the way to the
// pages, or on a narrow screen over the page. The end of an act takes the focus, and gives it back when it is put away; all else is
// heard where the focus is.
import { type ReactNode, createContext, use, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { words } from "../words/words.ts";
import { Button } from "./button.tsx";
import { Notice, type NoticeProps } from "./notice.tsx";
import styles from "./notices.module.css";

interface Said extends Pick<NoticeProps, "kind" | "title" | "children"> {
  /** For the end of what the person did. */
  readonly takesFocus?: boolean;
}
type Say = (said: Said) => void;

interface Shown {
  readonly shown: readonly (Said & { readonly id: string })[];
  readonly close: (id: string) => void;
}

const SayContext = createContext<Say>(() => undefined);
const ShownContext = createContext<Shown>({ shown: [], close: () => undefined });
const noticesMax = 4;
const doneShownMs = 12_000;

export function NoticesProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const [shown, setShown] = useState<Shown["shown"]>([]);
  const say = useCallback((said: Said) => {
    setShown((before) => [...before.slice(1 - noticesMax), { ...said, id: crypto.randomUUID() }]);
  }, []);
  const close = useCallback((id: string) => {
    setShown((before) => before.filter((one) => one.id !== id));
  }, []);
  const all = useMemo(() => ({ shown, close }), [shown, close]);
  return (
    <SayContext value={say}>
      <ShownContext value={all}>{children}</ShownContext>
    </SayContext>
  );
}

/** Says something once; for what was done. What is wrong is shown where it went wrong, by `<Problem>`. */
export function useNotice(): Say {
  return use(SayContext);
}

/** Where they stand. What takes the focus is heard by that, and not a second time. */
export function Notices(): ReactNode {
  const { shown, close } = use(ShownContext);
  const list = (takesFocus: boolean): ReactNode =>
    shown
      .filter((one) => (one.takesFocus === true) === takesFocus)
      .map(({ id, ...said }) => <One key={id} id={id} said={said} close={close} />);
  return (
    <section className={styles.notices} aria-label={words.parts.notices}>
      <ul aria-live="polite">{list(false)}</ul>
      <ul>{list(true)}</ul>
    </section>
  );
}

interface OneProps {
  readonly id: string;
  readonly said: Said;
  readonly close: (id: string) => void;
}

function One({ id, said: { takesFocus = false, ...said }, close }: OneProps): ReactNode {
  const [pointed, setPointed] = useState(false);
  const [focused, setFocused] = useState(false);
  const place = useRef<HTMLLIElement>(null);
  const giveBack = useTakenFocus(place, takesFocus);
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
  const putAway = (): void => {
    giveBack();
    close(id);
  };
  return (
    <li
      ref={place}
      tabIndex={-1}
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
      onKeyDown={({ key }) => {
        if (key === "Escape") putAway();
      }}
    >
      <Notice {...said} />
      <Button small onPress={putAway}>
        {words.parts.close}
      </Button>
    </li>
  );
}

/** Frames without a dialog before the focus is taken, and how many are waited for: a dialog that stays has the result itself. */
const quietFrames = 3;
const framesMax = 90;

/** Takes the focus once dialogs are closed and have given it back; returns what gives it back to where it was. */
function useTakenFocus(place: React.RefObject<HTMLElement | null>, isWanted: boolean): () => void {
  const before = useRef<Element | null>(null);
  useEffect(() => {
    if (!isWanted) return undefined;
    let [frame, quiet, looked] = [0, 0, 0];
    const look = (): void => {
      quiet = document.querySelector("[role=dialog], [role=alertdialog]") === null ? quiet + 1 : 0;
      looked += 1;
      if (quiet >= quietFrames) {
        before.current = document.activeElement;
        place.current?.focus();
      } else if (looked < framesMax) frame = requestAnimationFrame(look);
    };
    frame = requestAnimationFrame(look);
    return () => {
      cancelAnimationFrame(frame);
    };
  }, [place, isWanted]);
  return () => {
    if (place.current?.contains(document.activeElement) !== true) return;
    const { current } = before;
    const isThere = current instanceof HTMLElement && current.isConnected && current !== document.body;
    (isThere ? current : document.querySelector<HTMLElement>("main h1"))?.focus();
  };
}
