// Live: what is decided now: its address. The page itself is loaded when somebody goes there.
import { createRoute } from "@tanstack/react-router";
import { rootRoute } from "../../app/root-route.ts";
import { LiveSearch } from "./search.ts";

export const liveRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/live",
  validateSearch: LiveSearch,
}).lazy(async () => (await import("./page.tsx")).page);
