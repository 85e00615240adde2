// By what requests for a model are decided on, from the fold: the policy and the safeguards of each slot, whole, with who applied
// them and since which entry they are in force.
import type { State } from "../acts/state.ts";
import { latestCertificate } from "../acts/state.ts";
import { configurationOf } from "../gates/draft.ts";
import { UsagePolicy } from "../policy/policy-document.ts";
import { parseJson } from "../proof/canonical.ts";
import { type Records, candidatePlan } from "../release/records.ts";
import { Safeguards } from "../safeguards/safeguards-document.ts";
import { Failure, failureCode } from "../terms/failure.ts";
import type { Digest, Name, PersonId, Timestamp } from "../terms/ids.ts";
import { modeOf } from "../terms/stage.ts";
import type { RulesSlot, RulesView } from "./contract-policy.ts";

type Slot = RulesSlot["slot"];

/** Digests of what a slot decides by. */
export interface SlotDigests {
  readonly safeguards: Digest;
  readonly policy: Digest;
}

const documentLimits = { bytesMax: 1024 * 1024, depthMax: 32, code: "artefact_missing" } as const;

/** Fails with not_found where the slot is empty, and model_unknown where there is no such model. */
export async function slotDigests(
  { records, state }: { readonly records: Records; readonly state: State },
  model: Name,
  slot: Slot,
): Promise<SlotDigests> {
  checkModel(state, model);
  const pinned = latestCertificate(state, model)?.release.digests;
  if (slot === "in-force") {
    if (pinned !== undefined) return pinned;
    throw new Failure("not_found", `No certificate was ever given for ${model}: try its candidate.`);
  }
  const plan = await candidatePlan(records, state, model);
  if (plan === undefined) throw new Failure("not_found", `There is no release plan for ${model}. Apply one first.`);
  return configurationOf(state, plan, "candidate");
}

/** Fails with artefact_missing, or with what the document's schema says. */
export async function documentsOf(
  { artefact }: Pick<Records, "artefact">,
  { safeguards, policy }: SlotDigests,
): Promise<{ readonly safeguards: Safeguards; readonly policy: UsagePolicy }> {
  const [chain, rules] = await Promise.all([artefact(safeguards), artefact(policy)]);
  return {
    safeguards: Safeguards.parse(parseJson(chain, documentLimits)),
    policy: UsagePolicy.parse(parseJson(rules, documentLimits)),
  };
}

/** Fails with model_unknown. */
export async function rulesView(records: Records, state: State, model: Name): Promise<RulesView> {
  checkModel(state, model);
  const [inForce, candidate] = await Promise.all([
    slotView({ records, state }, model, "in-force"),
    slotView({ records, state }, model, "candidate"),
  ]);
  return {
    model,
    slots: [inForce, isSame(inForce, candidate) ? undefined : candidate].filter((slot) => slot !== undefined),
    restrictions: [...state.restrictions.values()]
      .filter((one) => one.model === model)
      .map(({ hold, limit, at, index }) => ({ restriction: hold, limit, at, index })),
    types: [...new Set([...state.organisations.values()].map(({ type }) => type))].toSorted(),
    scopes: scopesIn(state, [inForce, candidate]),
    hasReviewer: hasReviewer(state),
  };
}

/** Whether somebody can decide on what is for review. */
export function hasReviewer({ persons }: State): boolean {
  for (const { role, suspended } of persons.values()) if (role === "reviewer" && !suspended) return true;
  return false;
}

function checkModel({ documents }: State, model: Name): void {
  if (documents.get("Model")?.has(model) === true) return;
  throw new Failure("model_unknown", `There is no model "${model}" here.`);
}

function isSame(one: RulesSlot | undefined, other: RulesSlot | undefined): boolean {
  return one?.policy.digest === other?.policy.digest && one?.safeguards.digest === other?.safeguards.digest;
}

interface Known {
  readonly records: Records;
  readonly state: State;
}

/** Undefined where the slot is empty. */
async function slotView(known: Known, model: Name, slot: Slot): Promise<RulesSlot | undefined> {
  const { records, state } = known;
  const digests = await slotDigests(known, model, slot).catch((error: unknown) => {
    if (failureCode(error) === "not_found") return undefined;
    throw error;
  });
  if (digests === undefined) return undefined;
  const { safeguards, policy } = await documentsOf(records, digests);
  return {
    slot,
    certificate: slot === "in-force" ? certificateView(state, model) : null,
    policy: { digest: digests.policy, ...writtenBy(state, "UsagePolicy", digests.policy), document: policy },
    safeguards: {
      digest: digests.safeguards,
      ...writtenBy(state, "Safeguards", digests.safeguards),
      document: safeguards,
    },
  };
}

function certificateView(state: State, model: Name): RulesSlot["certificate"] {
  const all = state.certificates.get(model) ?? [];
  const latest = all.at(-1);
  if (latest === undefined) return null;
  const { release, at, index } = latest;
  const since = (kind: "policy" | "safeguards"): number => {
    const breaks = all.findLastIndex((one) => one.release.digests[kind] !== release.digests[kind]);
    return all[breaks + 1]?.index ?? index;
  };
  return {
    certificate: release.certificate,
    stage: release.stage,
    mode: modeOf(release),
    at,
    index,
    policySince: since("policy"),
    safeguardsSince: since("safeguards"),
  };
}

/** Who applied these bytes under any name, and when a document of that name was applied last. */
function writtenBy(
  { documents }: State,
  kind: "UsagePolicy" | "Safeguards",
  digest: Digest,
): { readonly since: Timestamp | null; readonly by: PersonId[] } {
  const found = [...(documents.get(kind)?.values() ?? [])].filter(({ all }) => all.has(digest));
  const by = new Set(found.flatMap((applied) => [...(applied.by.get(digest) ?? [])]));
  return { since: found.find(({ candidate }) => candidate === digest)?.since ?? null, by: [...by] };
}

function scopesIn({ organisations }: State, slots: readonly (RulesSlot | undefined)[]): Name[] {
  const named = slots.flatMap((slot) => slot?.policy.document.categories ?? []);
  const scopes = named.flatMap((rule) => (rule.treat === "restricted" ? [rule.scope] : []));
  const granted = [...organisations.values()].flatMap(({ grants }) => grants.flatMap((grant) => grant.scopes));
  return [...new Set([...scopes, ...granted])].toSorted();
}
