// Organisations and their keys: addresses, with what each shows in their search. A page itself is loaded when somebody goes there.
import { createRoute } from "@tanstack/react-router";
import { rootRoute } from "../../app/root-route.ts";
import { ListSearch, OneSearch, WhySearch } from "./search.ts";

export const organisationsRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/organisations",
    validateSearch: (search) => ListSearch.parse(search),
  }).lazy(async () => (await import("./page.tsx")).page),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/organisations/$name",
    validateSearch: (search) => OneSearch.parse(search),
  }).lazy(async () => (await import("./one-page.tsx")).page),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/organisations/$name/why",
    validateSearch: (search) => WhySearch.parse(search),
  }).lazy(async () => (await import("./why-page.tsx")).page),
] as const;
