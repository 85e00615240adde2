// Settings and doctor: its address. The page itself is loaded when somebody goes there.
import { createRoute } from "@tanstack/react-router";
import { rootRoute } from "../../app/root-route.ts";

export const settingsRoute = createRoute({ getParentRoute: () => rootRoute, path: "/settings" }).lazy(
  async () => (await import("./page.tsx")).page,
);
