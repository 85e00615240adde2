// From a request to what it may do: parsed once, then key, grant, certificate or permit, envelope. Each step throws the
// Failure that becomes the caller's refusal; nothing here asks anything but memory.
import type { Permit, Release } from "../acts/bodies.ts";
import { isItem, itemLeaf, namedItem } from "../acts/item-proof.ts";
import { isSecretKey } from "../acts/secret-key.ts";
import { type Asked, type Exposure, expose, isWhereItMay } from "../exposure/exposure.ts";
import { parseJson } from "../proof/canonical.ts";
import { digestOfHash, digestOfText } from "../proof/digest.ts";
import { Failure } from "../terms/failure.ts";
import { type Digest, type Instant, type Name, isName, timestampOf } from "../terms/ids.ts";
import type { JudgedFor } from "../terms/safeguard-mode.ts";
import type { FailureKind } from "../terms/trial.ts";
import { admitCall, lacking } from "../upstream/envelope.ts";
import type { Stop } from "../upstream/stop.ts";
import type { Call } from "../wire/call.ts";
import type { Format } from "../wire/format.ts";
import type { Configuration, ServedDigests } from "./configurations.ts";
import type { Closure } from "./follower.ts";
import type { Gateway } from "./gateway.ts";
import type { Note } from "./note.ts";

/** Bytes of a body that is read at all; a model's envelope sets its own, smaller limit. */
export const bodyBytesMax = 16 * 1024 * 1024;

const depthMax = 64;

/** Members and elements of a body; a long conversation with many tools has some thousands. */
const partsMax = 20_000;

/** Characters of a key; a longer one is not looked up. */
const secretCharsMax = 200;

/** Who asks. */
export interface Caller {
  /** Value of `Authorization: Bearer` or `x-api-key`. */
  readonly secret: string | undefined;
  /** The address it comes from; undefined where nobody can say. */
  readonly from: string | undefined;
}

export interface CallRequest extends Caller {
  /** The secret's SHA-256, as `identify` gave it when the request began. */
  readonly hash: Digest;
  /** Value of `x-headgate-item`. */
  readonly item: string | undefined;
  readonly body: Uint8Array;
  /** Aborts when the caller leaves. */
  readonly departure: Stop;
  readonly note: Note;
}

export type Admitted = Exclude<Exposure, { kind: "refused" }>;

/**
 * SHA-256 of the secret; fails with key_missing, key_unknown, or key_suspended where the key may not be used from there. Demo
 * keys open nothing under a real root.
 */
export function identify({ secret, from, hash: said }: Caller & Partial<CallRequest>, gateway: Gateway): Digest {
  if (secret === undefined || secret === "") throw new Failure("key_missing", "");
  const hash = knownHash(secret, said, gateway);
  if (hash === undefined) throw unknownKey(secret, gateway);
  const key = gateway.follower.state.keys.get(hash);
  if (key === undefined || isWhereItMay(key, from)) return hash;
  throw new Failure("key_suspended", "", { detail: { reason: "network" } });
}

/** Found by its hash: how long that takes says nothing of a secret. */
function knownHash(secret: string, said: Digest | undefined, gateway: Gateway): Digest | undefined {
  const { state } = gateway.follower;
  const isDemo = secret.startsWith("hg_demo_");
  const isOurs = secret.length <= secretCharsMax && isDemo === (state.root?.body.demo ?? false);
  const hash = said ?? digestOfText(secret.slice(0, secretCharsMax), gateway.primitives);
  return isOurs && (state.keys.has(hash) || state.permitByHash.has(hash)) ? hash : undefined;
}

function unknownKey(secret: string, { follower, primitives }: Gateway): Failure {
  // Until the ledger was read as far as it was known before, nobody can say whom it names.
  const closure = follower.closure();
  if (closure === "starting" || closure === "behind-mark") return closedBecause(closure);
  return new Failure("key_unknown", "", { detail: { isWhole: isSecretKey(secret, primitives) } });
}

/** Fails with gateway_closed while anything about this gateway's own standing is in doubt. */
export function checkOpen(gateway: Gateway): void {
  const why = closureNow(gateway);
  if (why !== undefined) throw closedBecause(why);
}

function closedBecause(reason: Closure): Failure {
  return new Failure("gateway_closed", "", { detail: { reason, retryAfterSeconds: 1 } });
}

export function closureNow({ isDraining, follower, recorder }: Gateway): Closure | undefined {
  const closure = isDraining() ? "draining" : follower.closure();
  if (closure !== undefined) return closure;
  if (recorder.isFailing()) return "disk";
  if (!recorder.isReady()) return "records";
  return recorder.isFull() ? "backlog" : undefined;
}

