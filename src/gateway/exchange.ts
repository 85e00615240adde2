// One exchange from admission to receipt: what is known of it, whether it may still go on, and its record. Receipts are
// drafted here, so that a served, a blocked, a stopped and a refused exchange are recorded by the same hand.
import type { Limit } from "../acts/bodies.ts";
import { type Outcome, type Receipt, type SignedReceipt, beginContentDigest, contentDigest } from "../acts/receipt.ts";
import { isAllowance, lastDecision } from "../acts/state.ts";
import { decide, redactedIn, reviewedIn, stricter } from "../policy/decide.ts";
import type { UsagePolicy } from "../policy/policy-document.ts";
import type { TextDigest } from "../proof/digest.ts";
import type { Hasher } from "../proof/primitives.ts";
import { Failure } from "../terms/failure.ts";
import type { Wording } from "../safeguards/wording.ts";
import {
  type Category,
  type Finding,
  type Inspection,
  type Look,
  type Surface,
  type Verdict,
  lets,
} from "../terms/finding.ts";
import type { Digest, KeyId, Name, ReceiptId, ReviewId } from "../terms/ids.ts";
import { modeOf } from "../terms/stage.ts";
import { Stop, type StopSignal } from "../upstream/stop.ts";
import type { Asking } from "../upstream/upstream.ts";
import { type Call, callTexts, withoutPrompt } from "../wire/call.ts";
import { promptChars } from "../wire/prompt-size.ts";
import { type Admitted, callerFor, exposeNow, servedDigests, underOf, withinLimits } from "./admission.ts";
import type { Configuration } from "./configurations.ts";
import type { Gateway } from "./gateway.ts";
import { type Note, noteFound } from "./note.ts";
import { type Shadow, takeShadow } from "./shadow.ts";
import { type ReceiptDraft, noContent } from "./recorder.ts";
import { traceparentOf } from "./trace-context.ts";
import type { Begun } from "./spool.ts";

export interface Exchange {
  readonly id: ReceiptId;
  readonly hash: Digest;
  /** The address it came from. */
  readonly from: string | undefined;
  readonly model: Name;
  /** Where this model stands in for another: the one that the caller asked for. */
  readonly asked: Name | undefined;
  readonly exposure: Admitted;
  readonly configuration: Configuration;
  /** As admitted; exactly this is asked of the model. `forgetPrompt` takes its turns away. */
  call: Call;
  /** Digest of the body it came in. */
  readonly request: Digest;
  /** Every text of the caller's in it. */
  texts: readonly string[];
  /** Characters of all that the model reads. */
  readonly promptChars: number;
  readonly item: Digest | null;
  readonly note: Note;
  /** Aborts with a Failure when the exchange may not go on, or when the caller has gone. */
  readonly signal: StopSignal;
  /** Set when it was stopped from our side: a hold, an expiry, a lease that ended. */
  readonly stopped: () => Failure | undefined;
  /** Throws unless it may go on at this very moment, and the caller is still there. */
  readonly mustGoOn: () => void;
  /** Goes with the call to the model's servers: each attempt asks here first whether it may be made. */
  readonly asking: Asking;
  /** The server that was asked last, by its place in the Model document. */
  readonly origin: () => number | undefined;
  /**
   * What to do about an inspection, by the policy and the restrictions in force at this moment. In observe mode that is
   * nothing, but for categories that a restriction prohibits; what policy says is kept in `seen`.
   */
  readonly judge: (inspection: Inspection, surface: Surface) => Verdict;
  /** What has to be taken out of an answer that its verdict lets through; in observe mode only what a restriction prohibits. */
  readonly redacts: (inspection: Inspection) => readonly Finding[];
  /** What of a request with the verdict `review` a person may let through; nothing where a restriction prohibits any of it. */
  readonly forReview: (inspection: Inspection) => readonly Category[];
  readonly reviewed: Reviewed;
  /** By what it would be recognised in other words; only where a policy asks for that. */
  wording: Wording | undefined;
  /** In observe mode: the strictest verdict of policy on each side so far. */
  readonly seen: Seen | undefined;
  /** What policy would say of what safeguards in shadow found. Nothing comes of it. */
  readonly shadow: Shadow;
  /** Whether text waits until it is cleared. */
  readonly isHeldBack: boolean;
  /** Ends the watch over it. */
  readonly end: () => void;
}

