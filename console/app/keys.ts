// Keys that work on every page: Ctrl+K, `?`, Shift+H for the brake, Escape for the menu of a narrow screen, and G followed by a page's letter. Never while somebody types.
import { useRouter } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { pages } from "./pages.ts";

interface Opens {
  readonly palette: () => void;
  readonly shortcuts: () => void;
  readonly hold: () => void;
  readonly escape: () => void;
}

const secondKeyMsMax = 1_500;

export function useKeys(opens: Opens): void {
  const router = useRouter();
  const latest = useRef(opens);
  useEffect(() => {
    latest.current = opens;
  });
  useEffect(() => {
    let goesSince = Number.NEGATIVE_INFINITY;
    const onKey = (event: KeyboardEvent): void => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        latest.current.palette();
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      opensBy(latest.current)[event.key]?.();
      const page = pages.find(({ key }) => key === event.key);
      if (page !== undefined && event.timeStamp - goesSince < secondKeyMsMax) void router.navigate({ to: page.to });
      goesSince = event.key === "g" ? event.timeStamp : Number.NEGATIVE_INFINITY;
    };
    document.addEventListener("keydown", onKey);
    return () => {
      document.removeEventListener("keydown", onKey);
    };
  }, [router]);
}

function opensBy({ shortcuts, hold, escape }: Opens): Readonly<Record<string, (() => void) | undefined>> {
  return { "?": shortcuts, H: hold, Escape: escape };
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("input, textarea, select, [contenteditable]") !== null;
}
