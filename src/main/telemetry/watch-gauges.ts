// What is told of watches over stages that open by steps: what each live measure has counted of the period that runs, how far its
// two bets are, and whether anything comes at all.
import type { Control } from "../../control/open-control.ts";
import { type Snapshot, gauge } from "./series.ts";

export async function watchGauges({ watches }: Pick<Control, "watches">): Promise<readonly Snapshot[]> {
  const views = await watches();
  const each = views.flatMap(({ model, measures }) =>
    measures.map((one) => ({ one, labels: { model, measure: one.id } })),
  );
  const exchanges = each.flatMap(({ one, labels }) =>
    (["bad", "good", "unknown"] as const).map((label) => ({ labels: { ...labels, label }, value: one[label] })),
  );
  const bets = each.flatMap(({ one, labels }) =>
    (["exceeded", "kept"] as const).map((bet) => ({
      labels: { ...labels, bet },
      value: one[bet] / (bet === "kept" ? one.neededKept : one.needed),
    })),
  );
  const blind = views.map(({ model, blindSince }) => ({ labels: { model }, value: blindSince === null ? 0 : 1 }));
  return [
    gauge(
      "headgate_watch_exchanges",
      "Exchanges of the running period that a live measure looks at, by label.",
      exchanges,
    ),
    gauge("headgate_watch_evalue_ratio", "E-value of each bet on a live measure, over what it has to reach.", bets),
    gauge("headgate_watch_blind", "1 where no exchange of a watched stage came for ten minutes.", blind),
  ];
}
