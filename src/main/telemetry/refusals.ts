// The last refusals, by id, so that `explain` has an answer for those that leave no receipt: strangers, bodies that cannot be
// read, a gateway that cannot keep records. In memory and bounded: a flood of refusals pushes out older ones, nothing else.
import type { Answered } from "../../gateway/note.ts";
import type { RecentRefusal as KnownRefusal } from "../../release/explain.ts";
import { type ReceiptId, timestampOf } from "../../terms/ids.ts";

export interface RecentRefusal extends KnownRefusal {
  readonly id: ReceiptId;
}

export interface RecentRefusals {
  readonly take: (answered: Answered) => void;
  readonly find: (id: ReceiptId) => RecentRefusal | undefined;
}

/** Refusals remembered; at some 300 bytes each. */
const refusalsMax = 10_000;

export function createRecentRefusals(max = refusalsMax): RecentRefusals {
  const known = new Map<ReceiptId, RecentRefusal>();
  return {
    take: ({ id, at, route, refusal, status, key, model }) => {
      if (id === undefined || refusal === undefined) return;
      known.set(id, { id, at: timestampOf(at), route, ...refusal, status, key: key ?? null, model: model ?? null });
      const [oldest] = known.keys();
      if (known.size > max && oldest !== undefined) known.delete(oldest);
    },
    find: (id) => known.get(id),
  };
}
