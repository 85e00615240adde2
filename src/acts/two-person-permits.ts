// Permits that are doors to a model without an organisation's key, or without its safeguards. A run whose requests a suite fixes in
// advance takes one person; one without safeguards (bare), or whose requests are written as it goes on (adaptive), takes two
// persons in different roles, and what it names must still stand in its slot whenever it is used.
import { Digest, type Name } from "../terms/ids.ts";
import type { Role } from "../terms/role.ts";
import type { Permit, Slot } from "./bodies.ts";
import { type State, latestCertificate } from "./state.ts";

/** In place of a Safeguards document's digest: there are none. SHA-256 of the text `headgate: no safeguards`. */
export const noSafeguards = Digest.parse("sha256:7178ecd8056ea8072c931633d1f2e9b8a8de52109380cf076128d5e63d92ca63");

/** Whoever signs beside a person who may permit runs: they answer for what is let out. */
export const secondSeat: readonly Role[] = ["owner", "safety", "policy"];

export function takesTwo({ bare, adaptive }: Pick<Permit, "bare" | "adaptive">): boolean {
  return bare === true || adaptive !== undefined;
}

/** What a permit is bound to. */
type Bound = Pick<Permit, "model" | "slot" | "digests" | "bare">;

/** Whether the configuration that the permit names is what stands in its slot. */
export function standsInSlot(state: State, { model, slot, digests, bare }: Bound): boolean {
  const inSlot = slots[slot](state, model);
  const isGuarded = bare === true || inSlot.safeguards(digests.safeguards);
  return inSlot.model(digests.model) && isGuarded && inSlot.policy(digests.policy);
}

type Is = (digest: Digest) => boolean;
type InSlot = Readonly<Record<"model" | "safeguards" | "policy", Is>>;

const slots: Readonly<Record<Slot, (state: State, model: Name) => InSlot>> = {
  candidate: (state, model) => ({
    model: (digest) => state.documents.get("Model")?.get(model)?.candidate === digest,
    safeguards: isCandidate(state, "Safeguards"),
    policy: isCandidate(state, "UsagePolicy"),
  }),
  "in-force": (state, model) => {
    const served = latestCertificate(state, model)?.release.digests;
    return {
      model: (digest) => served?.model === digest,
      safeguards: (digest) => served?.safeguards === digest,
      policy: (digest) => served?.policy === digest,
    };
  },
};

/** Under whatever name: which of them a model's plan names does not stand in the ledger. */
function isCandidate(state: State, kind: "Safeguards" | "UsagePolicy"): Is {
  return (digest) => [...(state.documents.get(kind)?.values() ?? [])].some(({ candidate }) => candidate === digest);
}
