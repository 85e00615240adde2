// Ledger: search, entries, proofs: addresses. A page itself is loaded when somebody goes there; what is sought stands in the
// address, so that it can be sent to somebody else.
import { createRoute } from "@tanstack/react-router";
import { rootRoute } from "../../app/root-route.ts";
import { LedgerSearch } from "./search.ts";

export const ledgerRoutes = [
  createRoute({ getParentRoute: () => rootRoute, path: "/ledger", validateSearch: LedgerSearch }).lazy(
    async () => (await import("./page.tsx")).page,
  ),
  createRoute({ getParentRoute: () => rootRoute, path: "/ledger/$entry" }).lazy(
    async () => (await import("./entry-page.tsx")).page,
  ),
] as const;
