// The route of Home: what is gathered is one for all who ask, and made at most every two seconds.
import type { Context, Hono } from "hono";
import type { Person } from "../acts/state.ts";
import type { GatewaysView } from "./contract.ts";
import { needsRoutes } from "./contract-needs.ts";
import type { Core } from "./core.ts";
import { type Gathered, gatherNeeds, needsFor } from "./needs.ts";
import { createMemory } from "./remember.ts";

export interface NeedsRoutes {
  readonly core: Core;
  /** Who asks. Fails with session_missing. */
  readonly reader: (context: Context) => Promise<Person>;
  readonly gateways: () => GatewaysView;
}

export function addNeedsRoutes(app: Hono, { core, reader, gateways }: NeedsRoutes): void {
  const gathered = createMemory<Gathered>(core.options.clock);
  app.get(needsRoutes.needs, async (context) => {
    const person = await reader(context);
    const all = await gathered(`${core.replica.size()}`, async () => gatherNeeds(core, gateways()));
    return context.json(needsFor(person, all));
  });
}
