// THE REQUEST FLOW, line for line, the same for every wire format. A request is parsed once, admitted by key, grant and
// certificate (or permit), counted against its quota (blocked ones too: nobody tries the safeguards without limit), read by
// the safeguards, decided by policy, asked of the model, guarded on the way out, and recorded.
// Each step throws the Failure that becomes the refusal; there is one place where failures become answers, at the end.
import type { Permit } from "../acts/bodies.ts";
import type { SignedReceipt } from "../acts/receipt.ts";
import { digestOf } from "../proof/digest.ts";
import { Failure } from "../terms/failure.ts";
import type { Settle } from "../safeguards/safeguard.ts";
import { asFailure } from "./fault.ts";
import { Category, type Verdict, lets } from "../terms/finding.ts";
import type { ReceiptId } from "../terms/ids.ts";
import { isBeforeAnswer } from "../upstream/retry.ts";
import type { Format } from "../wire/format.ts";
import { textsAlone } from "../terms/provenance.ts";
import { withWordsOfJson } from "../wire/json-words.ts";
import { promptTokensMax } from "../wire/prompt-size.ts";
import {
  type CallRequest,
  type Envelope,
  admitEnvelope,
  checkOpen,
  configurationFor,
  exposeNow,
  identify,
  modelOf,
  outputTokens,
  parseBody,
  servedDigests,
  underOf,
} from "./admission.ts";
import { type Exchange, beginExchange, callerOf, changed, isObserved, isSameConfiguration } from "./exchange.ts";
import {
  type Recording,
  type Reservation,
  blocked,
  recordEnding,
  recordRefusal,
  verdictWord,
  whyWord,
} from "./record.ts";
import type { Gateway } from "./gateway.ts";
import type { Note } from "./note.ts";
import { askOf } from "./quota.ts";
import { refusalOf } from "./refusals.ts";
import {
  type Answer,
  type Refused,
  type Streamed,
  type StreamedText,
  type Whole,
  contextOf,
  usageOf,
} from "./answer.ts";
import { passReview } from "./review.ts";
import { beginSampling } from "./sampler.ts";
import { readWording, refuseReworded, rememberStopped } from "./reworded.ts";
import { streamAnswer } from "./answer-stream.ts";
import { wholeAnswer } from "./answer-whole.ts";

/** What is known so far, for the refusal's record. */
export interface Trail {
  readonly id: ReceiptId;
  readonly format: Format;
  readonly note: Note;
  hash?: Exchange["hash"];
  model?: Exchange["model"];
  /** Where this is another model's turn: the one that the caller asked for. */
  readonly asked?: Exchange["model"];
  raw?: Envelope["raw"];
  exchange?: Exchange;
  reservation: Reservation | undefined;
  input: Verdict | undefined;
}

/** Answers one call in the caller's own format. */
export async function serveCall(request: CallRequest, format: Format, gateway: Gateway): Promise<Answer> {
  const trail = beginTrail(request, format, gateway);
  try {
    const exchange = await admitRequest(request, trail, gateway);
    return await answerCall(exchange, request, { trail, gateway });
  } catch (error) {
    const failure = asFailure(error, gateway);
    return (await fallBack(failure, request, { trail, gateway })) ?? refuse(failure, trail, gateway);
  }
}

/** From what was admitted to its answer: counted, read, decided, asked of the model, guarded and recorded. */
async function answerCall(
  exchange: Exchange,
  { body, secret }: CallRequest,
  { trail, gateway }: Context,
): Promise<Answer> {
  trail.reservation = reserve(exchange, gateway);
  trail.input = await readInput(exchange, { bytes: body.length, secret }, gateway);
  const recording: Recording = { gateway, reservation: trail.reservation };
  const parts = { exchange, format: trail.format, input: verdictWord(trail.input), recording };
  return exchange.call.stream ? streamAnswer(parts) : wholeAnswer(parts);
}

/**
 * Another model's answer, where no server of the asked one gave a beginning of one. Each is admitted as if the caller had
 * asked for it, from key to quota; one that does not cover this caller and this request is passed over, and that it exists
 * is not told. Undefined where the first failure stands.
 */
