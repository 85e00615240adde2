// Whether a request is another wording of what its key was stopped for, and what is remembered of one that is stopped. Only under
// a policy that says so; never under a permit, whose items are each judged by themselves, nor where safeguards only look on.
import { Failure } from "../terms/failure.ts";
import { Category } from "../terms/finding.ts";
import type { Call } from "../wire/call.ts";
import { type Exchange, isObserved } from "./exchange.ts";
import type { Gateway } from "./gateway.ts";
import type { Speaker } from "./rewordings.ts";

/** Of what may pass as it is; throws what refuses it where it is another wording of what was stopped. */
export function refuseReworded(exchange: Exchange, gateway: Gateway): void {
  const speaker = speakerOf(exchange);
  if (speaker === undefined || exchange.wording === undefined) return;
  const category = gateway.rewordings.seenBefore(speaker, exchange.wording, gateway.clock.now());
  if (category === undefined) return;
  throw new Failure("policy_blocked", "", { detail: { reason: "reworded", verdict: `block:${category}` } });
}

/** Reads what its last turn of a user's asks, while that is still there. */
export function readWording(exchange: Exchange, { rewordings }: Gateway): void {
  if (speakerOf(exchange) !== undefined) exchange.wording = rewordings.wordingOf(lastAsked(exchange.call));
}

/** After an exchange was stopped: by a finding in its request or its answer, or as another wording of such. */
export function rememberStopped(exchange: Exchange, verdict: string, gateway: Gateway): void {
  const speaker = speakerOf(exchange);
  if (speaker === undefined || exchange.wording === undefined) return;
  const [kind, of] = verdict.split(":");
  const category = Category.safeParse(of).data;
  if (kind !== "block" || category === undefined) return;
  gateway.rewordings.stopped(speaker, exchange.wording, { category, at: gateway.clock.now() });
}

function speakerOf(exchange: Exchange): Speaker | undefined {
  const { exposure, configuration } = exchange;
  const rules = configuration.policy.rewordings;
  if (rules === undefined || exposure.kind !== "open" || isObserved(exchange)) return undefined;
  return { key: exposure.key, config: configuration.config, rules };
}

function lastAsked({ turns }: Call): string {
  const last = turns.findLast(({ role }) => role === "user");
  return last?.parts.flatMap((part) => (part.kind === "text" ? [part.text] : [])).join("\n") ?? "";
}