export interface Beginning {
  readonly id: ReceiptId;
  readonly hash: Digest;
  /** The address it came from. */
  readonly from: string | undefined;
  readonly model: Name;
  readonly asked: Name | undefined;
  readonly exposure: Admitted;
  readonly configuration: Configuration;
  readonly call: Call;
  readonly request: Digest;
  readonly item: Digest | null;
  readonly note: Note;
  /** Aborts when the caller leaves. */
  readonly departure: Stop;
}

/** The review of an exchange, once there is one, and whether it let it through. */
interface Reviewed {
  by: ReviewId | undefined;
  isAllowed: boolean;
}

type Seen = Readonly<Partial<Record<Surface, Verdict>>>;

export function beginExchange(known: Beginning, gateway: Gateway): Exchange {
  const seen: Partial<Record<Surface, Verdict>> | undefined = isObserved(known) ? {} : undefined;
  const shadow: Shadow = {};
  const stop = new Stop();
  let why: Failure | undefined;
  const leave = (): void => {
    if (departure.reason !== undefined) stop.abort(departure.reason);
  };
  const stopWith = (failure: Failure): void => {
    why ??= failure;
    stop.abort(failure);
  };
  const { model, note, departure, configuration } = known;
  const { policy } = configuration;
  const scopes = known.exposure.kind === "open" ? known.exposure.grant.scopes : [];
  const mustGoOn = (): void => {
    const failure = mayGoOn(exchange, gateway);
    if (failure !== undefined) stopWith(failure);
    stop.throwIfAborted();
  };
  let origin: number | undefined;
  const asking: Asking = {
    beforeAttempt: (member) => {
      mustGoOn();
      origin = member;
      note.attempts += 1;
    },
    cacheSalt: () => gateway.cacheSalt(sharersOf(exchange.exposure)),
    ...(note.trace === undefined ? {} : { traceparent: traceparentOf(note.trace) }),
  };
  const texts = callTexts(known.call);
  const by = { note, policy, scopes, model, seen, shadow };
  // Written out: what is spread is copied member by member, as often as it grows.
  const exchange: Exchange = {
    id: known.id,
    hash: known.hash,
    from: known.from,
    model,
    asked: known.asked,
    exposure: known.exposure,
    configuration,
    call: known.call,
    request: known.request,
    item: known.item,
    note,
    isHeldBack: !isObserved(known) || restrictedCategories(gateway, model).length > 0,
    reviewed: { by: undefined, isAllowed: false },
    wording: undefined,
    texts,
    promptChars: promptChars(known.call, texts),
    signal: stop,
    stopped: () => why,
    mustGoOn,
    asking,
    origin: () => origin,
    seen,
    shadow,
    judge: judgeOf(by, gateway),
    redacts: redactsOf(by, gateway),
    forReview: forReviewOf(by, gateway),
    end: () => {
      unwatch();
      departure.removeEventListener("abort", leave);
    },
  };
  leave();
  departure.addEventListener("abort", leave);
  const unwatch = gateway.live.add({ check: () => mayGoOn(exchange, gateway), stop: stopWith });
  return exchange;
}

interface JudgedBy {
  readonly note: Note;
  readonly policy: UsagePolicy;
  readonly scopes: readonly string[];
  readonly model: Name;
  /** Written to. */
  readonly seen: Partial<Record<Surface, Verdict>> | undefined;
  readonly shadow: Shadow;
}

function redactsOf({ policy, scopes, model, seen }: JudgedBy, gateway: Gateway): Exchange["redacts"] {
  return (inspection) => {
    const prohibited = restrictedCategories(gateway, model);
    const acted = seen === undefined ? inspection : only(prohibited, inspection);
    return redactedIn(acted, restrictedPolicy(policy, prohibited), { scopes, surface: "output" });
  };
}

function forReviewOf({ policy, scopes, model }: JudgedBy, gateway: Gateway): Exchange["forReview"] {
  return (inspection) => {
    const prohibited = restrictedCategories(gateway, model);
    const found = reviewedIn(inspection, policy, { scopes, surface: "input" });
    return found.some((category) => prohibited.includes(category)) ? [] : found;
  };
}

