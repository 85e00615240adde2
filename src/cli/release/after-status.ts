// What to do next about a model, as one command: read from its status alone, and from nothing the reader does not see.
import type { StatusView } from "../../control/contract.ts";

type Waiting = StatusView["proposals"][number];

/** The proposal that would reopen a held model, or take an open one further. */
function waitingProposal(view: StatusView): Waiting | undefined {
  const holds = holdsOnModel(view);
  return view.proposals.find(
    ({ waiting, current, answers }) => waiting && current && holds.every(({ hold }) => answers.includes(hold)),
  );
}

/** Holds on some callers of every model are no step of this one's. */
function holdsOnModel({ holds }: StatusView): StatusView["holds"] {
  return holds.filter(({ callers }) => callers === undefined);
}

/** The next step, where there is one that this page alone can tell. */
export function afterStatus(view: StatusView, profile: string): string | undefined {
  const step = stepOf(view);
  return step === undefined ? undefined : step + profile;
}

function stepOf(view: StatusView): string | undefined {
  const { certified } = view;
  const proposal = waitingProposal(view);
  if (proposal !== undefined) {
    const isSigned = proposal.needs?.length === 0;
    if (isSigned && isShort(view, proposal)) return measuring(view);
    return `headgate release ${isSigned ? "advance" : "sign"} ${proposal.proposal}${isSigned ? "" : ' --reason "…"'}`;
  }
  if (certified !== null) {
    if (holdsOnModel(view).length > 0) return reopening(view, certified);
    if (certified.renewalDue !== null) return proposing(view, certified.stage);
  }
  return towardsNext(view);
}

/** Asked for the gate of the very stage that is held, what was mended and not measured yet goes before what was certified. */
function reopening(view: StatusView, { stage }: Pick<NonNullable<StatusView["certified"]>, "stage">): string {
  const step = view.next === stage ? measuring(view) : undefined;
  return step ?? `headgate release resume ${view.model}`;
}

function towardsNext(view: StatusView): string | undefined {
  const { next, verdict } = view;
  if (next === null) return undefined;
  // What was never certified is reopened by its first release, which answers the holds.
  if (holdsOnModel(view).length > 0) return proposing(view, next);
  const step = measuring(view);
  if (step !== undefined) return step;
  return verdict === "pass" || lacksOnlySignOffs(view) ? proposing(view, next) : undefined;
}

/** Everybody signed, and the gate has not passed all the same: what it lacks, no signature gives. */
function isShort({ next, verdict }: StatusView, { stage }: Waiting): boolean {
  return stage === next && (verdict === "inconclusive" || verdict === "fail");
}

function measuring(view: StatusView): string | undefined {
  const suite = unmeasured(view);
  return suite === undefined ? undefined : `headgate eval run ${suite} --model ${view.model}`;
}

const ofMeasures: ReadonlySet<string> = new Set(["measure-bound", "measure-floor", "comparison"]);

/** The first suite of which no trial counts for the next stage; of those that tell its tier, too. */
function unmeasured({ requirements, tier }: StatusView): string | undefined {
  const capability = tier?.rules.find(({ verdict }) => verdict === "unknown");
  if (capability !== undefined) return capability.suite;
  const measures = requirements.filter(({ kind }) => ofMeasures.has(kind));
  const suite = measures.find(({ have }) => have["trials"] === 0)?.need["suite"];
  return typeof suite === "string" ? suite : undefined;
}

/** Sign-offs are given to a proposal, so with nothing else missing it takes one. */
function lacksOnlySignOffs({ requirements }: StatusView): boolean {
  const missing = requirements.filter(({ verdict }) => verdict !== "pass" && verdict !== "not-asked");
  return missing.length > 0 && missing.every(({ kind }) => kind === "sign-offs");
}

export function proposing({ model }: StatusView, stage: string): string {
  return `headgate release propose ${model} --stage ${stage} --reason "…"`;
}
