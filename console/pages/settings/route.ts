// Settings and doctor: its address. The page itself is loaded when somebody goes there.
import { createRoute } from "@tanstack/react-router";
import { rootRoute } from "../../app/root-route.ts";
import { SettingsSearch } from "./search.ts";

export const settingsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/settings",
  validateSearch: (search) => SettingsSearch.parse(search),
}).lazy(async () => (await import("./page.tsx")).page);
