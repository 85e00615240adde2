// Whoever goes to another page finds the focus on its heading; whoever is led to a part of a page (`#id`), on that part's heading, also
// where the part comes only once it was read. Whatever they do meanwhile ends the waiting: nobody's focus is taken away.
import { useRouter } from "@tanstack/react-router";
import { type RefObject, useEffect } from "react";

const partMsMax = 15_000;

/** `left`: told as soon as somebody goes, so that what they open meanwhile stays open. */
export function useFocusOnArrival(main: RefObject<HTMLElement | null>, left: () => void): void {
  const router = useRouter();
  useEffect(() => {
    let stop: (() => void) | undefined;
    const unsubscribeLeaving = router.subscribe("onBeforeNavigate", ({ pathChanged }) => {
      if (pathChanged) left();
    });
    const unsubscribe = router.subscribe("onRendered", ({ pathChanged, hrefChanged, fromLocation, toLocation }) => {
      if (!hrefChanged && fromLocation !== undefined) return;
      stop?.();
      const heading = main.current?.querySelector<HTMLElement>("h1") ?? main.current;
      if (toLocation.hash !== "" && main.current !== null) stop = focusOnPart(main.current, toLocation.hash);
      else if (pathChanged && fromLocation !== undefined && !isCovered()) heading?.focus();
    });
    return () => {
      stop?.();
      unsubscribe();
      unsubscribeLeaving();
    };
  }, [router, main, left]);
}

function isCovered(): boolean {
  return document.querySelector("[role=dialog], [role=alertdialog]") !== null;
}

/** Returns what ends the waiting for it. */
function focusOnPart(within: HTMLElement, id: string): () => void {
  const ending = new AbortController();
  const end = (): void => {
    ending.abort();
  };
  const look = (): void => {
    if (focusOn(id)) end();
  };
  const seen = new MutationObserver(look);
  const timer = setTimeout(end, partMsMax);
  ending.signal.addEventListener("abort", () => {
    seen.disconnect();
    clearTimeout(timer);
  });
  for (const what of ["pointerdown", "keydown", "wheel"] as const)
    document.addEventListener(what, end, { signal: ending.signal, passive: true });
  seen.observe(within, { childList: true, subtree: true });
  look();
  return end;
}

/** Whether it is there. What lies in a closed part is opened first. */
function focusOn(id: string): boolean {
  const part = document.getElementById(id);
  if (part === null) return false;
  const closed = part.closest("details");
  if (closed !== null) closed.open = true;
  const heading = part.querySelector<HTMLElement>("h2, h3, h4") ?? part;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
  part.scrollIntoView({ block: "start" });
  return true;
}
