// Evidence: runs and what they show: addresses. A page itself is loaded when somebody goes there.
import { createRoute } from "@tanstack/react-router";
import { rootRoute } from "../../app/root-route.ts";
import { CompareSearch, RunSearch, RunsSearch } from "./search.ts";

export const evidenceRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/evidence",
    validateSearch: RunsSearch,
  }).lazy(async () => (await import("./runs-page.tsx")).page),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/evidence/compare",
    validateSearch: CompareSearch,
  }).lazy(async () => (await import("./compare-page.tsx")).page),
  createRoute({ getParentRoute: () => rootRoute, path: "/evidence/import" }).lazy(
    async () => (await import("./import-page.tsx")).page,
  ),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/evidence/$digest",
    validateSearch: RunSearch,
  }).lazy(async () => (await import("./run-page.tsx")).page),
] as const;
