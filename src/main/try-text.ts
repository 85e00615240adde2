// What a text would come to, for people who try one: the gateway's own chain, policy and refusals, with every step beside the
// decision. Nothing is recorded, and nothing of the text leaves, but to safeguards that are asked over HTTP, as in service.
import type { FindingView, PlaceView, TriedSafeguard, TryView, VerdictView } from "../control/contract-policy.ts";
import type { Trial, TryText } from "../control/try-desk.ts";
import { blocked } from "../gateway/record.ts";
import { refusalOf } from "../gateway/refusals.ts";
import { type Caller, decide, flaggedIn, redactedIn, reviewedIn, rulingOn } from "../policy/decide.ts";
import type { UsagePolicy } from "../policy/policy-document.ts";
import type { ChainMeans } from "../safeguards/chain.ts";
import { createStreamGuard, answerCharsMax } from "../safeguards/stream/stream-guard.ts";
import { type Traced, type TracedSafeguard, readAs, trace } from "../safeguards/trace.ts";
import { Failure } from "../terms/failure.ts";
import { type Finding, type Inspection, type Look, type Verdict, lets } from "../terms/finding.ts";
import type { RequestText } from "../terms/provenance.ts";
import { withWordsOfJson } from "../wire/json-words.ts";

export function tryTextWith(means: ChainMeans): TryText {
  return async (trial) => {
    const from = performance.now();
    const { safeguards: document, side, texts, stage, organisationType } = trial;
    const read = side === "input" ? withWordsOfJson(texts) : texts;
    const whom = { kind: "caller", stage, type: organisationType } as const;
    const traced = await trace(read, side, { document, whom, means });
    const judged = judging(trial);
    const verdict = decide(judged.acted(traced.look), judged.policy, judged.caller);
    const { shadow } = traced.look;
    return {
      side,
      read: texts.map(({ text }) => readView(text, trial)),
      safeguards: traced.safeguards.map((one) => safeguardView(one, judged)),
      findings: traced.look.kind === "inspected" ? traced.look.findings.map((one) => findingView(one, judged)) : [],
      verdict: verdictView(verdict),
      would: trial.isObserved ? verdictView(decide(traced.look, judged.policy, judged.caller)) : null,
      shadow: shadow === undefined ? null : verdictView(decide(shadow, judged.policy, judged.caller)),
      answer: side === "input" ? answerTo(verdict, traced.look, judged) : endOf(traced, judged),
      ms: performance.now() - from,
    };
  };
}

interface Judging {
  readonly trial: Trial;
  /** Without the rules of categories that a restriction prohibits. */
  readonly policy: UsagePolicy;
  readonly caller: Caller;
  /** What of an inspection is acted on: in observe mode what a restriction prohibits, and nothing else. */
  readonly acted: (look: Look) => Inspection;
  readonly placesOf: (span: Finding["span"]) => PlaceView[];
}

function judging(trial: Trial): Judging {
  const { policy, prohibited, scopes, side, isObserved, texts } = trial;
  const left = policy.categories.filter(({ category }) => !prohibited.includes(category));
  return {
    trial,
    policy: prohibited.length === 0 ? policy : { ...policy, categories: left },
    caller: { scopes, surface: side },
    acted: (look) => {
      if (!isObserved) return look;
      if (prohibited.length === 0) return { kind: "inspected", findings: [] };
      if (look.kind === "unknown") return look;
      return { ...look, findings: look.findings.filter(({ category }) => prohibited.includes(category)) };
    },
    placesOf: (span) => placesIn(texts, span),
  };
}

/** Chains join texts by two line ends; what is found behind them is in words that stand in one of them as JSON. */
const separatorChars = 2;

function placesIn(texts: readonly RequestText[], [start, end]: Finding["span"]): PlaceView[] {
  const places: PlaceView[] = [];
  let at = 0;
  // As chains count: an empty text is none.
  for (const [text, { text: said }] of texts.entries()) {
    if (said === "") continue;
    const [from, to] = [Math.max(0, start - at), Math.min(said.length, end - at)];
    if (from < to) places.push({ text, start: from, end: to });
    at += said.length + separatorChars;
  }
  return places;
}

/** Characters of what a text reads as that are shown. */
const shownCharsMax = 20_000;

