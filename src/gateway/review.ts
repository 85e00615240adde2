// A request whose worst finding is for review: let through where a person allowed this very request, refused where one
// refused it, else kept for one and told to come again. Where nobody could decide (the policy names no reviewers, none is
// admitted, the safeguards only observe, another model was asked for) it is a block, as it was before there were reviewers.
import { createHmac } from "node:crypto";
import type { ReviewDecision } from "../acts/state.ts";
import { type ReviewFacts, type ReviewText, requestDigest, reviewCharsMax } from "../feed/reviews.ts";
import type { ReviewRules } from "../policy/policy-document.ts";
import { toHex } from "../proof/encoding.ts";
import { Failure } from "../terms/failure.ts";
import type { Category, Inspection, Verdict } from "../terms/finding.ts";
import { type KeyId, ReviewId, instantOf } from "../terms/ids.ts";
import { type Exchange, blocked, isObserved, verdictWord } from "./exchange.ts";
import type { Gateway } from "./gateway.ts";

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
  const { verdict, inspection, secret } = asked;
  const { exposure, configuration } = exchange;
  const rules = configuration.policy.review;
  if (rules === undefined || isObserved(exchange) || exchange.asked !== undefined) throw blocked(verdict);
  const categories = exchange.forReview(inspection);
  if (categories.length === 0) throw blocked(verdict);
  // An evaluation waits for nobody, and fills no queue: what a person might have allowed is unknown.
  if (exposure.kind === "permit") throw pending(verdict, undefined);
  if (secret === undefined || !hasReviewer(gateway)) throw blocked(verdict);
  const text = textOf(exchange, secret);
  const facts = factsOf(exchange, { key: exposure.key, text, gateway });
  const decision = decisionOn(facts, { rules, gateway });
  if (decision?.verdict === "refuse") {
    exchange.reviewed.by = decision.review;
    throw refused(verdict, decision);
  }
  if (decision !== undefined && categories.every((category) => decision.categories.includes(category))) {
    exchange.reviewed.by = decision.review;
    exchange.reviewed.isAllowed = true;
    return;
  }
  if (text.call.length > reviewCharsMax) throw blocked(verdict);
  throw await handOver(exchange, { facts, text, rules, categories, ...asked }, gateway);
}

function hasReviewer({ follower }: Gateway): boolean {
  for (const { role, suspended } of follower.state.persons.values()) if (role === "reviewer" && !suspended) return true;
  return false;
}

/** The nonce is the caller's own: who reads ledger or store cannot try out what was asked. */
function textOf({ call }: Exchange, secret: string): ReviewText {
  const written = JSON.stringify(call);
  const nonce = createHmac("sha256", secret).update("headgate review nonce v1\n").update(written).digest();
  return { nonce: toHex(nonce), call: written };
}

interface About {
  readonly key: KeyId;
  readonly text: ReviewText;
  readonly gateway: Gateway;
}

function factsOf({ model, configuration }: Exchange, { key, text, gateway }: About): Omit<ReviewFacts, "review"> {
  const about = { key, model, config: configuration.config };
  return { ...about, request: requestDigest(text, about, gateway.primitives) };
}

interface Deciding {
  readonly rules: ReviewRules;
  readonly gateway: Gateway;
}

/** The last word of a reviewer on this request, while it holds. The policy's own time bounds what a statement says. */
function decisionOn(
  { request, key, model, config }: Omit<ReviewFacts, "review">,
  { rules, gateway }: Deciding,
): ReviewDecision | undefined {
  const { state } = gateway.follower;
  const id = state.reviewOf.get(request);
  const decision = id === undefined ? undefined : state.reviews.get(id);
  if (decision === undefined || decision.key !== key || decision.model !== model || decision.config !== config) {
    return undefined;
  }
  const end = Math.min(instantOf(decision.notAfter), instantOf(decision.at) + rules.expiresHours * 3_600_000);
  return gateway.clock.now() < end ? decision : undefined;
}

interface Handing extends ForReview {
  readonly facts: Omit<ReviewFacts, "review">;
  readonly text: ReviewText;
  readonly rules: ReviewRules;
  readonly categories: readonly Category[];
}

/** Keeps it, and gives what the caller is told: where it could not be kept, nobody will look, so nothing is known. */
async function handOver(exchange: Exchange, given: Handing, gateway: Gateway): Promise<Failure> {
  const { facts, text, rules, categories, verdict, inspection } = given;
  const review = ReviewId.parse(`review_${toHex(gateway.randomBytes(8))}`);
  const { expiresHours, perKeyMax, retentionDays } = rules;
  const asked = {
    facts: { ...facts, review },
    found: categories.map((category) => ({ category, score: scoreOf(inspection, category) })),
    at: gateway.clock.now(),
    rules: { expiresHours, perKeyMax, retentionDays },
  };
  const handed = await gateway.reviews.hand(asked, text);
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
