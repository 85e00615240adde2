// A partner's own page: its address. The page itself is loaded when somebody goes there.
import { createRoute } from "@tanstack/react-router";
import { rootRoute } from "../../app/root-route.ts";

export const partnerRoute = createRoute({ getParentRoute: () => rootRoute, path: "/partner" }).lazy(
  async () => (await import("./page.tsx")).page,
);
