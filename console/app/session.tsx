// Who is here: a person of the deployment or a partner's own, as the server says by its session; null where nobody signed in.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, createContext, use, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { SessionView, sessionRoutes } from "../../src/control/contract-session.ts";
import { ask } from "./server.ts";

export interface Known {
  readonly session: SessionView | null;
  /** The server was not heard yet. */
  readonly isPending: boolean;
  readonly refresh: () => void;
  /** Opens the dialog over whatever is shown: after a refusal for want of a session. */
  readonly askToSignIn: () => void;
  readonly isAsking: boolean;
  readonly stopAsking: () => void;
  /** Whether somebody was signed in since this page was loaded: only then something can have been typed and lost. */
  readonly wasHere: boolean;
}

const Context = createContext<Known | undefined>(undefined);

const refreshMs = 60_000;

export function SessionProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const client = useQueryClient();
  const [isAsking, setAsking] = useState(false);
  const read = useQuery({ queryKey: ["session"], queryFn: readSession, refetchInterval: refreshMs });
  // The same one always: what was refused is shown for a while, and asks once.
  const askToSignIn = useCallback(() => {
    setAsking(true);
  }, []);
  const [wasHere, setWasHere] = useState(false);
  const was = useRef(false);
  useEffect(() => {
    // It ended while the page was open.
    if (was.current && read.data === null) setAsking(true);
    was.current = read.data !== undefined && read.data !== null;
    if (was.current) setWasHere(true);
  }, [read.data]);
  const known = useMemo(
    () => ({
      session: read.data ?? null,
      isPending: read.isPending,
      refresh: () => {
        setAsking(false);
        void client.invalidateQueries();
      },
      askToSignIn,
      isAsking,
      stopAsking: () => {
        setAsking(false);
      },
      wasHere,
    }),
    [read.data, read.isPending, client, isAsking, askToSignIn, wasHere],
  );
  return <Context value={known}>{children}</Context>;
}

/** Nobody is an answer, not a failure. */
async function readSession(): Promise<SessionView | null> {
  return ask(sessionRoutes.session, SessionView.nullable(), { isBackground: true });
}

export function useSessionState(): Known {
  const known = use(Context);
  if (known === undefined) throw new Error("no SessionProvider above");
  return known;
}

export function useSession(): SessionView | null {
  return useSessionState().session;
}
