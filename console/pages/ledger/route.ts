// Ledger: search, entries, proofs: addresses. A page itself is loaded when somebody goes there.
import { createRoute } from "@tanstack/react-router";
import { rootRoute } from "../../app/root-route.ts";

export const ledgerRoutes = [
  createRoute({ getParentRoute: () => rootRoute, path: "/ledger" }).lazy(async () => (await import("./page.tsx")).page),
  createRoute({ getParentRoute: () => rootRoute, path: "/ledger/$entry" }).lazy(
    async () => (await import("./entry-page.tsx")).page,
  ),
] as const;
