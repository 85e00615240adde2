// A request whose worst finding is for review: let through where a person allowed this very request, refused where one
// refused it, else kept for one and told to come again. Where nobody could decide (the policy names no reviewers, none is
// admitted, the safeguards only observe, another model was asked for) it is a block, as it was before there were reviewers.
import { shorterOf } from "../acts/retention.ts";
import { type ReviewDecision, isAllowance, lastDecision } from "../acts/state.ts";
import { type ReviewFacts, type ReviewText, reviewCharsMax } from "../feed/reviews.ts";
import type { ReviewRules } from "../policy/policy-document.ts";
import { Failure } from "../terms/failure.ts";
import type { Category, Inspection, Verdict } from "../terms/finding.ts";
import { type ReviewId, instantOf } from "../terms/ids.ts";
import { type Exchange, isObserved } from "./exchange.ts";
import { blocked, verdictWord } from "./record.ts";
import type { Gateway } from "./gateway.ts";
import { factsOf, hasReviewer, textOf } from "./review-text.ts";

/** How soon it is worth asking again, in seconds. */
const askAgainSeconds = 60;

export interface ForReview {
  readonly verdict: Verdict & { readonly kind: "review" };
  readonly inspection: Inspection;
  /** The caller's; undefined where nothing may be kept for it. */
  readonly secret: string | undefined;
}

/** Returns where a person allowed it; throws what refuses it else. */
export async function passReview(exchange: Exchange, asked: ForReview, gateway: Gateway): Promise<void> {
  const open = openTo(exchange, asked, gateway);
  const decision = decisionOn(open, gateway);
  if (decision !== undefined) exchange.reviewed.by = decision.review;
  if (decision?.verdict === "refuse") throw refused(asked.verdict, decision);
  exchange.reviewed.isAllowed = decision !== undefined;
  if (decision !== undefined) return;
  if (open.text.call.length > reviewCharsMax) throw blocked(asked.verdict);
  throw await handOver(exchange, { ...asked, ...open }, gateway);
}

/** What a person may be asked about. */
interface Open {
  readonly rules: ReviewRules;
  readonly categories: readonly Category[];
  readonly facts: Omit<ReviewFacts, "review">;
  readonly text: ReviewText;
}

/** Throws the block that it is where no person may decide. */
function openTo(exchange: Exchange, { verdict, inspection, secret }: ForReview, gateway: Gateway): Open {
  const { exposure, configuration } = exchange;
  const { review } = configuration.policy;
  const categories = exchange.forReview(inspection);
  const isOpen = categories.length > 0 && !isObserved(exchange) && exchange.asked === undefined;
  if (review === undefined || !isOpen) throw blocked(verdict);
  // An evaluation waits for nobody, and fills no queue: what a person might have allowed is unknown.
  if (exposure.kind === "permit") throw pending(verdict, undefined);
  if (secret === undefined || !hasReviewer(gateway)) throw blocked(verdict);
  const text = textOf(exchange, secret);
  const rules = shorterOf(review, exposure.release.conditions.retention);
  return { rules, categories, text, facts: factsOf(exchange, { key: exposure.key, text, gateway }) };
}

/**
 * The last word of a reviewer on this request, while it holds: no longer than the policy says, whatever the statement says.
 * An allowance covers the categories that it names, and ends with its reviewer's standing.
 */
function decisionOn({ facts, rules, categories }: Open, { follower, clock }: Gateway): ReviewDecision | undefined {
  const decision = lastDecision(follower.state, facts.request);
  const isAbout = decision?.key === facts.key && decision.model === facts.model && decision.config === facts.config;
  if (decision === undefined || !isAbout) return undefined;
  const end = Math.min(instantOf(decision.notAfter), instantOf(decision.at) + rules.expiresHours * 3_600_000);
  if (clock.now() >= end) return undefined;
  const isCovered = categories.every((category) => decision.categories.includes(category));
  return decision.verdict === "refuse" || (isCovered && isAllowance(follower.state, decision)) ? decision : undefined;
}

/** Keeps it, and gives what the caller is told: where it could not be kept, nobody will look, so nothing is known. */
async function handOver(exchange: Exchange, given: Open & ForReview, gateway: Gateway): Promise<Failure> {
  const { facts, text, rules, categories, verdict, inspection } = given;
  const { expiresHours, perKeyMax, retentionDays } = rules;
  const handed = await gateway.reviews.hand({
    facts,
    text,
    found: categories.map((category) => ({ category, score: scoreOf(inspection, category) })),
    at: gateway.clock.now(),
    rules: { expiresHours, perKeyMax, retentionDays },
  });
  exchange.mustGoOn();
  switch (handed.kind) {
    case "waiting":
      exchange.reviewed.by = handed.review;
      return pending(verdict, handed.review);
    case "full":
      return blocked({ kind: "unknown", cause: "review-full" });
    case "away":
      return blocked({ kind: "unknown", cause: "review-away" });
  }
}

function scoreOf(inspection: Inspection, category: Category): number {
  const findings = inspection.kind === "inspected" ? inspection.findings : [];
  const scores = findings.filter((finding) => finding.category === category).map(({ score }) => score);
  return Math.min(1, Math.max(0, ...scores));
}

function pending(verdict: ForReview["verdict"], review: ReviewId | undefined): Failure {
  const again = review === undefined ? {} : { review, retryAfterSeconds: askAgainSeconds };
  return new Failure("review_pending", "", {
    detail: { reason: verdict.category, verdict: verdictWord(verdict), ...again },
  });
}

function refused(verdict: ForReview["verdict"], { reason, review }: ReviewDecision): Failure {
  return new Failure("policy_blocked", "", { detail: { reason, verdict: verdictWord(verdict), review } });
}
