// Trying a text: who may, how many at once, for how long. What judges is given from outside, as the gateway's own code may not be
// reached from here; whatever keeps it from an answer is a refusal or `unknown`, and nothing of a text is kept or told.
import type { State } from "../acts/state.ts";
import { latestCertificate } from "../acts/state.ts";
import type { UsagePolicy } from "../policy/policy-document.ts";
import type { Records } from "../release/records.ts";
import type { Safeguards } from "../safeguards/safeguards-document.ts";
import { Failure } from "../terms/failure.ts";
import type { Category, Surface } from "../terms/finding.ts";
import type { Name } from "../terms/ids.ts";
import type { RequestText } from "../terms/provenance.ts";
import { type OpenStage, modeOf } from "../terms/stage.ts";
import type { TryRequest, TryView } from "./contract-policy.ts";
import { documentsOf, hasReviewer, slotDigests } from "./rules-view.ts";

/** One text, and by what and for whom it is judged. */
export interface Trial {
  readonly safeguards: Safeguards;
  readonly policy: UsagePolicy;
  readonly side: Surface;
  readonly texts: readonly RequestText[];
  readonly stage: OpenStage | undefined;
  readonly organisationType: Name | undefined;
  readonly scopes: readonly Name[];
  /** Whether its safeguards only record. */
  readonly isObserved: boolean;
  /** Categories that a restriction prohibits. */
  readonly prohibited: readonly Category[];
  readonly hasReviewer: boolean;
}

/** What judges: the answer without what the desk knows itself. */
export type TryText = (trial: Trial) => Promise<Omit<TryView, "model" | "slot" | "digests" | "whom">>;

export interface TryDesk {
  readonly try: (asked: TryRequest) => Promise<TryView>;
}

interface TryMeans {
  readonly records: Records;
  readonly state: State;
  /** Undefined where this server cannot judge. */
  readonly judge: TryText | undefined;
}

/** Texts tried at once, and milliseconds for one. */
const atOnceMax = 4;
const tryMsMax = 15_000;

export function createTryDesk({ records, state, judge }: TryMeans, msMax = tryMsMax): TryDesk {
  let running = 0;
  return {
    try: async (asked) => {
      if (judge === undefined) throw new Failure("safeguard_unavailable", "This server has no safeguards to try with.");
      if (running >= atOnceMax)
        throw new Failure(
          "safeguard_unavailable",
          `${atOnceMax} texts are being tried just now. Try again in a moment.`,
        );
      running += 1;
      // Counts until it has really ended, however long somebody waited for it.
      const trying = tryOne(asked, { records, state, judge });
      void trying.catch(() => undefined).then(() => (running -= 1));
      return within(trying, msMax);
    },
  };
}

async function tryOne(
  asked: TryRequest,
  { records, state, judge }: Omit<TryMeans, "judge"> & { readonly judge: TryText },
): Promise<TryView> {
  const { model, slot, side, texts, scopes } = asked;
  const digests = await slotDigests({ records, state }, model, slot);
  const { safeguards, policy } = await documentsOf(records, digests);
  const release = latestCertificate(state, model)?.release;
  const stage = asked.stage ?? release?.stage;
  const said = await judge({
    safeguards,
    policy,
    side,
    texts,
    stage,
    organisationType: asked.organisationType,
    scopes,
    isObserved: slot === "in-force" && release !== undefined && modeOf(release) === "observe",
    prohibited: prohibitedBy(state, model),
    hasReviewer: hasReviewer(state),
  });
  return {
    model,
    slot,
    digests: { safeguards: digests.safeguards, policy: digests.policy },
    whom: { stage: stage ?? null, organisationType: asked.organisationType ?? null, scopes },
    ...said,
  };
}

function prohibitedBy({ restrictions }: State, model: Name): readonly Category[] {
  return [...restrictions.values()]
    .filter((one) => one.model === model)
    .flatMap(({ limit }) => (limit.kind === "category-prohibited" ? [limit.category] : []));
}

async function within<T>(work: Promise<T>, msMax: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const why = `No answer within ${msMax / 1000} s. A caller would get safeguard_unavailable; try a shorter text.`;
      reject(new Failure("safeguard_unavailable", why, { detail: { verdict: "unknown", reason: "timeout" } }));
    }, msMax);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
