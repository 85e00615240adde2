// Organisations and their keys: addresses. A page itself is loaded when somebody goes there.
import { createRoute } from "@tanstack/react-router";
import { rootRoute } from "../../app/root-route.ts";

export const organisationsRoutes = [
  createRoute({ getParentRoute: () => rootRoute, path: "/organisations" }).lazy(
    async () => (await import("./page.tsx")).page,
  ),
] as const;
