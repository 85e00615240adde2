// Signing in: its address. The page itself is loaded when somebody goes there.
import { createRoute } from "@tanstack/react-router";
import { rootRoute } from "../../app/root-route.ts";

export const signInRoute = createRoute({ getParentRoute: () => rootRoute, path: "/sign-in" }).lazy(
  async () => (await import("./page.tsx")).page,
);
