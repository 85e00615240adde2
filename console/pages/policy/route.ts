// Policy and safeguards: to read and to try: addresses. A page itself is loaded when somebody goes there.
import { createRoute } from "@tanstack/react-router";
import { z } from "zod";
import { rootRoute } from "../../app/root-route.ts";

/** Which model is shown; the first one where none, or none that is known, is said. */
const Search = z.object({ model: z.string().max(63).optional().catch(undefined) });

export const policyRoutes = [
  createRoute({ getParentRoute: () => rootRoute, path: "/policy", validateSearch: Search }).lazy(
    async () => (await import("./page.tsx")).page,
  ),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/policy/safeguards",
    /** Whose card is open. */
    validateSearch: Search.extend({ card: z.string().max(64).optional().catch(undefined) }),
  }).lazy(async () => (await import("./safeguards-page.tsx")).page),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/policy/try",
    validateSearch: Search.extend({
      slot: z.enum(["in-force", "candidate"]).optional().catch(undefined),
      side: z.enum(["input", "output"]).optional().catch(undefined),
      stage: z.string().max(20).optional().catch(undefined),
      type: z.string().max(63).optional().catch(undefined),
      scopes: z.array(z.string().max(63)).max(32).optional().catch(undefined),
    }),
  }).lazy(async () => (await import("./try-page.tsx")).page),
] as const;
