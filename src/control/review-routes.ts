// The routes of reviews: who waits, without a text, to every reader; a text to a reviewer's signed reading, which the ledger
// has before the text is opened. Deciding is a statement like any other.
import type { Context, Hono, MiddlewareHandler } from "hono";
import type { Act } from "../acts/statement.ts";
import { fromBase64 } from "../proof/encoding.ts";
import { Failure } from "../terms/failure.ts";
import { ReviewId, timestampOf } from "../terms/ids.ts";
import { type Bodies, strangerBytesMax } from "./body.ts";
import { ReadingRequest, type ReviewTextView, type ReviewView, type ReviewsView, routes } from "./contract.ts";
import type { Core } from "./core.ts";
import type { StoredReview } from "./review-store.ts";

export interface ReviewRoutes {
  readonly core: Core;
  /** Lets only admitted persons through. */
  readonly read: MiddlewareHandler;
  readonly bodies: Bodies;
}

export function addReviewRoutes(app: Hono, { core, read, bodies }: ReviewRoutes): void {
  const { reviews } = core;
  app.get(routes.reviews, read, async (context) => {
    const [{ count, oldest }, listed] = await Promise.all([reviews.waiting(), reviews.list()]);
    const view: ReviewsView = {
      waiting: count,
      oldest: oldest === null ? null : timestampOf(oldest),
      reviews: listed.map((stored) => viewOf(stored, core)),
    };
    return context.json(view);
  });
  app.get(routes.review, read, async (context) => {
    const stored = await reviews.find(reviewIn(context));
    if (stored === undefined) throw unknown();
    return context.json(viewOf(stored, core));
  });
  app.post(routes.reviewText, async (context) => {
    const taking = { type: ReadingRequest, bytesMax: strangerBytesMax };
    const view = await bodies.take(context, taking, async ({ envelope }): Promise<ReviewTextView> => {
      const bytes = fromBase64(envelope);
      if (bytes === undefined) throw new Failure("request_invalid", "The envelope is not standard base64.");
      const { text, stored } = await reviews.read(reviewIn(context), bytes);
      return { review: viewOf(stored, core), ...text };
    });
    return context.json(view);
  });
}

/** A reading in the ledger says that somebody was shown a text: it comes by the route that shows it, and by no other. */
export function checkNoReading({ predicate }: Act): void {
  if (predicate.verb !== "reading") return;
  throw new Failure("statement_invalid", "A reading goes to the review that it reads: headgate review open");
}

function reviewIn(context: Context): ReviewId {
  const id = ReviewId.safeParse(context.req.param("review"));
  if (id.success) return id.data;
  throw unknown();
}

function unknown(): Failure {
  return new Failure("not_found", "There is no such review here.");
}

function viewOf(stored: StoredReview, { replica }: Core): ReviewView {
  const { facts, found, sample, at, expiresAt, decisionHours, sealed } = stored;
  const { state } = replica;
  const [hash] = state.keySecrets.get(facts.key) ?? [];
  const decision = state.reviews.get(facts.review);
  return {
    ...facts,
    organisation: (hash === undefined ? undefined : state.keys.get(hash)?.organisation) ?? null,
    found: [...found],
    sample,
    at: timestampOf(at),
    expires: timestampOf(expiresAt),
    decisionHours,
    hasText: sealed !== null,
    readings: [...(state.readings.get(facts.review) ?? [])],
    decision:
      decision === undefined
        ? null
        : { verdict: decision.verdict, reason: decision.reason, notAfter: decision.notAfter },
  };
}
