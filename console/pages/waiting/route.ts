// Waiting: statements that others signed and that lack a signature: their address. The page itself is loaded when somebody goes there.
import { createRoute } from "@tanstack/react-router";
import { rootRoute } from "../../app/root-route.ts";

export const waitingRoute = createRoute({ getParentRoute: () => rootRoute, path: "/waiting" }).lazy(
  async () => (await import("./page.tsx")).page,
);