function readView(text: string, { side }: Trial): TryView["read"][number] {
  const { normalised, disguise, decoded, isReplaced, isLeft } = readAs(text, side);
  return {
    normalised: normalised.slice(0, shownCharsMax),
    disguise,
    decoded: decoded.map((one) => one.slice(0, shownCharsMax)),
    replaced: isReplaced,
    left: isLeft,
  };
}

function safeguardView(one: TracedSafeguard, judged: Judging): TriedSafeguard {
  const { place, name, mode, did, cause, digest, isDeclared, findings, scores, ms } = one;
  return {
    place,
    name,
    mode,
    did,
    cause,
    digest,
    ms,
    declared: isDeclared,
    findings: findings.map((finding) => findingView(finding, judged)),
    scores: scores.map((score) => ({ ...score })),
  };
}

function findingView(finding: Finding, judged: Judging): FindingView {
  const { category, score, band, detector, pattern, mode, basis, span } = finding;
  const { rule, isLifted, verdict, isNamed } = rulingOn(finding, judged.policy, judged.caller);
  return {
    category,
    score,
    band,
    detector,
    pattern: pattern ?? null,
    mode: mode ?? "block",
    declared: basis === "declared",
    places: judged.placesOf(span),
    ruling: { rule, by: byOf(category, isNamed, judged.trial), lifted: isLifted, verdict: verdictView(verdict) },
  };
}

function byOf(category: Finding["category"], isNamed: boolean, { prohibited }: Trial): FindingView["ruling"]["by"] {
  if (prohibited.includes(category)) return "restriction";
  return isNamed ? "named" : "unnamed";
}

function verdictView(verdict: Verdict): VerdictView {
  return {
    kind: verdict.kind,
    category: "category" in verdict ? verdict.category : null,
    cause: verdict.kind === "unknown" ? verdict.cause : null,
  };
}

/** As src/gateway/serve.ts answers it: what is for review waits where a person may decide, else it is a block. */
function answerTo(verdict: Verdict, look: Look, judged: Judging): TryView["answer"] {
  if (lets(verdict)) return { kind: "served", told: toldOf(look, judged), redacted: null };
  const isPending = verdict.kind === "review" && waitsForPerson(look, judged);
  const { category } = verdictView(verdict);
  const failure = isPending ? new Failure("review_pending", "", { detail: { reason: category } }) : blocked(verdict);
  const { code, status, reason, message } = refusalOf(failure);
  return { kind: "refused", code, status, reason, message };
}

function waitsForPerson(look: Look, { trial, policy, caller }: Judging): boolean {
  const { prohibited, isObserved, hasReviewer } = trial;
  const found = reviewedIn(look, policy, caller);
  const isOpen = found.length > 0 && !found.some((category) => prohibited.includes(category));
  return policy.review !== undefined && isOpen && !isObserved && hasReviewer;
}

function toldOf(look: Look, { policy, caller, acted }: Judging): FindingView["category"][] {
  return policy.tell === "caller" ? [...flaggedIn(acted(look), policy, caller)] : [];
}

/** What of an answer is sent, and where it is stopped, if it is. */
function endOf({ chain, look }: Traced, judged: Judging): TryView["answer"] {
  const { policy, caller, acted, trial } = judged;
  const guard = createStreamGuard(chain, (inspection) => decide(acted(inspection), policy, caller), {
    outputCharsMax: answerCharsMax,
    isHeldBack: !trial.isObserved || trial.prohibited.length > 0,
    ...(chain.redacts ? { redacts: (inspection) => redactedIn(acted(inspection), policy, caller) } : {}),
  });
  const pushed = guard.push(trial.texts.map(({ text }) => text).join(""));
  const steps = pushed.kind === "stop" ? [pushed] : [pushed, guard.finish()];
  const sent = steps.map(({ text }) => text).join("");
  const stop = steps.find(({ kind }) => kind === "stop");
  if (stop !== undefined) return { kind: "cut", reason: reasonOf(stop.verdict), sent };
  const isRedacted = steps.some(({ replacements = 0 }) => replacements > 0);
  return { kind: "served", told: toldOf(look, judged), redacted: isRedacted ? sent : null };
}

function reasonOf(verdict: Verdict): string {
  if (verdict.kind === "unknown") return verdict.cause;
  return verdict.kind === "pass" ? "" : verdict.category;
}