async function fallBack(failure: Failure, request: CallRequest, context: Context): Promise<Answer | undefined> {
  const { trail: first, gateway } = context;
  const { exchange, raw } = first;
  if (exchange === undefined || raw === undefined || !mayFallBack(failure, exchange)) return undefined;
  const { id, format, note, hash } = first;
  const { stage = "" } = note;
  for (const model of exchange.configuration.document.fallback ?? []) {
    if (!isStillThere(exchange)) break;
    const known = {
      id,
      format,
      note,
      reservation: undefined,
      input: undefined,
      ...(hash === undefined ? {} : { hash }),
    };
    const trail: Trail = { ...known, model, asked: exchange.model, raw: { ...raw, model } };
    const answer = await answerInPlace(exchange, trail, { request, gateway });
    if (answer === undefined) continue;
    leave(first);
    return answer;
  }
  Object.assign(note, { model: exchange.model, stage });
  return undefined;
}

function mayFallBack(failure: Failure, exchange: Exchange): boolean {
  return exchange.exposure.kind === "open" && isBeforeAnswer(failure);
}

/** Neither stopped nor left: what stops the asked model's exchange stops all that was to be done in its place. */
function isStillThere({ mustGoOn }: Exchange): boolean {
  try {
    mustGoOn();
    return true;
  } catch {
    return false;
  }
}

async function answerInPlace(
  asked: Exchange,
  trail: Trail,
  { request, gateway }: { readonly request: CallRequest; readonly gateway: Gateway },
): Promise<Answer | undefined> {
  try {
    const exchange = await admit(request, { trail, gateway });
    if (!isObserved(exchange) || isObserved(asked)) return await answerCall(exchange, request, { trail, gateway });
    // Whoever asked for a model whose safeguards stop things is not handed one whose safeguards only look on.
    leave(trail);
    return undefined;
  } catch (error) {
    const failure = asFailure(error, gateway);
    // Once it was asked and did more than not answer, the request's story is this model's.
    if (trail.exchange?.origin() !== undefined && !isBeforeAnswer(failure)) return refuse(failure, trail, gateway);
    leave(trail);
    return undefined;
  }
}

/** Ends an exchange that has no record of its own: another one has, under the same id. */
function leave({ exchange, reservation }: Trail): void {
  exchange?.end();
  reservation?.settle({ tokens: [0, 0], isAnswered: false });
}

export function beginTrail({ note }: CallRequest, format: Format, gateway: Gateway): Trail {
  const id = gateway.recorder.newId();
  note.id = id;
  return { id, format, note, reservation: undefined, input: undefined };
}

/** From a body to an exchange that may begin; what is found out on the way is noted in the trail. */
export async function admitRequest(request: CallRequest, trail: Trail, gateway: Gateway): Promise<Exchange> {
  trail.hash = identify(request, gateway);
  checkOpen(gateway);
  trail.raw = parseBody(request.body);
  trail.model = modelOf(trail.raw);
  return admit(request, { trail, gateway });
}

interface Context {
  readonly trail: Trail;
  readonly gateway: Gateway;
}

async function admit(request: CallRequest, { trail, gateway }: Context): Promise<Exchange> {
  const { hash, model, format, raw } = trail;
  if (hash === undefined || model === undefined || raw === undefined) throw new Failure("request_invalid", "");
  const { from } = request;
  const asking = { hash, model, from, format: format.name };
  checkOpen(gateway);
  let exposure = exposeNow(gateway, asking);
  const digests = servedDigests(exposure);
  let configuration = gateway.configurations.ready(digests);
  if (configuration === undefined) {
    configuration = await gateway.configurations.load(digests);
    // Loading may have taken a while: whether it may be served is asked again, now.
    checkOpen(gateway);
    const exposed = exposeNow(gateway, asking);
    if (!isSameConfiguration(exposed, exposure)) throw changed(exposed, "replaced");
    exposure = exposed;
  }
  const judging = configurationFor(exposure, configuration, gateway);
  if (judging instanceof Promise) {
    configuration = await judging;
    // Only permits have to wait, and a permit is what it was or is over.
    checkOpen(gateway);
    const exposed = exposeNow(gateway, asking);
    if (underOf(exposed) !== underOf(exposure)) throw changed(exposed, "replaced");
  } else configuration = judging;
  const asked: Envelope = { raw, format, bytes: request.body.length, item: request.item };
  const { call, item } = admitEnvelope(asked, exposure, { configuration, gateway });
  const known = {
    id: trail.id,
    hash,
    from,
    format: format.name,
    model,
    asked: trail.asked,
    exposure,
    configuration,
    call,
    request: digestOf(request.body, gateway.primitives),
    item,
    note: request.note,
    departure: request.departure,
  };
  const { note } = request;
  note.model = model;
  note.stage = exposure.kind === "open" ? exposure.release.stage : "permit";
  note.isStream = call.stream;
  trail.exchange = beginExchange(known, gateway);
  return trail.exchange;
}