function judgeOf({ note, policy, scopes, model, seen, shadow }: JudgedBy, gateway: Gateway): Exchange["judge"] {
  return (inspection, surface) => {
    const prohibited = restrictedCategories(gateway, model);
    const restricted = restrictedPolicy(policy, prohibited);
    const verdict = decide(inspection, restricted, { scopes, surface });
    noteFound(note, inspection, surface);
    if (inspection.shadow !== undefined || inspection.later !== undefined) {
      const shadowed = (look: Look): Verdict => decide(look, restricted, { scopes, surface });
      takeShadow(shadow, inspection, { surface, note, decide: shadowed });
    }
    if (seen === undefined) return verdict;
    seen[surface] = stricter(seen[surface] ?? verdict, verdict);
    return decide(only(prohibited, inspection), restricted, { scopes, surface });
  };
}

/** Once a stream has begun nobody asks for it any more: what the caller wrote does not stay for as long as the answer. */
export function forgetPrompt(exchange: Exchange): void {
  exchange.call = withoutPrompt(exchange.call);
  exchange.texts = [];
}

/** Whether its safeguards only record: a permit's never do. */
export function isObserved({ exposure }: Pick<Exchange, "exposure">): boolean {
  return exposure.kind === "open" && modeOf(exposure.release) === "observe";
}

/** What is left to act on in observe mode: nothing, but for what a person's restriction prohibits. */
function only(prohibited: readonly Category[], inspection: Inspection): Inspection {
  if (prohibited.length === 0) return { kind: "inspected", findings: [] };
  if (inspection.kind === "unknown") return inspection;
  return { ...inspection, findings: inspection.findings.filter(({ category }) => prohibited.includes(category)) };
}

/** Whose share of what all wait for it takes. */
export function callerOf({ exposure }: Pick<Exchange, "exposure">): string {
  return exposure.kind === "open" ? exposure.organisation.organisation : exposure.permit.permit;
}

/** Whose prompts may share a cache. */
function sharersOf(exposure: Admitted): string {
  return exposure.kind === "open"
    ? `organisation ${exposure.organisation.organisation}`
    : `permit ${exposure.permit.permit}`;
}

/** The same certificate or permit must still carry it: a new certificate ends what the old one served. */
function mayGoOn(known: Exchange, gateway: Gateway): Failure | undefined {
  const closure = gateway.follower.closure();
  if (closure !== undefined) return new Failure("gateway_closed", "", { detail: { reason: closure } });
  try {
    const now = exposeNow(gateway, known);
    if (withinLimits(known.call, gateway) !== known.call) return changed(known.exposure);
    if (!isStillAllowed(known, gateway)) return takenBack();
    // Its text goes on unjudged, and somebody has prohibited a category since.
    if (!known.isHeldBack && restrictedCategories(gateway, known.model).length > 0) return changed(known.exposure);
    if (isJudgedOtherwise(now, known.configuration)) return changed(known.exposure);
    return underOf(now) === underOf(known.exposure) ? undefined : superseded(now, known);
  } catch (error) {
    return error instanceof Failure ? error : new Failure("gateway_closed", "", { cause: error });
  }
}

/**
 * Whether what let it through still does: a reviewer may take back what was allowed while an answer runs, by this review of
 * the request or by another.
 */
function isStillAllowed({ reviewed }: Exchange, { follower: { state } }: Gateway): boolean {
  if (!reviewed.isAllowed || reviewed.by === undefined) return true;
  const decision = state.reviews.get(reviewed.by);
  const last = decision === undefined ? undefined : lastDecision(state, decision.request);
  return decision !== undefined && last !== undefined && isAllowance(state, decision) && last.verdict === "allow";
}

/** Whether its safeguards would have other modes now: the model is at another stage, or the organisation of another type. */
function isJudgedOtherwise(now: Admitted, configuration: Configuration): boolean {
  if (!configuration.chains.isMixed || now.kind !== "open") return false;
  return configuration.for(callerFor(now)).chain !== configuration.chain;
}

function takenBack(): Failure {
  return new Failure("policy_blocked", "", { detail: { reason: "taken-back" } });
}

