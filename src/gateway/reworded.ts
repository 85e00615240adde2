// Whether a request is another wording of what its key was stopped for, and what is remembered of one that is stopped. Only under
// a policy that says so; never under a permit, whose items are each judged by themselves, nor where safeguards only look on.
import { Failure } from "../terms/failure.ts";
import { Category } from "../terms/finding.ts";
import type { Digest, Instant } from "../terms/ids.ts";
import type { Call } from "../wire/call.ts";
import { type Exchange, isObserved } from "./exchange.ts";
import type { Gateway } from "./gateway.ts";
import type { Asker } from "./rewordings.ts";

/** Of what may pass as it is; throws what refuses it where it is another wording of what was stopped. */
export function refuseReworded(exchange: Exchange, gateway: Gateway): void {
  const asker = askerOf(exchange);
  if (asker === undefined || exchange.wording === undefined) return;
  const category = gateway.rewordings.seenBefore(asker, exchange.wording, askedNow(exchange, gateway));
  if (category === undefined) return;
  // It is remembered as that already.
  exchange.wording = undefined;
  throw new Failure("policy_blocked", "", { detail: { reason: "reworded", verdict: `block:${category}` } });
}

/** Reads what its user asks last, while that is still there. */
export function readWording(exchange: Exchange, { rewordings }: Gateway): void {
  if (askerOf(exchange) !== undefined) exchange.wording = rewordings.wordingOf(lastAsked(exchange.call));
}

/**
 * After an exchange was stopped by a finding in its request or its answer. What was for review and was refused, by a person or
 * because there is none, was stopped as well; what waits for one was not.
 */
export function rememberStopped(exchange: Exchange, verdict: string, gateway: Gateway): void {
  const asker = askerOf(exchange);
  if (asker === undefined || exchange.wording === undefined) return;
  const [kind, of] = verdict.split(":");
  const category = Category.safeParse(of).data;
  if (category === undefined || !(kind === "block" || kind === "review")) return;
  gateway.rewordings.stopped(asker, exchange.wording, { category, ...askedNow(exchange, gateway) });
}

function askedNow({ request }: Exchange, { clock }: Gateway): { readonly request: Digest; readonly at: Instant } {
  return { request, at: clock.now() };
}

function askerOf(exchange: Exchange): Asker | undefined {
  const { exposure, configuration } = exchange;
  const rules = configuration.policy.rewordings;
  if (rules === undefined || exposure.kind !== "open" || isObserved(exchange)) return undefined;
  return { key: exposure.key, config: configuration.config, rules };
}

/** All that a user said since the model last spoke: a request may be cut into several turns, the last of which says "please". */
function lastAsked({ turns }: Call): string {
  const since = turns.findLastIndex(({ role }) => role === "assistant") + 1;
  const asked = turns.slice(since).filter(({ role }) => role === "user");
  return asked.flatMap(({ parts }) => parts.flatMap((part) => (part.kind === "text" ? [part.text] : []))).join("\n");
}
