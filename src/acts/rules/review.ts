// Reviews: that a reviewer was shown a text, and what they decided. A decision is about one request of one key under one
// configuration, and ends. Nobody allows what they did not read; an allowance can be taken back, a refusal stands.
import { type Timestamp, instantOf } from "../../terms/ids.ts";
import { type BodyOf, reviewReasons } from "../bodies.ts";
import { type Refusal, type Rule, author, change, refuse } from "../rule.ts";
import type { State } from "../state.ts";
import type { AnyPredicate } from "../statement.ts";

/** How long a decision may hold, in hours; a usage policy sets its own, shorter time. */
const decisionHoursMax = 168;

/** Readings of one review that the ledger takes: of one reviewer, so that none keeps the others out, and of all. */
const readingsOfOneMax = 20;
const readingsMax = 200;

export const readReview: Rule<"reading"> = (state, act, context) => {
  const { body, at } = act.predicate;
  const { person } = author(context);
  const known = state.readings.get(body.review) ?? [];
  const own = known.filter((reading) => reading.person === person).length;
  if (own >= readingsOfOneMax) {
    return refuse("conflict", `A reviewer reads a review ${readingsOfOneMax} times at the most.`);
  }
  if (known.length >= readingsMax) return refuse("conflict", `A review is read ${readingsMax} times at the most.`);
  return change(() => {
    if (known.length === 0) state.reviewed.read += 1;
    state.readings.set(body.review, [...known, { person, at }]);
    dropOver(state, at);
  });
};

/** Whether it is a stop: it refuses what was allowed before, under this or another review of the same request. */
export function takesBack(state: State, { verb, body }: AnyPredicate): boolean {
  if (verb !== "review" || body.verdict !== "refuse" || body.sample !== undefined) return false;
  const isAllowed = [body.review, state.reviewOf.get(body.request)].map(
    (id) => id !== undefined && state.reviews.get(id)?.verdict === "allow",
  );
  return isAllowed.includes(true);
}

export const decideReview: Rule<"review"> = (state, act, context) => {
  const { body, at } = act.predicate;
  const { person } = author(context);
  const life = instantOf(body.notAfter) - instantOf(at);
  if (life <= 0 || life > decisionHoursMax * hourMs) {
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
  if ((body.verdict === "allow" || body.sample !== undefined) && !isRead) {
    return refuse("conflict", "Nobody allows or labels what they have not read. Run: headgate review open");
  }
  const earlier = state.reviews.get(body.review);
  return change(() => {
    if (earlier !== undefined) state.reviewed[earlier.verdict] -= 1;
    state.reviewed[body.sample === undefined ? body.verdict : "labels"] += 1;
    state.reviews.set(body.review, { ...body, by: person, at, index: context.index });
    // A label says what an exchange was, and decides on no request.
    if (body.sample === undefined) state.reviewOf.set(body.request, body.review);
    // The time of what is taken back is nobody's to judge, so that nothing is dropped by it.
    if (body.verdict === "allow") dropOver(state, at);
  });
};

const hourMs = 3_600_000;

/** What is over is kept for so long still, in milliseconds: longer than an answer runs that rests on it. */
const keptMs = 24 * hourMs;

/**
 * Once an hour of the times that statements name, so that every copy of the state drops the same at the same entry: decisions
 * that are over, and readings that nobody can decide on any more. What was asked then begins anew.
 */
function dropOver(state: State, at: Timestamp): void {
  const before = instantOf(at) - keptMs;
  const hour = Math.floor(before / hourMs);
  if (hour === state.reviewed.droppedHour) return;
  state.reviewed.droppedHour = hour;
  for (const [review, { request, notAfter }] of state.reviews) {
    if (instantOf(notAfter) >= before) continue;
    state.reviews.delete(review);
    // With what was read: who decides on it once more has to be shown it once more.
    state.readings.delete(review);
    if (state.reviewOf.get(request) === review) state.reviewOf.delete(request);
  }
  for (const [review, readings] of state.readings) {
    const last = readings.at(-1);
    const isOld = last === undefined || instantOf(last.at) + decisionHoursMax * hourMs < before;
    if (isOld && !state.reviews.has(review)) state.readings.delete(review);
  }
}

/** Only to take back what was allowed, and only of the very same request. */
function alreadyDecided(state: State, body: BodyOf<"review">): Refusal | undefined {
  const earlier = state.reviews.get(body.review);
  if (earlier === undefined) return undefined;
  if (earlier.sample !== undefined || body.sample !== undefined)
    return refuse("conflict", "This sample has its label.");
  if (earlier.verdict === "refuse" || body.verdict === "allow") {
    return refuse("conflict", "This review is decided. What was allowed can only be refused after all.");
  }
  if (earlier.request === body.request && earlier.key === body.key) return undefined;
  return refuse("statement_invalid", "The decision that this takes back was about another request.");
}
