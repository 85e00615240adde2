// Evidence: runs and what they show: addresses. A page itself is loaded when somebody goes there.
import { createRoute } from "@tanstack/react-router";
import { rootRoute } from "../../app/root-route.ts";

export const evidenceRoutes = [
  createRoute({ getParentRoute: () => rootRoute, path: "/evidence" }).lazy(
    async () => (await import("./page.tsx")).page,
  ),
] as const;
