// Reviews: that a reviewer was shown a text, and what they decided. A decision is about one request of one key under one
// configuration, and ends. Nobody allows what they did not read; an allowance can be taken back, a refusal stands.
import { instantOf } from "../../terms/ids.ts";
import { type BodyOf, reviewReasons } from "../bodies.ts";
import { type Refusal, type Rule, author, change, refuse } from "../rule.ts";
import type { State } from "../state.ts";

/** How long a decision may hold, in hours; a usage policy sets its own, shorter time. */
const decisionHoursMax = 168;

/** Readings of one review that the ledger takes. */
const readingsMax = 100;

export const readReview: Rule<"reading"> = (state, act, context) => {
  const { body, at } = act.predicate;
  const known = state.readings.get(body.review) ?? [];
  if (known.length >= readingsMax) return refuse("conflict", `A review is read ${readingsMax} times at the most.`);
  return change(() => {
    state.readings.set(body.review, [...known, { person: author(context).person, at }]);
  });
};

export const decideReview: Rule<"review"> = (state, act, context) => {
  const { body, at } = act.predicate;
  const { person } = author(context);
  const life = instantOf(body.notAfter) - instantOf(at);
  if (life <= 0 || life > decisionHoursMax * 3_600_000) {
    return refuse("statement_invalid", `A decision ends within ${decisionHoursMax} hours of being made.`);
  }
  const reasons: readonly string[] = reviewReasons[body.verdict];
  if (!reasons.includes(body.reason)) {
    return refuse("statement_invalid", `Reasons to ${body.verdict} are: ${reasons.join(", ")}.`);
  }
  if (!state.keySecrets.has(body.key)) return refuse("not_found", "There is no such key.");
  const decided = alreadyDecided(state, body);
  if (decided !== undefined) return decided;
  const isRead = state.readings.get(body.review)?.some((reading) => reading.person === person) === true;
  if (body.verdict === "allow" && !isRead) {
    return refuse("conflict", "Nobody allows what they have not read. Run: headgate review open");
  }
  return change(() => {
    state.reviews.set(body.review, { ...body, by: person, at, index: context.index });
    state.reviewOf.set(body.request, body.review);
  });
};

/** Only to take back what was allowed, and only of the very same request. */
function alreadyDecided(state: State, body: BodyOf<"review">): Refusal | undefined {
  const earlier = state.reviews.get(body.review);
  if (earlier === undefined) return undefined;
  if (earlier.verdict === "refuse" || body.verdict === "allow") {
    return refuse("conflict", "This review is decided. What was allowed can only be refused after all.");
  }
  if (earlier.request === body.request && earlier.key === body.key) return undefined;
  return refuse("statement_invalid", "The decision that this takes back was about another request.");
}