/** A renewal that changes nothing of what is served, and enforces no more, lets running exchanges end in peace. */
function superseded(now: Admitted, known: Exchange): Failure | undefined {
  const isOpen = now.kind === "open" && known.exposure.kind === "open";
  const isTighter = isObserved(known) && !isObserved({ exposure: now });
  return isOpen && !isTighter && isSameConfiguration(now, known.exposure) ? undefined : changed(now);
}

/** Whether both name the same model, safeguards and policy. */
export function isSameConfiguration(one: Admitted, other: Admitted): boolean {
  const [left, right] = [servedDigests(one), servedDigests(other)];
  return left.model === right.model && left.safeguards === right.safeguards && left.policy === right.policy;
}

/** What would be served now is not what was loaded, or what was being served. */
export function changed(exposure: Admitted): Failure {
  const { digests } = exposure.kind === "open" ? exposure.release : exposure.permit;
  return new Failure("stage_closed", "", { detail: { reason: "changed", digest: digests.model } });
}

function restrictedCategories(gateway: Gateway, model: Name): readonly Category[] {
  if (gateway.follower.state.restrictions.size === 0) return [];
  const isOfModel = [...gateway.follower.state.restrictions.values()].filter((known) => known.model === model);
  return isOfModel
    .map(({ limit }) => limit)
    .flatMap((limit: Limit) => (limit.kind === "category-prohibited" ? [limit.category] : []));
}

/** A category that a restriction prohibits is prohibited, whatever the policy or the caller's scopes say. */
function restrictedPolicy(policy: UsagePolicy, prohibited: readonly Category[]): UsagePolicy {
  if (prohibited.length === 0) return policy;
  return { ...policy, categories: policy.categories.filter((rule) => !prohibited.includes(rule.category)) };
}

export interface Ending {
  readonly outcome: Outcome;
  readonly why: string | null;
  readonly input: string;
  readonly output: string;
  /** As it was sent, or the digest that was made of it with its request as it went by. */
  readonly answer: string | TextDigest;
  readonly tokens: readonly [prompt: number, completion: number];
  /** Where a safeguard took something out of the answer, or stopped it. */
  readonly guarded?: Redaction | undefined;
}

/** What receipts say of an answer that is not as the model gave it. */
export interface Redaction {
  readonly redacted: number;
  /** Characters of what the model said that were checked. */
  readonly checked: number;
}

/** Records how an exchange ended, settles its reservation, and gives the receipt. */
export function recordEnding(exchange: Exchange, ending: Ending, parts: Recording): Promise<SignedReceipt> {
  const { gateway, reservation } = parts;
  exchange.end();
  const { note } = exchange;
  note.outcome = ending.outcome;
  note.tokens = ending.tokens;
  if (ending.guarded !== undefined) note.redacted = ending.guarded.redacted;
  if (ending.why !== null) note.refusal ??= reasoned(ending.why);
  reservation?.settle({ tokens: ending.tokens, isAnswered: isAnswered(ending.outcome) });
  const observed = observedOf(exchange, ending.outcome);
  if (observed.would !== undefined) note.would = observed.would;
  return gateway.recorder.finish(draftOf(exchange, { ending, observed }, gateway.primitives));
}

interface Ended {
  readonly ending: Ending;
  readonly observed: Observed;
}

function draftOf(exchange: Exchange, { ending, observed }: Ended, hasher: Hasher): ReceiptDraft {
  const { answer, tokens, guarded } = ending;
  const { id, request } = exchange;
  return {
    ...knownOf(exchange),
    outcome: ending.outcome,
    why: ending.why,
    input: observed.input ?? ending.input,
    output: observed.output ?? ending.output,
    would: observed.would,
    shadow: shadowOf(exchange),
    redacted: guarded?.redacted,
    checked: guarded?.checked,
    content: typeof answer === "string" ? contentDigest(id, { request, answer }, hasher) : answer.digest(),
    tokens: [tokens[0], tokens[1]],
  };
}

/** For a streamed answer: what its receipt commits to, made as it goes by. */
export function beginContent({ id, request }: Exchange, { primitives }: Gateway): TextDigest {
  return beginContentDigest(id, request, primitives);
}

/** Puts on record that a stream begins, before a character of it leaves. */
export async function recordBeginning(exchange: Exchange, input: string, { gateway }: Recording): Promise<void> {
  const { input: seen, would } = observedOf(exchange, "cut");
  await gateway.recorder.begin({ ...knownOf(exchange), input: seen ?? input, would, shadow: shadowOf(exchange) });
}

