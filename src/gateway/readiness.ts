// Whether this gateway would do its work now, found out by doing it: a key that nobody has is refused, and for every model
// that is open its artefacts are there, its safeguards judge a text and its policy decides on it. A process that is up and
// cannot decide is not ready. Neither the model's server nor safeguards over HTTP are asked: their failures are their own, and
// are told call by call; and strangers may ask for readiness, who are to spend nobody's budget.
import { standing } from "../exposure/exposure.ts";
import { decide } from "../policy/decide.ts";
import { failureCode } from "../terms/failure.ts";
import type { Name } from "../terms/ids.ts";
import { closureNow, identify } from "./admission.ts";
import type { Closure } from "./follower.ts";
import type { Gateway } from "./gateway.ts";

export interface Readiness {
  readonly ready: boolean;
  /** Why the gateway as a whole is closed. */
  readonly closure: Closure | null;
  /** Models that a certificate opens now, and for how many of them a decision was made. Their names are not for everybody. */
  readonly models: { readonly open: number; readonly deciding: number };
  readonly live: number;
}

/** Anybody may ask, so a good answer is given again for this long, in milliseconds; a closure shows at once. */
const keptMsMax = 1_000;
/** What is not loaded in this time, in milliseconds, is not there yet. */
const loadMsMax = 500;
/** Models tried at one time. */
const modelsMax = 32;

const nobody = "hg_readiness";
const probe = "Is it ready?";

interface Decisions {
  readonly refuses: boolean;
  readonly open: number;
  readonly deciding: number;
}

export function createReadiness(gateway: Gateway): () => Promise<Readiness> {
  let kept: { readonly atMs: number; readonly decisions: Promise<Decisions> } | undefined;
  return async () => {
    const nowMs = gateway.clock.monotonic();
    if (kept === undefined || nowMs - kept.atMs > keptMsMax) kept = { atMs: nowMs, decisions: decisionsOf(gateway) };
    const asked = kept;
    const { refuses, open, deciding } = await asked.decisions;
    const decides = refuses && (open === 0 || deciding > 0);
    if (!decides && kept === asked) kept = undefined;
    const closure = closureNow(gateway) ?? null;
    return {
      ready: closure === null && decides,
      closure,
      models: { open, deciding },
      live: gateway.live.count(),
    };
  };
}

async function decisionsOf(gateway: Gateway): Promise<Decisions> {
  const { state } = gateway.follower;
  const moment = gateway.follower.moment();
  const open = [...state.certificates.keys()].filter((model) => standing(state, model, moment).kind === "open");
  const tried = await Promise.all(open.slice(0, modelsMax).map(async (model) => isDeciding(gateway, model)));
  return { refuses: isRefusing(gateway), open: open.length, deciding: tried.filter(Boolean).length };
}

function isRefusing(gateway: Gateway): boolean {
  try {
    identify({ secret: nobody, from: undefined }, gateway);
    return false;
  } catch (error) {
    return failureCode(error) !== undefined;
  }
}

async function isDeciding(gateway: Gateway, model: Name): Promise<boolean> {
  const { state } = gateway.follower;
  const now = standing(state, model, gateway.follower.moment());
  if (now.kind === "closed") return false;
  const { model: document, safeguards, policy } = now.certificate.release.digests;
  try {
    const judging = await soon(gateway.configurations.judging({ model: document, safeguards, policy, isBare: false }));
    if (judging === undefined) return false;
    // As for those who get the strictest modes: more of it has to be there.
    const chain = judging.chains.for({ kind: "evaluation", failure: "refused" });
    const input = await soon(chain.inspectLocally(probe));
    if (input === undefined) return false;
    const surfaces = [
      ["input", input],
      ["output", chain.inspectOutput(probe)],
    ] as const;
    // A list of words may stop the probe itself: that is a decision, and `unknown` is none.
    return surfaces.every(
      ([surface, inspection]) => decide(inspection, judging.policy, { scopes: [], surface }).kind !== "unknown",
    );
  } catch {
    return false;
  }
}

async function soon<T>(loading: Promise<T>): Promise<T | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(resolve, loadMsMax, undefined);
  try {
    return await Promise.race([loading, late]);
  } finally {
    clearTimeout(timer);
  }
}
