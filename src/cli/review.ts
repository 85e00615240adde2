// `headgate review`: requests that wait for a person. Whoever decides has read the text, and the ledger says so before they
// are shown it. What is signed is made from the text itself: a text that is not the request the decision names is refused.
import type { Command } from "commander";
import { z } from "zod";
import { type BodyOf, ReviewReason, reviewReasons } from "../acts/bodies.ts";
import { ReviewTextView, type ReviewView, ReviewsView, routes } from "../control/contract.ts";
import { pathOf } from "../control/contract-paths.ts";
import { checkText } from "../feed/reviews.ts";
import { toBase64 } from "../proof/encoding.ts";
import { nodePrimitives } from "../proof/node.ts";
import { Failure } from "../terms/failure.ts";
import { type Instant, ReviewId, instantOf, timestampOf, toInstant } from "../terms/ids.ts";
import { type Answer, done } from "./answer.ts";
import type { Context } from "./context.ts";
import { legibleLines } from "./legible.ts";
import { callInWords } from "./review-words.ts";
import { type Session, openSession, recordedIndex, signAs, submit } from "./session.ts";
import { type Call, addVerb, argument, noOptions, parsed, sameProfile } from "./verb.ts";

const Decision = z.object({
  allow: z.boolean().default(false),
  refuse: z.boolean().default(false),
  reason: ReviewReason,
  hours: z.coerce.number().min(0.01).max(168).optional(),
});
type Decision = z.infer<typeof Decision>;

export function addReviewVerbs(program: Command, context: Context): void {
  const review = program.command("review").description("requests that wait for a person");
  addVerb(review, context, {
    usage: "list",
    summary: "which requests wait, oldest first; without their texts",
    options: noOptions,
    run: list,
  });
  addVerb(review, context, {
    usage: "open <id>",
    summary: "read the text of one; the ledger records that you did, first",
    options: noOptions,
    run: openOne,
    more: "Takes a profile of role reviewer. The text is on your screen only: neither the ledger nor the server's log has it.",
  });
  addVerb(review, context, {
    usage: "decide <id>",
    summary: "allow or refuse one; shows the text first to whoever has not read it",
    flags: [
      ["--allow", "the very same request of the same key is let past this finding"],
      ["--refuse", "it is blocked; also takes back what was allowed"],
      [
        "--reason <code>",
        `why: ${reviewReasons.allow.join(", ")} to allow; ${reviewReasons.refuse.join(", ")} to refuse`,
      ],
      ["--hours <n>", "how long it holds; default and most: what the usage policy says"],
    ],
    options: Decision,
    run: decide,
    more: "An allowance is about this request, this key, this model and this configuration; holds, restrictions and blocks stand.",
  });
}

async function list({ base, context }: Call<object>): Promise<Answer> {
  const session = await openSession(base, context);
  const view = await session.client.get(routes.reviews, ReviewsView);
  if (view.reviews.length === 0) return done(view, "Nobody waits.");
  const lines = view.reviews.map((one) => lineOf(one, context.now()));
  return done(view, lines.join("\n"), `headgate review open ID${sameProfile(base)}`);
}

function lineOf(view: ReviewView, now: Instant): string {
  const { review, key, organisation, model, at, expires, readings } = view;
  const what = whatOf(view);
  const read = readings.length === 0 ? "" : `, read ${readings.length} time(s)`;
  const hours = (instantOf(expires) - now) / 3_600_000;
  return `${review}  ${at}  ${model}  ${organisation ?? ""} ${key}  ${what}  ${Math.max(0, hours).toFixed(1)} h left${read}`;
}

function whatOf({ found, sample }: Pick<ReviewView, "found" | "sample">): string {
  if (sample !== null) return `sample for ${sample.watch}: ${askedOf[sample.measure]}`;
  return found.map(({ category, score }) => `${category} ${score.toFixed(2)}`).join(", ");
}

/** What a label says, by the live measure that it is for. */
const askedOf = {
  "confirmed-misuse": "it was let in; --refuse says that it was misuse, --allow that it was none",
  "over-blocking": "it was blocked; --allow says that it was blocked wrongly, --refuse that it was not",
} as const;

