// What the server says of itself, for the top bar and the banners; and whether it answers at all.
import type { UseQueryResult } from "@tanstack/react-query";
import { DeploymentView, routes } from "../../src/control/contract.ts";
import { useView } from "./reads.ts";

const refreshMs = 5_000;

export function useDeployment(): UseQueryResult<DeploymentView> {
  return useView(routes.deployment, DeploymentView, { refreshMs });
}
