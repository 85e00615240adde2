// All routes. A page is a folder of console/pages: `route.ts` says its address and its search parameters, `page.tsx` is loaded
// when somebody goes there.
import { createRouter } from "@tanstack/react-router";
import { evidenceRoutes } from "../pages/evidence/route.ts";
import { homeRoute } from "../pages/home/route.ts";
import { ledgerRoutes } from "../pages/ledger/route.ts";
import { liveRoute } from "../pages/live/route.ts";
import { organisationsRoutes } from "../pages/organisations/route.ts";
import { partnerRoute } from "../pages/partner/route.ts";
import { policyRoutes } from "../pages/policy/route.ts";
import { releaseRoutes } from "../pages/release/route.ts";
import { settingsRoute } from "../pages/settings/route.ts";
import { signInRoute } from "../pages/sign-in/route.ts";
import { waitingRoute } from "../pages/waiting/route.ts";
import { PageError } from "./page-error.tsx";
import { rootRoute } from "./root-route.ts";

const routeTree = rootRoute.addChildren([
  homeRoute,
  ...releaseRoutes,
  ...evidenceRoutes,
  ...policyRoutes,
  ...organisationsRoutes,
  liveRoute,
  ...ledgerRoutes,
  settingsRoute,
  signInRoute,
  partnerRoute,
  waitingRoute,
]);

export const router = createRouter({
  routeTree,
  defaultPreload: "intent",
  defaultErrorComponent: PageError,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
