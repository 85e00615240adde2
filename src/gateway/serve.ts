// THE REQUEST FLOW, line for line. A request is parsed once, admitted by key, grant and certificate (or permit), counted
// against its quota (blocked ones too: nobody tries the safeguards without limit), read by
// the safeguards, decided by policy, asked of the model, guarded on the way out, and recorded.
// Each step throws the Failure that becomes the refusal; there is one place where failures become answers, at the end.
import type { Permit } from "../acts/bodies.ts";
import type { SignedReceipt } from "../acts/receipt.ts";
import { Failure, type FailureCode } from "../terms/failure.ts";
import { faultOf } from "./fault.ts";
import { type Verdict, lets } from "../terms/finding.ts";
import type { ReceiptId } from "../terms/ids.ts";
import { inputTexts } from "../upstream/envelope.ts";
import {
  type ChatRequest,
  type Envelope,
  admitEnvelope,
  checkOpen,
  exposeNow,
  identify,
  modelOf,
  outputTokens,
  parseBody,
  servedDigests,
} from "./admission.ts";
import {
  type Exchange,
  type Recording,
  type Reservation,
  beginExchange,
  blocked,
  changed,
  isSameConfiguration,
  recordEnding,
  recordRefusal,
  verdictWord,
  whyWord,
} from "./exchange.ts";
import type { Gateway } from "./gateway.ts";
import { refusalOf } from "./refusals.ts";
import type { Answer, Refused } from "./answer.ts";
import { streamAnswer } from "./answer-stream.ts";
import { wholeAnswer } from "./answer-whole.ts";
import { usageOf } from "./wire.ts";

/** What is known so far, for the refusal's record. */
interface Trail {
  readonly id: ReceiptId;
  hash?: Exchange["hash"];
  model?: Exchange["model"];
  exchange?: Exchange;
  reservation: Reservation | undefined;
  input: Verdict | undefined;
}

export async function serveChat(request: ChatRequest, gateway: Gateway): Promise<Answer> {
  const trail: Trail = { id: gateway.recorder.newId(), reservation: undefined, input: undefined };
  try {
    trail.hash = identify(request.secret, gateway);
    checkOpen(gateway);
    const raw = parseBody(request.body);
    trail.model = modelOf(raw);
    const exchange = await admit(request, raw, { trail, gateway });
    trail.reservation = reserve(exchange, gateway);
    trail.input = await readInput(exchange, request.body.length, gateway);
    const recording: Recording = { gateway, reservation: trail.reservation };
    const parts = { exchange, input: verdictWord(trail.input), recording };
    return exchange.body.stream === true ? await streamAnswer(parts) : await wholeAnswer(parts);
  } catch (error) {
    return refuse(asFailure(error, gateway), trail, gateway);
  }
}

interface Context {
  readonly trail: Trail;
  readonly gateway: Gateway;
}

async function admit(request: ChatRequest, raw: Envelope["raw"], { trail, gateway }: Context): Promise<Exchange> {
  const { hash, model } = trail;
  if (hash === undefined || model === undefined) throw new Failure("request_invalid", "");
  const exposure = exposeNow(gateway, hash, model);
  const configuration = await gateway.configurations.load(servedDigests(exposure));
  const asked: Envelope = { raw, bytes: request.body.length, item: request.item };
  const { body, item } = admitEnvelope(asked, exposure, { configuration, gateway });
  // What was loaded may have taken a while: whether it may be served is asked again, now.
  checkOpen(gateway);
  const exposed = exposeNow(gateway, hash, model);
  if (!isSameConfiguration(exposed, exposure)) throw changed(exposed);
  const known = { id: trail.id, hash, model, exposure: exposed, configuration, body, item, gone: request.gone };
  trail.exchange = beginExchange(known, gateway);
  return trail.exchange;
}

/** Bytes of a request that is inspected at once; larger ones wait for their turn. */
const promptBytesAtOnce = 4 * 1024;

async function readInput(exchange: Exchange, bytes: number, gateway: Gateway): Promise<Verdict> {
  const { chain, document } = exchange.configuration;
  const inspect = (): Verdict => {
    exchange.mustGoOn();
    return exchange.judge(chain.inspectInput(inputTexts(exchange.body, document)), "input");
  };
  const verdict = bytes > promptBytesAtOnce ? await gateway.inspections.take(inspect) : inspect();
  if (!lets(verdict)) throw blocked(verdict);
  return verdict;
}

/** Characters of prompt that make a token, at the least: reservations err on the side of too many. */
const charsPerTokenMin = 2;

