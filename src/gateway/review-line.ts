// The way of a request to a person: handed to the control plane, its text sealed, before the caller is told to wait. A
// gateway without a control plane closes within a lease anyway, so nothing is lost by not keeping reviews here.
import type { Feed } from "../feed/feed.ts";
import {
  type AskedReview,
  type KeptReview,
  type ReviewFacts,
  type ReviewText,
  type SealingKey,
  type SignedSealingKey,
  isSealingKeySigned,
  sealText,
} from "../feed/reviews.ts";
import { toHex } from "../proof/encoding.ts";
import type { Primitives } from "../proof/primitives.ts";
import { Failure } from "../terms/failure.ts";
import { ReviewId, instantOf } from "../terms/ids.ts";
import { troubleIn } from "../terms/trouble.ts";
import type { Clock, Follower } from "./follower.ts";
import { within } from "./within.ts";

/** On their way to the control plane at once; of requests one more is told that the queue is full. Samples take none of their room. */
const underWayMax = { requests: 32, samples: 32 } as const;
const keepMsMax = 5_000;

type Handed = KeptReview | { readonly kind: "away" };

/** A request as it is handed over, but for its id and its sealed text. */
interface ToReview extends Omit<AskedReview, "sealed" | "facts"> {
  readonly facts: Omit<ReviewFacts, "review">;
  readonly text: ReviewText;
}

export interface ReviewLine {
  /** Resolves once the store has it; `away` where it does not say so. Never fails. */
  readonly hand: (asked: ToReview) => Promise<Handed>;
}

export interface ReviewLineOptions {
  readonly feed: Pick<Feed, "sealingKey" | "recordReview">;
  readonly follower: Pick<Follower, "state">;
  readonly clock: Pick<Clock, "now">;
  readonly primitives: Primitives;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly report: (event: string, detail: Readonly<Record<string, string | number>>) => void;
}

export function openReviewLine(options: ReviewLineOptions): ReviewLine {
  const { feed, clock, report } = options;
  let told: SignedSealingKey | undefined;
  const underWay = { requests: 0, samples: 0 };

  async function sealingKey(): Promise<SealingKey> {
    if (told === undefined || instantOf(told.notAfter) <= clock.now()) told = await askKey(options);
    return told.key;
  }

  return {
    hand: async ({ text, ...asked }) => {
      const kind = asked.sample === undefined ? "requests" : "samples";
      if (underWay[kind] >= underWayMax[kind]) return { kind: "full" };
      underWay[kind] += 1;
      try {
        const facts = { ...asked.facts, review: ReviewId.parse(`review_${toHex(options.randomBytes(8))}`) };
        const sealed = sealText(text, await sealingKey(), facts);
        return await within(feed.recordReview({ ...asked, facts, sealed }), keepMsMax, "The store's word on a review");
      } catch (error) {
        report("review", { why: troubleIn(error) });
        return { kind: "away" };
      } finally {
        underWay[kind] -= 1;
      }
    },
  };
}

async function askKey({ feed, follower, clock, primitives }: ReviewLineOptions): Promise<SignedSealingKey> {
  const told = await within(feed.sealingKey(), keepMsMax, "The sealing key");
  const control = follower.state.root?.body.control;
  if (control === undefined || !(await isSealingKeySigned(told, control, primitives))) {
    throw new Failure("signature_invalid", "The sealing key is not signed by the control key of the trust root.");
  }
  if (instantOf(told.notAfter) > clock.now()) return told;
  throw new Failure("signature_invalid", "The sealing key that came is an old one.");
}
