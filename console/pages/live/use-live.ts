// The seconds as they come: asked for once a second while the page moves and somebody sees it, each only once.
import { useEffect, useRef, useState } from "react";
import { LiveView, liveRoutes } from "../../../src/control/contract-live.ts";
import { ask } from "../../app/server.ts";
import { type Seconds, joined, sinceOf } from "./windows.ts";

export interface Live {
  readonly view: LiveView | undefined;
  readonly seconds: Seconds;
  readonly failure: unknown;
}

const everyMs = 1_000;
const nothing: Live = { view: undefined, seconds: new Map(), failure: undefined };

export function useLive(isPaused: boolean): Live {
  const [live, setLive] = useState(nothing);
  const known = useRef<Pick<Live, "view" | "seconds">>(nothing);
  useEffect(() => {
    const stop = new AbortController();
    const look = async (): Promise<void> => {
      const answer = await lookAt(known.current, stop.signal);
      if (stop.signal.aborted) return;
      const { seconds } = known.current;
      if ("view" in answer) known.current = { view: answer.view, seconds: joined(seconds, answer.view) };
      setLive({ ...known.current, failure: answer.failure });
    };
    let timer: ReturnType<typeof setTimeout> | undefined;
    const turn = async (): Promise<void> => {
      if (document.visibilityState === "visible") await look();
      if (!stop.signal.aborted && !isPaused) timer = setTimeout(() => void turn(), everyMs);
    };
    void turn();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [isPaused]);
  return live;
}

type Answer = { readonly view: LiveView; readonly failure: undefined } | { readonly failure: unknown };

async function lookAt({ seconds, view }: Pick<Live, "view" | "seconds">, signal: AbortSignal): Promise<Answer> {
  try {
    // A clock's looks after the first are nobody's being here.
    const asked = { signal, isBackground: view !== undefined };
    return {
      view: await ask(`${liveRoutes.live}?since=${sinceOf(seconds, view)}`, LiveView, asked),
      failure: undefined,
    };
  } catch (failure) {
    return { failure };
  }
}

export function usePrefersStill(): boolean {
  const [isStill] = useState(() => matchMedia("(prefers-reduced-motion: reduce)").matches);
  return isStill;
}
