// Release: which models there are, and where one stands: addresses. A page itself is loaded when somebody goes there.
import { createRoute } from "@tanstack/react-router";
import { rootRoute } from "../../app/root-route.ts";
import { Search } from "./search.ts";

export const releaseRoutes = [
  createRoute({ getParentRoute: () => rootRoute, path: "/release" }).lazy(
    async () => (await import("./page.tsx")).page,
  ),
  createRoute({ getParentRoute: () => rootRoute, path: "/release/$model", validateSearch: Search }).lazy(
    async () => (await import("./model-page.tsx")).page,
  ),
] as const;
