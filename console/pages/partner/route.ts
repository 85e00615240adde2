// A partner's own page: its address. The page itself is loaded when somebody goes there.
import { createRoute } from "@tanstack/react-router";
import { rootRoute } from "../../app/root-route.ts";
import { PartnerSearch } from "./search.ts";

export const partnerRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/partner",
  validateSearch: (search) => PartnerSearch.parse(search),
}).lazy(async () => (await import("./page.tsx")).page);
