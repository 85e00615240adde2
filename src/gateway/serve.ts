// THE REQUEST FLOW, line for line. A request is parsed once, admitted by key, grant and certificate (or permit), read by
// the safeguards, decided by policy, counted against its quota, asked of the model, guarded on the way out, and recorded.
// Each step throws the Failure that becomes the refusal; there is one place where failures become answers, at the end.
import type { SignedReceipt } from "../acts/receipt.ts";
import { lets } from "../policy/decide.ts";
import { Failure } from "../terms/failure.ts";
import type { Verdict } from "../terms/finding.ts";
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
  parseBody,
  servedDigests,
} from "./admission.ts";
import {
  type Exchange,
  type Recording,
  beginExchange,
  blocked,
  recordEnding,
  recordRefusal,
  verdictWord,
  whyWord,
} from "./exchange.ts";
import type { Gateway } from "./gateway.ts";
import type { Reservation } from "./quota.ts";
import { refusalOf } from "./refusals.ts";
import type { Answer, Refused } from "./answer.ts";
import { streamAnswer } from "./answer-stream.ts";
import { wholeAnswer } from "./answer-whole.ts";

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
    trail.input = inspectInput(exchange);
    trail.reservation = reserve(exchange, gateway);
    const recording: Recording = { gateway, reservation: trail.reservation };
    const parts = { exchange, input: verdictWord(trail.input), recording };
    return exchange.body.stream === true ? await streamAnswer(parts) : await wholeAnswer(parts);
  } catch (error) {
    return refuse(asFailure(error), trail, gateway);
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
  const exposed = exposeNow(gateway, hash, model);
  const known = { id: trail.id, hash, model, exposure: exposed, configuration, body, item, gone: request.gone };
  trail.exchange = beginExchange(known, gateway);
  return trail.exchange;
}

function inspectInput(exchange: Exchange): Verdict {
  const { chain, document } = exchange.configuration;
  const verdict = exchange.judge(chain.inspectInput(inputTexts(exchange.body, document)), "input");
  if (!lets(verdict)) throw blocked(verdict);
  return verdict;
}

/** Characters of prompt that make a token, at the least: reservations err on the side of too many. */
const charsPerTokenMin = 2;

function reserve(exchange: Exchange, gateway: Gateway): Reservation | undefined {
  const { exposure, body } = exchange;
  if (exposure.kind === "permit") return undefined;
  const promptTokens = Math.ceil(JSON.stringify(body.messages).length / charsPerTokenMin);
  const answerTokens = (body.max_completion_tokens ?? body.max_tokens ?? 0) * (body.n ?? 1);
  const { key, organisation, grant } = exposure;
  const tokens = promptTokens + answerTokens;
  const answer = gateway.quotas.reserve({
    key,
    organisation: organisation.organisation,
    grant,
    tokens,
    at: gateway.clock.now(),
  });
  if (answer.kind === "reserved") return answer;
  const { what, retryAfterSeconds } = answer;
  throw new Failure("quota_exhausted", "", { detail: { reason: what, retryAfterSeconds } });
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
    const ending = { outcome, why, input, output: "none", answer: "", tokens: [0, 0] } as const;
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

function asFailure(error: unknown): Failure {
  return error instanceof Failure ? error : new Failure("gateway_closed", "", { cause: error });
}