/** Bytes of a request that is inspected at once; larger ones wait for their turn. */
const promptBytesAtOnce = 4 * 1024;

interface Reading {
  readonly bytes: number;
  /** The caller's, where what is for review may wait for a person. */
  readonly secret?: string | undefined;
}

/** The verdict on what the caller wrote; throws what refuses it. */
export async function readInput(exchange: Exchange, { bytes, secret }: Reading, gateway: Gateway): Promise<Verdict> {
  const { chain } = exchange.configuration;
  const caller = callerOf(exchange);
  beginSampling(exchange, secret, gateway);
  const inSteps = function* inSteps(): Generator<void, Settle, void> {
    exchange.mustGoOn();
    return yield* chain.inspectInputInSteps(withWordsOfJson(exchange.texts), caller);
  };
  const from = gateway.clock.monotonic();
  const inspection =
    chain.isSlow || bytes > promptBytesAtOnce
      ? await (
          await gateway.inspections.take(inSteps, caller)
        )()
      : await chain.inspectInput(withWordsOfJson(exchange.texts), caller);
  exchange.note.spans.input = { from, ms: gateway.clock.monotonic() - from };
  exchange.mustGoOn();
  const verdict = exchange.judge(inspection, "input");
  readWording(exchange, gateway);
  if (verdict.kind === "review") await passReview(exchange, { verdict, inspection, secret }, gateway);
  else if (!lets(verdict)) throw blocked(verdict);
  else refuseReworded(exchange, gateway);
  return verdict;
}

function reserve(exchange: Exchange, gateway: Gateway): Reservation {
  const { exposure, call } = exchange;
  const answerTokens = call.embedding === undefined ? outputTokens(call) * call.choices : 0;
  if (exposure.kind === "permit") return reservePermit(exchange, exposure.permit, { answerTokens, gateway });
  const promptTokens = exchange.configuration.promptTokens + promptTokensMax(call, textsAlone(exchange.texts));
  const answer = gateway.quotas.reserve(askOf(exposure, promptTokens + answerTokens, gateway.clock.now()));
  exchange.note.rates = answer.rates;
  if (answer.kind === "exhausted") throw exhausted(answer.what, answer.retryAfterSeconds);
  return {
    spend: (tokens) => answer.spend(promptTokens + tokens),
    settle: ({ tokens: [prompt, completion] }) => {
      answer.settle(prompt + completion);
    },
  };
}

/** Characters of an item that make a token, at the least; the runner counts its permit's tokens the same way. */
const charsPerTokenMin = 2;

/** A permit counts what its items say and what is answered: the document's own words are not the runner's. */
function reservePermit(
  { texts, item }: Exchange,
  permit: Permit,
  { answerTokens, gateway }: { readonly answerTokens: number; readonly gateway: Gateway },
): Reservation {
  if (item === null) throw new Failure("request_invalid", "");
  const chars = texts.reduce((sum, { text }) => sum + text.length, 0);
  const tokens = { prompt: Math.ceil(chars / charsPerTokenMin), answer: answerTokens };
  const recorded = gateway.follower.state.permitExchanges.get(permit.permit) ?? 0;
  const answer = gateway.attempts.begin({ permit, item, tokens, recorded, at: gateway.clock.now() });
  if (answer.kind === "exhausted") throw exhausted(answer.what, answer.what === "exchanges" ? 1 : undefined);
  return {
    spend: (spent) => (spent > answerTokens ? "stop" : "go-on"),
    settle: ({ tokens: [, completion], isAnswered }) => {
      answer.settle({ isAnswered, answerTokens: completion });
    },
  };
}

