// Home: what needs me: its address. The page itself is loaded when somebody goes there.
import { createRoute } from "@tanstack/react-router";
import { rootRoute } from "../../app/root-route.ts";

export const homeRoute = createRoute({ getParentRoute: () => rootRoute, path: "/" }).lazy(
  async () => (await import("./page.tsx")).page,
);
