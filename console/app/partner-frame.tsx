// What stands around an organisation's own page: its parts at the left and who is signed in. Of the operator's pages none is offered; at
// the address of one it says whose that is.
import { Navigate, Outlet, useRouterState } from "@tanstack/react-router";
import { type ReactNode, useCallback, useState } from "react";
import { Empty } from "../parts/empty.tsx";
import { Go } from "../parts/go.tsx";
import { Page } from "../parts/page.tsx";
import { words } from "../words/words.ts";
import { Around } from "./around.tsx";
import type { Known } from "./session.tsx";

const home = "/partner";
/** Each is the `#` of its address on the page. */
const parts = ["models", "use", "refusals", "keys", "receipts", "connect", "contact"] as const;
const entries = parts.map((part) => ({ href: `${home}#${part}`, name: words.partner.parts[part] }));

/** Before it is known who is here, whoever opens the organisation's page is taken for one. */
export function isOfPartner({ session, isPending }: Known): boolean {
  return session?.kind === "partner" || (isPending && location.pathname === home);
}

export function PartnerFrame(): ReactNode {
  const [isMenuOpen, setMenuOpen] = useState(false);
  const close = useCallback(() => {
    setMenuOpen(false);
  }, []);
  const path = useRouterState({ select: ({ location: here }) => here.pathname });
  const isTheirs = path === home || path === "/sign-in";
  return (
    <Around
      home={home}
      entries={entries}
      isMenuOpen={isMenuOpen}
      onMenu={() => {
        setMenuOpen(!isMenuOpen);
      }}
      onLeave={close}
    >
      {path === "/" ? <Navigate to={home} replace /> : isTheirs ? <Outlet /> : <NotTheirs />}
    </Around>
  );
}

function NotTheirs(): ReactNode {
  const { title, empty, next } = words.partner.notTheirs;
  return (
    <Page title={title}>
      <Empty title={empty} next={<Go href={home}>{next}</Go>} />
    </Page>
  );
}
