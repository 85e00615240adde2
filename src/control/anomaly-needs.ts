// What goes otherwise than it should just now, by the counts of the gateways whose figures are here: models' servers that fail, safeguards
// that do not judge. Nobody ends it by an act: it goes a quarter of an hour after it was last so.
import { Name } from "../terms/ids.ts";
import { type LiveSample, liveSecondsMax } from "./contract-live.ts";
import type { Need } from "./contract-needs.ts";
import type { Core } from "./core.ts";
import type { Open } from "./model-needs.ts";

export async function anomalyNeeds({ options }: Core): Promise<readonly Open[]> {
  const since = Math.floor(options.clock() / 1_000) - liveSecondsMax;
  const samples = ((await options.live?.(Math.max(0, since))) ?? []).flatMap((one) => one.samples);
  const failed = sums(samples, ({ upstream }) =>
    Object.entries(upstream ?? {}).map(([server, one]) => [server, one.failed]),
  );
  const unjudged = sums(samples, (one) => Object.entries(one.unjudged ?? {}));
  return [
    ...failed.map(([server, count]) => anomaly({ kind: "upstream-fails", server, count }, server)),
    ...unjudged.map(([safeguard, count]) => anomaly({ kind: "unjudged", safeguard, count }, safeguard)),
  ];
}

function anomaly(matter: Extract<Need["matter"], { kind: "upstream-fails" | "unjudged" }>, of: string): Open {
  const model = matter.kind === "upstream-fails" ? (Name.safeParse(of).data ?? null) : null;
  const who = matter.kind === "unjudged" ? (["owner", "safety"] as const) : (["owner"] as const);
  // Nothing came of it.
  const urgency = of === "shadow" ? "later" : "now";
  return { id: `${matter.kind} ${of}`, urgency, who, not: [], model, since: null, due: null, matter };
}

type Counted = readonly (readonly [name: string, count: number])[];

function sums(samples: readonly LiveSample[], counted: (sample: LiveSample) => Counted): Counted {
  const all = new Map<string, number>();
  for (const [name, count] of samples.flatMap(counted)) all.set(name, (all.get(name) ?? 0) + count);
  return [...all].filter(([, count]) => count > 0);
}
