// How many holds the sessions of one person place. Each is an entry for good, and is answered by name before a model opens again, 64 in one
// certificate: whoever steals a session may stop everything, and not bury the way back under holds. Stopping everything is never refused.
import { type State, holdsOn } from "../acts/state.ts";
import type { HoldScope } from "../acts/bodies.ts";
import { Failure } from "../terms/failure.ts";
import type { Instant, PersonId } from "../terms/ids.ts";

/** Holds of one person's sessions in an hour. */
const sessionHoldsMax = 32;
const hourMs = 3_600_000;

export interface SessionHolds {
  /** Counts one more. Fails with quota_exhausted where they were too many, but for what stops everything and nothing does yet. */
  readonly take: (person: PersonId, scope: HoldScope) => void;
}

interface HoldsMeans {
  readonly state: State;
  readonly clock: () => Instant;
}

/** Bounded by the persons admitted. */
export function createSessionHolds({ state, clock }: HoldsMeans): SessionHolds {
  const placed = new Map<PersonId, readonly Instant[]>();
  return {
    take: (person, scope) => {
      const now = clock();
      const lately = (placed.get(person) ?? []).filter((at) => now - at < hourMs);
      if (lately.length >= sessionHoldsMax && (scope.kind !== "everything" || isAllHeld(state))) {
        throw new Failure(
          "quota_exhausted",
          `NOTHING MORE IS HELD: your sessions placed ${sessionHoldsMax} holds within the hour, and those stand. Hold everything, or sign with a key: headgate release hold`,
        );
      }
      placed.set(person, [...lately, now]);
    },
  };
}

function isAllHeld(state: State): boolean {
  const models = [...(state.documents.get("Model")?.keys() ?? [])];
  return models.every((model) => holdsOn(state, model).some(({ scope }) => scope.kind === "everything"));
}
