// Who is here: a person of the deployment or a partner's own, as the server says by its session; null where nobody signed in.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, createContext, use, useMemo, useState } from "react";
import { z } from "zod";
import { failureCode } from "../../src/terms/failure.ts";
import { Name, PersonId, Timestamp } from "../../src/terms/ids.ts";
import { Role } from "../../src/terms/role.ts";
import { ask } from "./server.ts";

const Session = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("person"), person: PersonId, role: Role, expires: Timestamp.optional() }),
  z.object({ kind: z.literal("partner"), organisation: Name, expires: Timestamp.optional() }),
]);
export type Session = z.infer<typeof Session>;

interface Known {
  readonly session: Session | null;
  /** Not asked yet. */
  readonly isOpen: boolean;
  readonly refresh: () => void;
  /** Opens the dialog over whatever is shown: after a refusal for want of a session. */
  readonly askToSignIn: () => void;
  readonly isAsking: boolean;
  readonly stopAsking: () => void;
}

const Context = createContext<Known | undefined>(undefined);

const sessionPath = "/api/v1/session";
const refreshMs = 60_000;

export function SessionProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const client = useQueryClient();
  const [isAsking, setAsking] = useState(false);
  const read = useQuery({ queryKey: ["session"], queryFn: readSession, refetchInterval: refreshMs });
  const known = useMemo(
    () => ({
      session: read.data ?? null,
      isOpen: read.isPending,
      refresh: () => {
        setAsking(false);
        void client.invalidateQueries();
      },
      askToSignIn: () => {
        setAsking(true);
      },
      isAsking,
      stopAsking: () => {
        setAsking(false);
      },
    }),
    [read.data, read.isPending, client, isAsking],
  );
  return <Context value={known}>{children}</Context>;
}

/** Nobody is an answer, not a failure; a server that does not know the route has no sessions. */
async function readSession(): Promise<Session | null> {
  try {
    return await ask(sessionPath, Session);
  } catch (error) {
    const code = failureCode(error);
    if (code === "session_missing") return null;
    if (code === "not_found") return (await import("../signing/passes.ts")).sessionByKey();
    throw error;
  }
}

export function useSessionState(): Known {
  const known = use(Context);
  if (known === undefined) throw new Error("no SessionProvider above");
  return known;
}

export function useSession(): Session | null {
  return useSessionState().session;
}
