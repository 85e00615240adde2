// Which gateways a deployment has, who of them is connected, and how far behind each is; and limits that are too small to be
// divided among them. For `headgate doctor` and `release status`.
import { GatewaysView, routes } from "../control/contract.ts";
import {
  type CheckView,
  gatewayChecks,
  gatewayInWords,
  gatewayName,
  isFollowing,
  limitChecks,
} from "../control/contract-doctor.ts";
import type { Session } from "./session.ts";

export async function readGateways({ client }: Pick<Session, "client">): Promise<GatewaysView> {
  return client.get(routes.gateways, GatewaysView);
}

/** Nothing where there is the one that `data plane` speaks of already. */
export async function aboutGateways(session: Session): Promise<readonly CheckView[]> {
  const view = await readGateways(session);
  const { length } = view.gateways;
  return length <= 1 ? [] : [...gatewayChecks(view), ...limitChecks(session.state, length)];
}

/** A line for `release status`; none where there is one gateway, and it follows. */
export function gatewaysLine({ gateways }: Pick<GatewaysView, "gateways">): string | undefined {
  if (gateways.length <= 1 && gateways.every(isFollowing)) return undefined;
  return `Gateways: ${gateways.map((gateway) => `${gatewayName(gateway)} ${gatewayInWords(gateway)}`).join("; ")}`;
}