/** The body as one parser reads it; what was checked is what is sent. */
export function parseBody(body: Uint8Array): Readonly<Record<string, unknown>> {
  const value = parseJson(body, { bytesMax: bodyBytesMax, depthMax, partsMax, code: "request_invalid" });
  if (isObject(value)) return value;
  throw new Failure("request_invalid", "The body is a JSON object.");
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function modelOf(body: Readonly<Record<string, unknown>>): Name {
  if (typeof body["model"] !== "string")
    throw new Failure("request_invalid", "`model` is missing: name the model as a text.");
  if (!isName(body["model"])) throw new Failure("model_unknown", "");
  return body["model"];
}

/** Asked anew at every attempt, and while an exchange runs. */
export function exposeNow(gateway: Gateway, { hash, model, from, format }: Required<Asked>): Admitted {
  const moment = gateway.follower.moment();
  const exposure = expose(gateway.follower.state, { hash, model, from, format }, moment);
  if (exposure.kind !== "refused") return exposure;
  const { code, reason, opensAt } = exposure;
  throw new Failure(code, "", { detail: { reason, ...(opensAt === undefined ? {} : opening(opensAt, moment.at)) } });
}

function opening(opensAt: Instant, at: Instant): object {
  return { opensAt: timestampOf(opensAt), retryAfterSeconds: Math.max(1, Math.ceil((opensAt - at) / 1_000)) };
}

export function servedDigests(exposure: Admitted): ServedDigests {
  const { model, safeguards, policy } = exposure.kind === "open" ? exposure.release.digests : exposure.permit.digests;
  // By what the permit says, and by nothing that a digest says: no certificate comes here without safeguards.
  const isBare = exposure.kind === "permit" && exposure.permit.bare === true;
  return { model, safeguards, policy, isBare };
}

/** The configuration with the chain of those it judges: a caller's, or that of what a permit's suite measures. */
export function configurationFor(
  exposure: Admitted,
  configuration: Configuration,
  { configurations }: Gateway,
): Configuration | Promise<Configuration> {
  if (!configuration.chains.isMixed) return configuration;
  if (exposure.kind === "open") return configuration.for(callerFor(exposure));
  const { stage, digests } = exposure.permit;
  const under = (failure: FailureKind): Configuration => configuration.for({ kind: "evaluation", failure, stage });
  const failure = configurations.measured(digests.suite);
  return typeof failure === "string" ? under(failure) : failure.then(under);
}

/** By how far the model is out, and by what kind of organisation asks. */
export function callerFor({ release, organisation }: Extract<Admitted, { kind: "open" }>): JudgedFor {
  return { kind: "caller", stage: release.stage, type: organisation.type };
}

export function underOf(exposure: Admitted): Release["certificate"] | Permit["permit"] {
  return exposure.kind === "open" ? exposure.release.certificate : exposure.permit.permit;
}

export interface Envelope {
  readonly raw: Readonly<Record<string, unknown>>;
  readonly format: Format;
  readonly bytes: number;
  readonly item: string | undefined;
}

/** The call as its format, the model's envelope, the restrictions and, under a permit, its items allow it. */
export function admitEnvelope(asked: Envelope, exposure: Admitted, { configuration, gateway }: Bound): AdmittedCall {
  const { document, upstream } = configuration;
  const { requestBytesMax } = document.envelope;
  if (asked.bytes > requestBytesMax) {
    throw new Failure("body_too_large", `A request to this model has at most ${requestBytesMax} bytes.`);
  }
  const admitted = admitCall(asked.format.parseCall(asked.raw), document, asked.format);
  const lacks = upstream.lacks(admitted);
  if (lacks !== undefined) throw lacking(lacks, asked.format);
  const call = withinLimits(admitted, gateway);
  return { call, item: exposure.kind === "permit" ? itemOf({ ...asked, call }, exposure.permit, gateway) : null };
}

interface Bound {
  readonly configuration: Configuration;
  readonly gateway: Gateway;
}

export interface AdmittedCall {
  readonly call: Call;
  readonly item: Digest | null;
}

function itemOf(asked: Envelope & { readonly call: Call }, permit: Permit, { primitives }: Gateway): Digest {
  // What an item says, and what its answers are graded as, is chat completions: another format would read it otherwise.
  if (asked.format.name !== "chat") {
    throw new Failure("request_invalid", "A permit serves the items of its suite by /v1/chat/completions only.");
  }
  const { item: header = "", raw, call } = asked;
  if (permit.adaptive !== undefined) return namedBy(header, call, { permit, primitives });
  const leaf = itemLeaf(raw, primitives);
  if (isItem({ leaf, header, items: permit.items }, primitives)) return digestOfHash(leaf);
  throw new Failure(
    "request_invalid",
    "This permit serves only the items of its suite, unchanged, with their path in x-headgate-item.",
  );
}

/** The item that a request under an adaptive permit is about: the header says it, and the root that there is such an item. */
function namedBy(
  header: string,
  { choices }: Call,
  { permit, primitives }: { readonly permit: Permit; readonly primitives: Gateway["primitives"] },
): Digest {
  if (choices > 1) throw new Failure("request_invalid", "This permit takes one answer a request: `n` is 1.");
  const leaf = namedItem(header, permit.items, primitives);
  if (leaf !== undefined) return digestOfHash(leaf);
  throw new Failure(
    "request_invalid",
    "A request under this permit names an item of its suite, with its path and leaf in x-headgate-item.",
  );
}

/** The call with the output that the restrictions in force leave it; the same object where they change nothing. */
export function withinLimits(call: Call, gateway: Gateway): Call {
  const max = outputLimit(gateway, call.model);
  return outputTokens(call) <= max ? call : { ...call, outputTokensMax: max };
}

/** Tokens of an answer, at the most, for one choice. */
export function outputTokens({ outputTokensMax }: Call): number {
  return outputTokensMax ?? Number.POSITIVE_INFINITY;
}

function outputLimit(gateway: Gateway, model: Name): number {
  if (gateway.follower.state.restrictions.size === 0) return Number.POSITIVE_INFINITY;
  const limits = [...gateway.follower.state.restrictions.values()]
    .filter((restriction) => restriction.model === model)
    .map(({ limit }) => (limit.kind === "output-tokens" ? limit.max : Number.POSITIVE_INFINITY));
  return Math.min(Number.POSITIVE_INFINITY, ...limits);
}
