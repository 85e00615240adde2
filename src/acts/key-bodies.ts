// What is signed of a key and of an organisation, made from what people want and from the verified state: the same for the
// command line and for the browser. What a key may do is stated whole each time it is written.
import { Country } from "../terms/country.ts";
import { Failure } from "../terms/failure.ts";
import { type Digest, Instant, type KeyId, type Timestamp, instantOf, timestampOf } from "../terms/ids.ts";
import type { Network } from "../terms/network.ts";
import type { BodyOf } from "./bodies.ts";
import { Limits } from "./limits.ts";
import type { OrganisationDocument } from "./organisation-document.ts";
import type { CallerKey, Organisation, State } from "./state.ts";

export type KeyBody = BodyOf<"key">;

/** Where a key may be used from and how much; undefined is anywhere, and without limits of its own. */
export interface KeyWish {
  readonly networks: readonly Network[] | undefined;
  readonly limits: Limits;
}

export function whereAndHowMuch(wish: KeyWish): Pick<KeyBody, "networks" | "limits"> {
  const limits = definedOf(wish.limits);
  return {
    ...(wish.networks === undefined ? {} : { networks: [...new Set(wish.networks)] }),
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
  };
}

/** The limits that are written; an option nobody gave is none. */
export function definedOf(limits: Limits): Limits {
  return Limits.parse(Object.fromEntries(Object.entries(limits).filter(([, limit]) => limit !== undefined)));
}

/** What the latest statement says of a key, to be said again. */
function stated({ key, organisation, networks, limits }: CallerKey, hash: Digest): Omit<KeyBody, "notAfter"> {
  return { key, organisation, hash, ...whereAndHowMuch({ networks: networks ?? undefined, limits }) };
}

export interface Rotation {
  /** Of the new secret. */
  readonly hash: Digest;
  readonly ending: string;
  /** End of the secrets before. */
  readonly until: Timestamp;
  /** End of the new secret; undefined: as the one before was to. */
  readonly notAfter: Timestamp | undefined;
  readonly now: Instant;
}

/** Fails with conflict or request_invalid where a rotation would open what is shut, or make a secret that has ended. */
export function rotatedKey(
  known: CallerKey,
  { hash, ending, until, notAfter = known.notAfter ?? undefined, now }: Rotation,
): KeyBody {
  expectNotSuspended(known, "a rotation");
  if (notAfter !== undefined && instantOf(notAfter) <= now)
    throw new Failure("request_invalid", "The key has ended. Say --expires for the new secret.");
  return { ...stated(known, hash), ending, notAfter: notAfter ?? null, anew: { kind: "rotation", until } };
}

/** Fails with conflict. */
export function expectNotSuspended({ standing }: CallerKey, what: string): void {
  if (standing !== "suspended") return;
  throw new Failure("conflict", `This key is suspended, and ${what} would let it work again. Resume it first.`);
}

/** Written anew as it was. Fails with conflict where it is not suspended. */
export function resumedKey(known: CallerKey, hash: Digest): KeyBody {
  if (known.standing === "active") throw new Failure("conflict", "This key is not suspended.");
  return { ...stated(known, hash), notAfter: known.notAfter, anew: { kind: "change" } };
}

/** The latest secret of a key. Fails with not_found or conflict where there is none to be written anew. */
export function latestSecret(state: State, key: KeyId): { readonly hash: Digest; readonly known: CallerKey } {
  for (const hash of state.keySecrets.get(key) ?? []) {
    const known = state.keys.get(hash);
    if (known?.isLatest !== true) continue;
    if (known.standing === "revoked") throw new Failure("conflict", "This key was revoked. Make a new one.");
    return { hash, known };
  }
  throw new Failure("not_found", `There is no key ${key}. \`headgate key list\` shows which there are.`);
}

/** What a secret is worth now; `ending`: a rotation gave the key another, and this one works a while yet. */
export function secretStandingAt(
  { standing, notAfter, isLatest }: Pick<CallerKey, "standing" | "notAfter" | "isLatest">,
  at: Instant,
): CallerKey["standing"] | "expired" | "ending" {
  if (standing !== "active") return standing;
  if (notAfter !== null && at >= instantOf(notAfter)) return "expired";
  return isLatest ? "active" : "ending";
}

const dayMs = 86_400_000;

/** What is signed of an organisation's document. Its grants begin with `at`. */
export function organisationBody(document: OrganisationDocument, digest: Digest, at: Instant): BodyOf<"organisation"> {
  const grants = document.grants.map(({ expiresInDays, ...grant }) => ({
    ...grant,
    notAfter: timestampOf(Instant.parse(at + expiresInDays * dayMs)),
  }));
  const { name: organisation, type, limits } = document;
  // A code that is none, as the one that `connect` writes, says nothing of where it is.
  const country = Country.safeParse(document.country).data;
  return {
    organisation,
    type,
    ...(country === undefined ? {} : { country }),
    document: digest,
    grants,
    ...(limits === undefined ? {} : { limits }),
  };
}

/** Written anew as it was: its document, and the ends of its grants. */
export function resumedOrganisation(known: Organisation): BodyOf<"organisation"> {
  const { organisation, type, country, document, grants, limits } = known;
  return {
    organisation,
    type,
    ...(country === null ? {} : { country: Country.parse(country) }),
    document,
    grants: [...grants],
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
  };
}