type Observed = Partial<Pick<Receipt, "input" | "output" | "would">>;
const notObserved: Observed = {};

/** In observe mode: what policy said, whatever was done about it, and what would have become of it in enforce mode. */
function observedOf({ seen }: Exchange, outcome: Outcome): Observed {
  if (seen === undefined) return notObserved;
  const sides = Object.entries(seen).map(([side, verdict]) => [side, verdictWord(verdict)] as const);
  const isStopped = Object.values(seen).some((verdict) => !lets(verdict));
  return { ...Object.fromEntries(sides), would: isStopped ? "blocked" : outcome };
}

function shadowOf({ shadow: { input, output } }: Exchange): Receipt["shadow"] {
  if (input === undefined && output === undefined) return undefined;
  return {
    input: input === undefined ? undefined : verdictWord(input),
    output: output === undefined ? undefined : verdictWord(output),
  };
}

function knownOf(exchange: Exchange): Omit<Begun, "input"> {
  const { id, model, asked, configuration, exposure, item } = exchange;
  const origin = exchange.origin();
  const review = exchange.reviewed.by;
  const { modes } = configuration.chain;
  return {
    id,
    model,
    asked,
    modes,
    origin,
    review,
    config: configuration.config,
    under: underOf(exposure),
    stage: exposure.kind === "open" ? exposure.release.stage : "permit",
    key: exposure.kind === "open" ? exposure.key : null,
    item,
  };
}

/** What was set aside for an exchange, of a key's quota or a permit. */
export interface Reservation {
  /** Says how many tokens the answer has so far; `stop` once what was set aside is used up. */
  readonly spend: (answerTokens: number) => "go-on" | "stop";
  readonly settle: (ended: { readonly tokens: Ending["tokens"]; readonly isAnswered: boolean }) => void;
}

export interface Recording {
  readonly gateway: Gateway;
  readonly reservation: Reservation | undefined;
}

function isAnswered(outcome: Outcome): boolean {
  return outcome === "served" || outcome === "blocked";
}

export interface EarlyRefusal {
  readonly id: ReceiptId;
  readonly model: Name;
  readonly key: KeyId;
  readonly why: string;
}

/** The receipt of a request that was refused before anything was loaded for it, to a key that is known. */
export async function recordRefusal(refusal: EarlyRefusal, gateway: Gateway): Promise<SignedReceipt> {
  const draft: ReceiptDraft = {
    id: refusal.id,
    model: refusal.model,
    config: null,
    under: null,
    stage: "withheld",
    key: refusal.key,
    item: null,
    outcome: "refused",
    why: refusal.why,
    input: "none",
    output: "none",
    content: noContent(refusal.id, gateway.primitives),
    tokens: [0, 0],
  };
  return gateway.recorder.finish(draft);
}

/** A verdict as receipts spell it. */
export function verdictWord(verdict: Verdict): string {
  switch (verdict.kind) {
    case "pass":
      return "pass";
    case "flag":
    case "review":
    case "block":
      return `${verdict.kind}:${verdict.category}`;
    case "unknown":
      return `unknown:${verdict.cause}`;
  }
}

/** What `whyWord` and receipts spell as one word. */
function reasoned(why: string): { readonly code: string; readonly reason: string | null } {
  const [code = "", reason] = why.split(":");
  return { code, reason: reason ?? null };
}

/** A failure as receipts spell it: its code, and its reason after a colon. */
export function whyWord(failure: Failure): string {
  const { reason } = failure.detail;
  return typeof reason === "string" && /^[a-z-]{1,24}$/.test(reason) ? `${failure.code}:${reason}` : failure.code;
}

/** The refusal of a verdict that does not let text through. For review it is a block: who may wait is told by review.ts. */
export function blocked(verdict: Verdict): Failure {
  if (verdict.kind === "unknown") {
    return new Failure("safeguard_unavailable", "", {
      detail: { reason: verdict.cause, verdict: verdictWord(verdict) },
    });
  }
  const reason = "category" in verdict ? verdict.category : null;
  return new Failure("policy_blocked", "", { detail: { reason, verdict: verdictWord(verdict) } });
}
