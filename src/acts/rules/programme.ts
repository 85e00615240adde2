// Organisations with their grants, and the keys their callers use. A suspension stands until the organisation or the key is
// written anew by someone who may; a revoked key stays so. A key keeps its id when its secret is rotated, so that its quota
// and its receipts go on, and one revocation ends every secret it ever had.
import { type Digest, type Timestamp, instantOf } from "../../terms/ids.ts";
import type { BodyOf } from "../bodies.ts";
import { type Change, type Refusal, type Rule, change, refuse } from "../rule.ts";
import type { CallerKey, Former, Organisation, State } from "../state.ts";
import type { Act } from "../statement.ts";

/** How long an old secret may go on working beside the new one, in days. */
export const overlapDaysMax = 30;

/** Secrets that one key may have had. */
const secretsMax = 1_000;

type KeyBody = BodyOf<"key">;

export const grantOrganisation: Rule<"organisation"> = (state, act, context) => {
  const { body, at } = act.predicate;
  const models = body.grants.map((grant) => grant.model);
  if (new Set(models).size !== models.length)
    return refuse("statement_invalid", "An organisation has one grant a model.");
  const known = state.organisations.get(body.organisation);
  if (known?.suspended === true && isFromBefore(known, act.predicate))
    return refuse("conflict", "This was signed before the organisation was suspended. Write it anew.");
  return change(() => {
    state.organisations.set(body.organisation, {
      organisation: body.organisation,
      type: body.type,
      country: body.country ?? null,
      earlier: earlierOf(known, body, context.index),
      document: body.document,
      grants: body.grants,
      limits: body.limits ?? {},
      at,
      suspended: false,
    });
  });
};

/** Nobody leaves a hold on a type or a country by being written as of another one. */
function earlierOf(known: Organisation | undefined, body: BodyOf<"organisation">, until: number): readonly Former[] {
  if (known === undefined) return [];
  const isSame = known.type === body.type && known.country === (body.country ?? null);
  return isSame ? known.earlier : [...known.earlier, { type: known.type, country: known.country, until }];
}

export const writeKey: Rule<"key"> = (state, act) => {
  const { body, at } = act.predicate;
  if (!state.organisations.has(body.organisation)) {
    return refuse("not_found", `There is no organisation "${body.organisation}". Apply its document first.`);
  }
  const problem = body.anew === undefined ? newKeyProblem(state, body) : anewProblem(state, act);
  if (problem !== undefined) return problem;
  return change(() => {
    writeSecrets(state, body, at);
  });
};

function newKeyProblem(state: State, { key, hash }: KeyBody): Refusal | undefined {
  if (isFree(state, hash) && !state.keySecrets.has(key)) return undefined;
  return refuse("conflict", "This key exists already; make another one.");
}

function isFree(state: State, hash: Digest): boolean {
  return !state.keys.has(hash) && !state.permitByHash.has(hash);
}

function anewProblem(state: State, { predicate }: Act<"key">): Refusal | undefined {
  const { body, at } = predicate;
  const [known] = secretsOf(state, body.key);
  if (known === undefined) return refuse("not_found", "There is no such key.");
  if (known.organisation !== body.organisation) {
    return refuse("statement_invalid", "A key stays with its organisation. Make a new one for the other.");
  }
  if (known.standing === "revoked") return refuse("conflict", "This key was revoked. Make a new one.");
  if (known.standing === "suspended" && isFromBefore(known, predicate)) {
    return refuse("conflict", "This was signed before the key was suspended. Write it anew.");
  }
  if (body.anew?.kind === "rotation") return rotationProblem(state, body, instantOf(body.anew.until) - instantOf(at));
  const secret = state.keys.get(body.hash);
  if (secret?.key === body.key && secret.isLatest) return undefined;
  return refuse("not_found", "This is not the latest secret of the key.");
}

