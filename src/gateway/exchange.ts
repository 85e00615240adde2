// One exchange from admission to its end: what is known of it, what is decided about what is found in it, and whether it may
// still go on. How it ended is put on record by record.ts.
import type { Limit } from "../acts/bodies.ts";
import type { SampledMeasure } from "../acts/watch.ts";
import { isAllowance, lastDecision } from "../acts/state.ts";
import type { ReviewText } from "../feed/reviews.ts";
import { decide, flaggedIn, redactedIn, reviewedIn, stricter } from "../policy/decide.ts";
import type { UsagePolicy } from "../policy/policy-document.ts";
import { Failure } from "../terms/failure.ts";
import type { Wording } from "../safeguards/wording.ts";
import type { Category, Finding, Inspection, Look, Surface, Verdict } from "../terms/finding.ts";
import type { FormatName } from "../terms/format-name.ts";
import type { Digest, Name, ReceiptId, ReviewId } from "../terms/ids.ts";
import { type RequestText, textsAlone } from "../terms/provenance.ts";
import type { Running } from "../terms/running.ts";
import { modeOf } from "../terms/stage.ts";
import { Stop, type StopSignal } from "../upstream/stop.ts";
import type { Asking } from "../upstream/upstream.ts";
import { type Call, requestTexts, withoutPrompt } from "../wire/call.ts";
import { promptChars } from "../wire/prompt-size.ts";
import { type Admitted, callerFor, exposeNow, servedDigests, underOf, withinLimits } from "./admission.ts";
import type { Configuration } from "./configurations.ts";
import type { Gateway } from "./gateway.ts";
import { type Note, noteFound } from "./note.ts";
import { type Notices, noticesBy, takeNotices } from "./notices.ts";
import { type Sayers, noteSayer } from "./sayers.ts";
import { type Shadow, takeShadow } from "./shadow.ts";
import { traceparentOf } from "./trace-context.ts";