export function exhausted(reason: string, retryAfterSeconds: number | undefined): Failure {
  const later = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
  return new Failure("quota_exhausted", "", { detail: { reason, ...later } });
}

/** What a failure becomes for the caller, and its record. */
export async function refuse(failure: Failure, trail: Trail, gateway: Gateway): Promise<Answer> {
  const stopped = trail.exchange?.stopped() ?? failure;
  const refusal = refusalOf(stopped);
  const { code, reason } = refusal;
  trail.note.refusal = { code, reason };
  const { model } = trail;
  if (model !== undefined && gateway.follower.state.documents.get("Model")?.has(model) === true)
    trail.note.model = model;
  const receipt = await recordIfKnown(stopped, trail, gateway);
  const isCounted = trail.reservation !== undefined;
  const refused: Refused = { kind: "refused", id: trail.id, refusal, receipt, isCounted };
  if (trail.format.policyBlock === "error" || refusal.code !== "policy_blocked") return refused;
  return refusedInFormat(refused, trail, gateway) ?? refused;
}

/** A policy block where the format has an answer for it: no text, and an ending that says refusal. */
function refusedInFormat(
  { refusal, receipt }: Refused,
  { exchange, format, reservation }: Trail,
  gateway: Gateway,
): Whole | Streamed | undefined {
  if (exchange === undefined || receipt === undefined) return undefined;
  const context = contextOf(exchange, { gateway, reservation });
  const category = Category.safeParse(refusal.reason).data;
  const usage = { ...usageOf(exchange, undefined, 0), output: 0 };
  if (exchange.call.stream) {
    const writer = format.stream(context);
    return {
      kind: "stream",
      exchange,
      text: once(writer.refuse(category ?? null) + writer.end(usage, receipt.text)),
    };
  }
  const ending = { finish: "refusal", ...(category === undefined ? {} : { category }) } as const;
  const whole = format.whole({ choices: [{ index: 0, blocks: [], ending }], usage }, context);
  return { kind: "whole", exchange, receipt, body: JSON.stringify(whole) };
}

function once(text: string): StreamedText {
  return {
    take: () => undefined,
    wait: () => Promise.resolve(),
    end: () => Promise.resolve(text),
    heartbeat: () => "",
  };
}

/** No receipt for strangers, and none while the gateway cannot keep records. */
async function recordIfKnown(failure: Failure, trail: Trail, gateway: Gateway): Promise<SignedReceipt | undefined> {
  const { exchange, hash, model, id } = trail;
  const why = whyWord(failure);
  if (exchange !== undefined) {
    const input = trail.input === undefined ? verdictOf(failure) : verdictWord(trail.input);
    const outcome = outcomeOf(failure, exchange);
    // Once the model was asked, the prompt was read, whatever came of it.
    const prompt = trail.input === undefined ? 0 : usageOf(exchange, undefined, 0).input;
    const ending = { outcome, why, input, output: "none", answer: "", tokens: [prompt, 0] } as const;
    if (outcome === "blocked") rememberStopped(exchange, input, gateway);
    return recordEnding(exchange, ending, { gateway, reservation: trail.reservation });
  }
  const key = hash === undefined ? undefined : gateway.follower.state.keys.get(hash)?.key;
  if (key === undefined || model === undefined) return undefined;
  trail.note.outcome = "refused";
  if (!gateway.recorder.isReady()) return undefined;
  return recordRefusal({ id, model, key, why }, gateway);
}

function verdictOf(failure: Failure): string {
  const { verdict } = failure.detail;
  return typeof verdict === "string" ? verdict : "none";
}

function outcomeOf(failure: Failure, exchange: Exchange): "refused" | "blocked" | "stopped" | "cut" | "failed" {
  if (exchange.stopped() !== undefined) return "stopped";
  if (exchange.signal.aborted) return "cut";
  if (failure.code === "policy_blocked" || failure.code === "safeguard_unavailable") return "blocked";
  // A fault of ours after the model was asked.
  const isOurs = failure.code === "gateway_closed" && exchange.origin() !== undefined;
  return isOurs || failure.code.startsWith("upstream_") ? "failed" : "refused";
}
