// Policy and safeguards: to read and to try: its address. The page itself is loaded when somebody goes there.
import { createRoute } from "@tanstack/react-router";
import { rootRoute } from "../../app/root-route.ts";

export const policyRoute = createRoute({ getParentRoute: () => rootRoute, path: "/policy" }).lazy(
  async () => (await import("./page.tsx")).page,
);
