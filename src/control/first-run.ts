// The five steps of a first run, as the ledger ticks them: a model connected, evidence, a signature, a certificate, a request served.
import { type State, latestCertificate } from "../acts/state.ts";
import { openReceipt } from "../acts/receipt.ts";
import { lastOfCallers } from "../evidence/receipt-store.ts";
import type { Name } from "../terms/ids.ts";
import type { NeedsView } from "./contract-needs.ts";
import type { Core } from "./core.ts";

type FirstRun = NeedsView["firstRun"];
type Step = FirstRun["served"];

const notYet: Step = { done: false, entry: null };

export async function firstRunOf(core: Core): Promise<FirstRun> {
  const { state } = core.replica;
  const model = furthestModel(state);
  if (model === undefined)
    return { model: null, connected: notYet, evidence: notYet, signed: notYet, certified: notYet, served: notYet };
  const evidence = [...state.evidence.values()].find((one) => one.body.model === model && !one.withdrawn);
  const proposals = [...state.proposals.values()].filter(({ release }) => release.model === model);
  const signed = proposals.flatMap(({ signOffs }) => [...signOffs.values()]).find(({ verdict }) => verdict === "for");
  return {
    model,
    connected: { done: true, entry: null },
    evidence: stepOf(evidence),
    signed: stepOf(signed),
    certified: stepOf(latestCertificate(state, model)),
    served: await servedStep(core, model),
  };
}

/** The one that came furthest: released, else with evidence, else the first that was applied. */
function furthestModel(state: State): Name | undefined {
  const models = [...(state.documents.get("Model")?.keys() ?? [])];
  const measured = new Set([...state.evidence.values()].map(({ body }) => body.model));
  return (
    models.find((model) => latestCertificate(state, model) !== undefined) ??
    models.find((model) => measured.has(model)) ??
    models[0]
  );
}

function stepOf(entry: { readonly index: number } | undefined): Step {
  return entry === undefined ? notYet : { done: true, entry: entry.index };
}

/** By a receipt of the model that is in the ledger and says that it was served to a caller, not under a permit. */
async function servedStep({ database, options }: Core, model: Name): Promise<Step> {
  for (const { text, entry } of await lastOfCallers(database)) {
    const { receipt } = await openReceipt(text, options.primitives);
    if (receipt.model === model && receipt.outcome === "served") return { done: true, entry };
  }
  return notYet;
}