function rotationProblem(state: State, { key, hash }: KeyBody, overlapMs: number): Refusal | undefined {
  if (!isFree(state, hash)) return refuse("conflict", "This secret exists already; make another one.");
  if (secretsOf(state, key).length >= secretsMax) {
    return refuse("conflict", "This key was rotated too often. Make a new one.");
  }
  if (overlapMs <= overlapDaysMax * 86_400_000) return undefined;
  return refuse("statement_invalid", `An old secret works for ${overlapDaysMax} days at the most beside the new one.`);
}

/** The new secret, or what is new of an old one; and of the key's other secrets, what they have in common with it. */
function writeSecrets(state: State, body: KeyBody, at: Timestamp): void {
  const { key, organisation, hash, notAfter, anew } = body;
  const common = inCommon(state, body, at);
  const others = (state.keySecrets.get(key) ?? []).filter((known) => known !== hash);
  for (const other of others) {
    const known = state.keys.get(other);
    if (known === undefined) continue;
    const end = anew?.kind === "rotation" ? earlier(known.notAfter, anew.until) : known.notAfter;
    state.keys.set(other, { ...known, ...common, notAfter: end, isLatest: false });
  }
  const before = state.keys.get(hash);
  const ending = body.ending ?? before?.ending ?? null;
  state.keys.set(hash, { key, organisation, ending, notAfter, ...common, isLatest: true });
  if (before === undefined) state.keySecrets.set(key, [...others, hash]);
}

function inCommon(
  state: State,
  { key, networks, limits }: KeyBody,
  at: Timestamp,
): Pick<CallerKey, "networks" | "limits" | "made" | "at" | "standing"> {
  const made = secretsOf(state, key)[0]?.made ?? at;
  return { networks: networks ?? null, limits: limits ?? {}, made, at, standing: "active" };
}

function earlier(one: Timestamp | null, other: Timestamp): Timestamp {
  return one !== null && one < other ? one : other;
}

function secretsOf(state: State, key: KeyBody["key"]): readonly CallerKey[] {
  return (state.keySecrets.get(key) ?? []).flatMap((hash) => state.keys.get(hash) ?? []);
}

/**
 * Whether it was signed before the suspension, as far as one can tell: it may lie in somebody's drawer. Stops are taken whatever date they
 * have, one that lies years ahead too; so whoever signed a ledger that has the stop in it signed after it, whatever the dates say.
 */
function isFromBefore(
  { at, stopped }: Pick<CallerKey, "at" | "stopped">,
  predicate: Pick<Act["predicate"], "at" | "seen">,
): boolean {
  const hasSeenIt = stopped !== undefined && predicate.seen !== null && predicate.seen.size > stopped;
  return predicate.at <= at && !hasSeenIt;
}

/** Where a stop stands in the ledger, and how it is dated. */
interface Stop {
  readonly at: Timestamp;
  readonly index: number;
}

/** Stops every key of an organisation. */
export function stopOrganisation(
  state: State,
  name: BodyOf<"organisation">["organisation"],
  { at, index }: Stop,
): Refusal | Change {
  const organisation = state.organisations.get(name);
  if (organisation === undefined) return refuse("not_found", "There is no such organisation.");
  return change(() => {
    const latest = at > organisation.at ? at : organisation.at;
    state.organisations.set(name, { ...organisation, at: latest, suspended: true, stopped: index });
  });
}

/** Stops every secret of a key. A suspension never weakens a revocation. */
export function stopKey(
  state: State,
  target: { readonly key: KeyBody["key"]; readonly forGood: boolean },
  { at, index }: Stop,
): Refusal | Change {
  const secrets = state.keySecrets.get(target.key) ?? [];
  if (secrets.length === 0) return refuse("not_found", "There is no such key.");
  return change(() => {
    for (const hash of secrets) {
      const known = state.keys.get(hash);
      if (known === undefined) continue;
      const standing = target.forGood || known.standing === "revoked" ? "revoked" : "suspended";
      state.keys.set(hash, { ...known, at: at > known.at ? at : known.at, standing, stopped: index });
    }
  });
}
