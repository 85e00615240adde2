// Which gateways a deployment has, who of them is connected, and how far behind each is; and limits that are too small to be
// divided among them. For `headgate doctor` and `release status`.
import type { State } from "../acts/state.ts";
import { GatewaysView, routes } from "../control/contract.ts";
import type { Session } from "./session.ts";

interface Seen {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly warning?: true;
}

/** Entries that a gateway which follows may lack at the moment of asking: receipts come once a second. */
const behindMax = 10;

export async function readGateways({ client }: Pick<Session, "client">): Promise<GatewaysView> {
  return client.get(routes.gateways, GatewaysView);
}

/** One check a gateway where there are several; nothing where there is the one that `data plane` speaks of already. */
export async function aboutGateways(session: Session): Promise<readonly Seen[]> {
  const { gateways } = await readGateways(session);
  if (gateways.length <= 1) return [];
  return [...gateways.map(seenOf), ...smallLimits(session.state, gateways.length)];
}

function seenOf(gateway: GatewaysView["gateways"][number]): Seen {
  const name = `gateway ${nameOf(gateway)}`;
  const detail = inWords(gateway);
  // One that is away serves nobody: nothing is wrong but that its share of every limit lies idle.
  const isFine = gateway.connected && (gateway.behind ?? 0) <= behindMax;
  return isFine ? { name, ok: true, detail } : { name, ok: true, detail, warning: true };
}

/** A line for `release status`; none where there is one gateway, and it follows. */
export function gatewaysLine({ gateways }: Pick<GatewaysView, "gateways">): string | undefined {
  const isUsual =
    gateways.length <= 1 && gateways.every(({ connected, behind }) => connected && (behind ?? 0) <= behindMax);
  if (isUsual) return undefined;
  return `Gateways: ${gateways.map((gateway) => `${nameOf(gateway)} ${inWords(gateway)}`).join("; ")}`;
}

function nameOf({ name, key }: GatewaysView["gateways"][number]): string {
  return name ?? `${key.slice(0, 12)}…`;
}

function inWords({ connected, behind, lastSeen }: GatewaysView["gateways"][number]): string {
  if (behind === null || lastSeen === null) return "was not seen since the server started";
  if (!connected) return `is not connected; it was last seen at ${lastSeen}`;
  return behind <= behindMax ? "is connected and up to date" : `is connected, ${behind} entries behind`;
}

/** Limits of which some gateway has nothing: who comes to that one is refused, whatever the others have left. */
function smallLimits(state: State, gateways: number): readonly Seen[] {
  const small = [...state.organisations.values()].flatMap(({ organisation, grants }) =>
    grants
      .filter(({ requestsPerMinute }) => requestsPerMinute < gateways)
      .map(({ model, requestsPerMinute }) => `${organisation} may ask ${model} ${requestsPerMinute} times a minute`),
  );
  if (small.length === 0) return [];
  const detail = `${small.join("; ")}: fewer than there are gateways (${gateways}), so some of them serve it never.`;
  return [{ name: "limits", ok: true, detail, warning: true }];
}