function idOf(call: Call<unknown>): ReviewId {
  return parsed(ReviewId, argument(call, 0), "The id");
}

async function openOne(call: Call<object>): Promise<Answer> {
  const session = await openSession(call.base, call.context);
  const view = await readText(session, idOf(call));
  const { review } = view;
  const next = `headgate review decide ${review.review} --allow|--refuse --reason CODE${sameProfile(call.base)}`;
  const words = [lineOf(review, call.context.now()), callInWords(view.call), ...answerInWords(view)];
  return done(view, words.join("\n\n"), next);
}

function answerInWords({ answer }: ReviewTextView): readonly string[] {
  if (answer === undefined) return [];
  const { text, isWhole } = answer;
  const rest = isWhole ? [] : ["(The rest of the answer was left out: it is longer than a sample has.)"];
  return ["What was sent of the answer:", legibleLines(text), ...rest];
}

/** The text, checked against the request that a decision would name. The server records the reading before it answers. */
async function readText(session: Session, review: ReviewId): Promise<ReviewTextView> {
  const envelope = toBase64(await signAs(session, "reading", { review }));
  const path = pathOf(routes.reviewText, { review });
  const view = await session.client.post(path, { envelope }, { type: ReviewTextView });
  if (view.review.review !== review) throw new Failure("proof_invalid", "The server showed another review's text.");
  checkText({ nonce: view.nonce, call: view.call }, { facts: factsOf(view.review), hasher: nodePrimitives });
  return view;
}

function factsOf({
  review,
  request,
  key,
  model,
  config,
}: ReviewView): Pick<BodyOf<"review">, "review" | "request" | "key" | "model" | "config"> {
  return { review, request, key, model, config };
}

/** What a decision is about. */
type About = Pick<BodyOf<"review">, "review" | "request" | "key" | "model" | "config" | "categories" | "sample"> & {
  readonly hours: number;
};

async function decide(call: Call<Decision>): Promise<Answer> {
  const { options, context } = call;
  if (options.allow === options.refuse) throw new Failure("request_invalid", "Say --allow or --refuse, one of them.");
  const verdict = options.allow ? "allow" : "refuse";
  const reasons: readonly string[] = reviewReasons[verdict];
  if (!reasons.includes(options.reason)) {
    throw new Failure("request_invalid", `--reason: to ${verdict} it is one of ${reasons.join(", ")}.`);
  }
  const session = await openSession(call.base, context);
  const id = idOf(call);
  const { hours, ...about } =
    (verdict === "refuse" ? allowedBefore(session, id) : undefined) ?? (await readAbout(session, id));
  const notAfter = timestampOf(toInstant(Math.round(context.now() + (options.hours ?? hours) * 3_600_000)));
  const body: BodyOf<"review"> = { ...about, verdict, reason: options.reason, notAfter };
  const index = recordedIndex(await submit(session, await signAs(session, "review", body)));
  const words =
    body.sample === undefined
      ? `${id} is ${verdict === "allow" ? "allowed" : "refused"} (${body.reason}) until ${notAfter}.`
      : `${id} is labelled for ${body.sample.watch}: ${verdict} (${body.reason}). No request passes or is refused by it.`;
  return done({ review: id, verdict, reason: body.reason, notAfter, ledgerIndex: index }, words);
}

/** What is taken back needs no second look at the text, which may be erased by now. */
function allowedBefore({ state }: Session, id: ReviewId): About | undefined {
  const decided = state.reviews.get(id);
  if (decided?.verdict !== "allow" || decided.sample !== undefined) return undefined;
  const { review, request, key, model, config, categories, at, notAfter } = decided;
  const hours = (instantOf(notAfter) - instantOf(at)) / 3_600_000;
  return { review, request, key, model, config, categories, hours };
}

/** Whoever decides is shown the text, and decides on what they were shown. */
async function readAbout(session: Session, id: ReviewId): Promise<About> {
  const { review, call } = await readText(session, id);
  session.context.tell(`${lineOf(review, session.context.now())}\n\n${callInWords(call)}\n\n`);
  const categories = review.found.map(({ category }) => category);
  const { sample, decisionHours: hours } = review;
  return { ...factsOf(review), categories, hours, ...(sample === null ? {} : { sample }) };
}
