// The route of a canary's series: made at most every two seconds, however many look.
import type { Hono, MiddlewareHandler } from "hono";
import { Failure } from "../terms/failure.ts";
import { Name } from "../terms/ids.ts";
import { seriesOf } from "./canary-series.ts";
import { type SeriesView, canaryRoutes } from "./contract-canary.ts";
import type { Core } from "./core.ts";
import { createMemory } from "./remember.ts";

export function addCanaryRoutes(
  app: Hono,
  { core, read }: { readonly core: Core; readonly read: MiddlewareHandler },
): void {
  const series = createMemory<SeriesView>(core.options.clock);
  app.get(canaryRoutes.series, read, async (context) => {
    const model = Name.safeParse(context.req.param("model"));
    if (!model.success || core.replica.state.documents.get("Model")?.has(model.data) !== true)
      throw new Failure("model_unknown", "There is no such model here.");
    return context.json(await series(model.data, async () => seriesOf(core, model.data)));
  });
}
