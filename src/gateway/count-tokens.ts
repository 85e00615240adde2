// POST /v1/messages/count_tokens: how many tokens a call would send. Admitted like a call and counted as one request without
// tokens. Where the model's server counts, it is asked, after the safeguards have read the texts, for they leave the house
// then; everywhere else, and when it does not answer, the count is our own estimate and says so.
import { Failure } from "../terms/failure.ts";
import type { Call, Part } from "../wire/call.ts";
import { countFormat } from "../wire/messages/messages.ts";
import type { CallRequest } from "./admission.ts";
import { type Answer, usageOf } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import { type Reservation, recordEnding, verdictWord } from "./record.ts";
import { asFailure } from "./fault.ts";
import type { Gateway } from "./gateway.ts";
import { askOf } from "./quota.ts";
import { type Trail, admitRequest, beginTrail, exhausted, readInput, refuse } from "./serve.ts";

/** Says that we estimated: a token for four characters, and what pictures come to at the most. */
const estimateHeaders = { "x-headgate-estimate": "true" } as const;
const imageTokens = 1_600;

export async function serveCount(request: CallRequest, gateway: Gateway): Promise<Answer> {
  const trail = beginTrail(request, countFormat, gateway);
  try {
    const exchange = await admitRequest(request, trail, gateway);
    trail.reservation = reserveRequest(exchange, gateway);
    const { tokens, isEstimate } = await countOf(exchange, trail, { bytes: request.body.length, gateway });
    exchange.mustGoOn();
    const body = JSON.stringify({ input_tokens: tokens });
    const input = trail.input === undefined ? "none" : verdictWord(trail.input);
    const ending = { outcome: "served", why: null, input, output: "none", answer: body, tokens: [0, 0] } as const;
    const receipt = await recordEnding(exchange, ending, { gateway, reservation: trail.reservation });
    return { kind: "whole", exchange, receipt, body, headers: isEstimate ? estimateHeaders : {} };
  } catch (error) {
    return refuse(asFailure(error, gateway), trail, gateway);
  }
}

/** Permits never come here: they serve chat completions only. */
function reserveRequest({ exposure, note }: Exchange, gateway: Gateway): Reservation {
  if (exposure.kind === "permit") throw new Failure("request_invalid", "");
  const answer = gateway.quotas.reserve(askOf(exposure, 0, gateway.clock.now()));
  note.rates = answer.rates;
  if (answer.kind === "exhausted") throw exhausted(answer.what, answer.retryAfterSeconds);
  return {
    spend: () => "go-on",
    settle: () => {
      answer.settle(0);
    },
  };
}

interface Count {
  readonly tokens: number;
  readonly isEstimate: boolean;
}

interface Counting {
  readonly bytes: number;
  readonly gateway: Gateway;
}

async function countOf(exchange: Exchange, trail: Trail, { bytes, gateway }: Counting): Promise<Count> {
  const { call, configuration } = exchange;
  const { count } = configuration.upstream;
  const estimate: Count = { tokens: usageOf(exchange, undefined, 0).input + picturesOf(call), isEstimate: true };
  if (count === undefined) return estimate;
  trail.input = await readInput(exchange, { bytes }, gateway);
  try {
    return { tokens: await count(call, exchange.signal, exchange.asking), isEstimate: false };
  } catch (error) {
    // Servers of this format that are not the maker's often have no such address.
    const isServers = error instanceof Failure && error.code.startsWith("upstream_") && !exchange.signal.aborted;
    if (isServers) return estimate;
    throw error;
  }
}

function picturesOf({ turns }: Call): number {
  return turns.flatMap(({ parts }) => parts.map(picturesIn)).reduce((sum, number) => sum + number * imageTokens, 0);
}

function picturesIn(part: Part): number {
  if (part.kind === "tool-result") return part.parts.filter(({ kind }) => kind === "image").length;
  return part.kind === "image" ? 1 : 0;
}