function reserve(exchange: Exchange, gateway: Gateway): Reservation {
  const { exposure, body } = exchange;
  const answerTokens = outputTokens(body) * (body.n ?? 1);
  if (exposure.kind === "permit") return reservePermit(exchange, exposure.permit, { answerTokens, gateway });
  const { messages, tools, response_format: format } = body;
  const promptTokens = Math.ceil(JSON.stringify([messages, tools, format]).length / charsPerTokenMin);
  const { key, organisation, grant } = exposure;
  const tokens = promptTokens + answerTokens;
  const at = gateway.clock.now();
  const answer = gateway.quotas.reserve({ key, organisation: organisation.organisation, grant, tokens, at });
  if (answer.kind === "exhausted") throw exhausted(answer.what, answer.retryAfterSeconds);
  return {
    settle: ({ tokens: [prompt, completion] }) => {
      answer.settle(prompt + completion);
    },
  };
}

/** A permit counts what its items say and what is answered: the document's own words are not the runner's. */
function reservePermit(
  { body, configuration, item }: Exchange,
  permit: Permit,
  { answerTokens, gateway }: { readonly answerTokens: number; readonly gateway: Gateway },
): Reservation {
  if (item === null) throw new Failure("request_invalid", "");
  const chars = inputTexts(body, configuration.document).reduce((sum, text) => sum + text.length, 0);
  const tokens = { prompt: Math.ceil(chars / charsPerTokenMin), answer: answerTokens };
  const recorded = gateway.follower.state.permitExchanges.get(permit.permit) ?? 0;
  const answer = gateway.attempts.begin({ permit, item, tokens, recorded });
  if (answer.kind === "exhausted") throw exhausted(answer.what, answer.what === "exchanges" ? 1 : undefined);
  return {
    settle: ({ tokens: [, completion], isAnswered }) => {
      answer.settle({ isAnswered, answerTokens: completion });
    },
  };
}

function exhausted(reason: string, retryAfterSeconds: number | undefined): Failure {
  const later = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
  return new Failure("quota_exhausted", "", { detail: { reason, ...later } });
}

async function refuse(failure: Failure, trail: Trail, gateway: Gateway): Promise<Refused> {
  const stopped = trail.exchange?.stopped() ?? failure;
  const refusal = refusalOf(stopped);
  const receipt = await recordIfKnown(stopped, trail, gateway);
  return { kind: "refused", id: trail.id, refusal, receipt };
}

/** No receipt for strangers, and none while the gateway cannot keep records. */
async function recordIfKnown(failure: Failure, trail: Trail, gateway: Gateway): Promise<SignedReceipt | undefined> {
  const { exchange, hash, model, id } = trail;
  const why = whyWord(failure);
  if (exchange !== undefined) {
    const input = trail.input === undefined ? verdictOf(failure) : verdictWord(trail.input);
    const outcome = outcomeOf(failure, exchange);
    // Once the model was asked, the prompt was read, whatever came of it.
    const prompt = trail.input === undefined ? 0 : usageOf(exchange, undefined, "").prompt_tokens;
    const ending = { outcome, why, input, output: "none", answer: "", tokens: [prompt, 0] } as const;
    return recordEnding(exchange, ending, { gateway, reservation: trail.reservation });
  }
  const key = hash === undefined ? undefined : gateway.follower.state.keys.get(hash)?.key;
  if (key === undefined || model === undefined || !gateway.recorder.isReady()) return undefined;
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
  return failure.code.startsWith("upstream_") ? "failed" : "refused";
}

function upstreamTrouble({ code, detail }: Failure): { readonly code: string; readonly why: string } {
  const { why, phase } = detail;
  return { code, why: typeof why === "string" ? why : typeof phase === "string" ? phase : "unknown" };
}

/** Codes that say a model server cannot be had: to a caller all of them are an upstream that failed. */
const upstreamCodes: ReadonlySet<FailureCode> = new Set<FailureCode>(["model_unavailable", "destination_refused"]);

/** A fault of ours closes the gate to this request and is told to the operator: its kind and place, never its text. */
function asFailure(error: unknown, gateway: Gateway): Failure {
  if (!(error instanceof Failure)) {
    gateway.report("fault", faultOf(error));
    return new Failure("gateway_closed", "", { cause: error });
  }
  if (error.code.startsWith("upstream_")) gateway.report("upstream", upstreamTrouble(error));
  if (!upstreamCodes.has(error.code)) return error;
  gateway.report("upstream", { code: error.code });
  return new Failure("upstream_failed", "", { cause: error, detail: { why: error.code } });
}
