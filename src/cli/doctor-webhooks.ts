// Whether those who are to be told of what happens here are told: one check an endpoint, for `headgate doctor`.
import { WebhooksView, routes } from "../control/contract.ts";
import type { Session } from "./session.ts";

interface Seen {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly warning?: true;
}

export async function aboutWebhooks({ client }: Pick<Session, "client">): Promise<readonly Seen[]> {
  const { endpoints } = await client.get(routes.webhooks, WebhooksView);
  return endpoints.map((one) => seenOf(one));
}

function seenOf({ name, origin, waiting, waitingSince, givenUp, failing }: WebhooksView["endpoints"][number]): Seen {
  const about = { name: `webhook ${name}`, ok: true } as const;
  if (failing === null && givenUp === 0) return { ...about, detail: `${origin} takes what it is sent` };
  const behind = waiting === 0 ? "" : `; ${waiting} messages wait since ${waitingSince ?? "now"}`;
  const lost = givenUp === 0 ? "" : `; ${givenUp} were given up in 30 days`;
  const detail = `${origin}: ${failing ?? "it takes what it is sent now"}${behind}${lost}. Run: headgate webhook test ${name}`;
  return { ...about, detail, warning: true };
}
