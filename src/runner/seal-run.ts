// From a run's record to what is sealed: every try becomes a sample; what was begun and never answered, or never begun,
// is a sample without an answer, which counts as unknown.
import type { LoadedItem } from "../evidence/suite.ts";
import type { Tried } from "../evidence/seal.ts";
import { type Instant, timestampOf } from "../terms/ids.ts";
import { type Result, type RunRecord, placeOf, settledPlaces } from "./run-file.ts";

/** Attempts of the permit that can still be asked about. */
export function unanswered(items: readonly LoadedItem[], attempts: number, results: readonly Result[]): number {
  return items.length * attempts - settledPlaces(results).size;
}

/** Every try of the run, in the order of the suite. */
export function triesOf(
  items: readonly LoadedItem[],
  attempts: number,
  { intents, results, at }: Pick<RunRecord, "intents" | "results"> & { readonly at: Instant },
): readonly Tried[] {
  const byPlace = Map.groupBy(results, (result) => placeOf(result));
  const begun = Map.groupBy(intents, (intent) => placeOf(intent));
  return items.flatMap((item) =>
    Array.from({ length: attempts }, (_, index) => index + 1).flatMap((attempt) => {
      const place = placeOf({ item: item.id, attempt });
      const tries = (byPlace.get(place) ?? []).map((result) => triedOf(item, result));
      if (tries.length > 0) return tries;
      const started = begun.get(place)?.[0]?.at ?? timestampOf(at);
      return [{ ...blank(item, attempt), at: started }];
    }),
  );
}

function triedOf(item: LoadedItem, result: Result): Tried {
  const { attempt, outcome, receiptId, at } = result;
  const text = spokenIn(result);
  return { ...blank(item, attempt), outcome, receipt: receiptId, at, text: text === "" ? null : text };
}

/** The answer as it is committed to: its text, and a line for every tool that it calls. */
function spokenIn({ answer, calls = [] }: Result): string {
  const lines = calls.map((call) => `[calls ${call.name} with ${call.arguments}]`);
  return [...(answer === "" ? [] : [answer]), ...lines].join("\n");
}

function blank(item: LoadedItem, attempt: number): Omit<Tried, "at"> {
  return { item: item.leaf, cluster: item.cluster, attempt, outcome: "errored", receipt: null, text: null };
}