export interface Exchange {
  readonly id: ReceiptId;
  readonly hash: Digest;
  /** The address it came from. */
  readonly from: string | undefined;
  readonly format: FormatName;
  readonly model: Name;
  /** Where this model stands in for another: the one that the caller asked for. */
  readonly asked: Name | undefined;
  readonly exposure: Admitted;
  readonly configuration: Configuration;
  /** As admitted; exactly this is asked of the model. `forgetPrompt` takes its turns away. */
  call: Call;
  /** Digest of the body it came in. */
  readonly request: Digest;
  /** Every text of the caller's in it, with who wrote it. */
  texts: readonly RequestText[];
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
  /** Where a watch drew it: its text, until it ends. */
  sampling: Sampling | undefined;
  /** By what it would be recognised in other words; only where a policy asks for that. */
  wording: Wording | undefined;
  /** In observe mode: the strictest verdict of policy on each side so far. */
  readonly seen: Seen | undefined;
  /** On whose word the strictest verdict of each side rests, where it is no pass. */
  readonly sayers: Sayers;
  /** What policy would say of what safeguards in shadow found. Nothing comes of it. */
  readonly shadow: Shadow;
  /** What the caller is to be told; undefined where the policy tells nothing. */
  readonly notices: Notices | undefined;
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
  readonly format: FormatName;
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

/** What a watch drew of an exchange. */
interface Sampling {
  readonly measures: readonly SampledMeasure[];
  readonly text: ReviewText;
  /** What was sent so far, where somebody is to see it; no more than a sample has. */
  answer: string;
  isWhole: boolean;
}

/** The review of an exchange, once there is one, and whether it let it through. */
interface Reviewed {
  by: ReviewId | undefined;
  isAllowed: boolean;
}

type Seen = Readonly<Partial<Record<Surface, Verdict>>>;

export function beginExchange(known: Beginning, gateway: Gateway): Exchange {
  const by = judgedBy(known);
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
  const texts = requestTexts(known.call);
  // Written out: what is spread is copied member by member, as often as it grows.
  const exchange: Exchange = {
    id: known.id,
    hash: known.hash,
    from: known.from,
    format: known.format,
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
    sampling: undefined,
    wording: undefined,
    texts,
    promptChars: promptChars(known.call, textsAlone(texts)),
    signal: stop,
    stopped: () => why,
    mustGoOn,
    asking,
    origin: () => origin,
    seen: by.seen,
    sayers: by.sayers,
    shadow: by.shadow,
    notices: by.notices,
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
  const unwatch = watch(exchange, stopWith, gateway);
  return exchange;
}

/** From now on it is asked whether it may go on, until it ends. */
function watch(exchange: Exchange, stop: (why: Failure) => void, gateway: Gateway): () => void {
  return gateway.live.add({ about: aboutOf(exchange), check: () => mayGoOn(exchange, gateway), stop });
}

function aboutOf({ model, exposure }: Pick<Exchange, "model" | "exposure">): Omit<Running, "count"> {
  if (exposure.kind === "permit") return { model, stage: null, organisation: null, key: null };
  const { organisation, grant, key } = exposure;
  return { model, stage: grant.stage, organisation: organisation.organisation, key };
}

interface JudgedBy {
  readonly note: Note;
  readonly policy: UsagePolicy;
  readonly scopes: readonly string[];
  readonly model: Name;
  /** Written to. */
  readonly seen: Partial<Record<Surface, Verdict>> | undefined;
  readonly shadow: Shadow;
  readonly notices: Notices | undefined;
  readonly sayers: Sayers;
  readonly chain: Configuration["chain"];
}

function judgedBy(known: Beginning): JudgedBy {
  const { exposure, configuration, note, model } = known;
  const { policy, chain } = configuration;
  return {
    note,
    policy,
    scopes: exposure.kind === "open" ? exposure.grant.scopes : [],
    model,
    seen: isObserved(known) ? {} : undefined,
    shadow: {},
    sayers: {},
    chain,
    notices: noticesBy(policy),
  };
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

function judgeOf(by: JudgedBy, gateway: Gateway): Exchange["judge"] {
  const { note, policy, scopes, model, seen, shadow, sayers, chain, notices } = by;
  return (inspection, surface) => {
    const prohibited = restrictedCategories(gateway, model);
    const restricted = restrictedPolicy(policy, prohibited);
    const verdict = decide(inspection, restricted, { scopes, surface });
    noteFound(note, inspection, surface);
    if (verdict.kind !== "pass") {
      const decideOne = (finding: Finding): Verdict =>
        decide({ kind: "inspected", findings: [finding] }, restricted, { scopes, surface });
      noteSayer(sayers, { inspection, verdict, surface }, { chain, decideOne });
    }
    if (inspection.shadow !== undefined || inspection.later !== undefined) {
      const shadowed = (look: Look): Verdict => decide(look, restricted, { scopes, surface });
      takeShadow(shadow, inspection, { surface, note, decide: shadowed });
    }
    const acted = seen === undefined ? inspection : only(prohibited, inspection);
    if (notices !== undefined) takeNotices(notices, flaggedIn(acted, restricted, { scopes, surface }), surface);
    if (seen === undefined) return verdict;
    seen[surface] = stricter(seen[surface] ?? verdict, verdict);
    return decide(acted, restricted, { scopes, surface });
  };
}

/** Once a stream has begun nobody asks for it any more: what the caller wrote does not stay for as long as the answer. */
export function forgetPrompt(exchange: Exchange): void {
  exchange.call = withoutPrompt(exchange.call);
  exchange.texts = [];
}

/** Whether its safeguards only record: a permit's never do, where it has any. */
export function isObserved({ exposure }: Pick<Exchange, "exposure">): boolean {
  return exposure.kind === "open" && modeOf(exposure.release) === "observe";
}

/** Whether it is made without safeguards. */
export function isBare({ exposure }: Pick<Exchange, "exposure">): boolean {
  return exposure.kind === "permit" && exposure.permit.bare === true;
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
    if (withinLimits(known.call, gateway) !== known.call) return changed(known.exposure, "restricted");
    if (!isStillAllowed(known, gateway)) return takenBack();
    // Its text goes on unjudged, and somebody has prohibited a category since.
    if (!known.isHeldBack && restrictedCategories(gateway, known.model).length > 0) {
      return changed(known.exposure, "restricted");
    }
    if (isJudgedOtherwise(now, known.configuration)) return changed(known.exposure, "modes");
    if (hasLostScope(now, known.exposure)) return changed(known.exposure, "scopes");
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

/** A scope by which it may have been let through lifts nothing any more: held, or taken out of the grant. */
function hasLostScope(now: Admitted, before: Admitted): boolean {
  if (now.kind !== "open" || before.kind !== "open") return false;
  const left = now.grant.scopes;
  return left !== before.grant.scopes && before.grant.scopes.some((scope) => !left.includes(scope));
}

function takenBack(): Failure {
  return new Failure("policy_blocked", "", { detail: { reason: "taken-back" } });
}

/** A renewal that changes nothing of what is served, and enforces no more, lets running exchanges end in peace. */
function superseded(now: Admitted, known: Exchange): Failure | undefined {
  const isOpen = now.kind === "open" && known.exposure.kind === "open";
  const isTighter = isObserved(known) && !isObserved({ exposure: now });
  return isOpen && !isTighter && isSameConfiguration(now, known.exposure) ? undefined : changed(now, "replaced");
}

/** Whether both name the same model, safeguards and policy. */
export function isSameConfiguration(one: Admitted, other: Admitted): boolean {
  const [left, right] = [servedDigests(one), servedDigests(other)];
  return left.model === right.model && left.safeguards === right.safeguards && left.policy === right.policy;
}

/**
 * What would be served now is not what was loaded, or what was being served: a person made it stricter, its safeguards came to
 * have other modes for this caller, a scope of the caller's lifts nothing any more, or another certificate or permit stands.
 * `what` is for the sentence that callers read.
 */
export function changed(exposure: Admitted, what: "restricted" | "modes" | "scopes" | "replaced"): Failure {
  const { digests } = exposure.kind === "open" ? exposure.release : exposure.permit;
  return new Failure("stage_closed", "", { detail: { reason: "changed", digest: digests.model, what } });
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
