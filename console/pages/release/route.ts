// Release: which models there are, and where one stands: addresses. A page itself is loaded when somebody goes there.
import { createRoute } from "@tanstack/react-router";
import { z } from "zod";
import { ProposalId } from "../../../src/terms/ids.ts";
import { OpenStage } from "../../../src/terms/stage.ts";
import { rootRoute } from "../../app/root-route.ts";

/** What else is seen: another gate than the next one's, and the proposal whose details are open. What is wrong is left out. */
const Search = z.object({
  gate: OpenStage.optional().catch(undefined),
  proposal: ProposalId.optional().catch(undefined),
});

export const releaseRoutes = [
  createRoute({ getParentRoute: () => rootRoute, path: "/release" }).lazy(
    async () => (await import("./page.tsx")).page,
  ),
  createRoute({ getParentRoute: () => rootRoute, path: "/release/$model", validateSearch: Search }).lazy(
    async () => (await import("./model-page.tsx")).page,
  ),
] as const;
