// The text that one person hands another so that they can join: where the server is, which trust root to pin, which
// invitation to answer, the one-time key's seed, and the ledger its maker saw. Whoever holds it first may use it, once.
import { z } from "zod";
import { Seen, signStatement } from "./statement.ts";
import { canonicalBytes, parseJson } from "../proof/canonical.ts";
import { fromBase64, toBase64 } from "../proof/encoding.ts";
import type { Primitives, Signer } from "../proof/primitives.ts";
import { Failure } from "../terms/failure.ts";
import { DeploymentId, Digest, PersonId, Timestamp } from "../terms/ids.ts";
import { Role } from "../terms/role.ts";

const Invitation = z.strictObject({
  v: z.literal(1),
  server: z.url({ protocol: /^https?$/ }),
  deployment: DeploymentId,
  root: Digest,
  demo: z.boolean(),
  /** Act digest of the invitation statement. */
  invitation: Digest,
  person: PersonId,
  role: Role,
  /** Who is invited, and who invites, in words for them: nothing is decided by either. */
  name: z.string().min(1).max(200).optional(),
  by: z.string().min(1).max(200).optional(),
  seed: z.string().regex(/^[A-Za-z0-9+/]{43}=$/),
  notAfter: Timestamp,
  seen: Seen.nullable(),
});
export type Invitation = z.infer<typeof Invitation>;

const prefix = "hgi1_";
const codeCharsMax = 4096;

export function formatInvitation(invitation: Invitation): string {
  const text = toBase64(canonicalBytes(Invitation.parse(invitation)));
  return prefix + text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Fails with request_invalid on anything but a whole code. */
export function parseInvitation(code: string): Invitation {
  const text = code.trim();
  const bytes = text.startsWith(prefix) && text.length <= codeCharsMax ? decode(text.slice(prefix.length)) : undefined;
  if (bytes === undefined) throw cut();
  const limits = { bytesMax: codeCharsMax, depthMax: 3 } as const;
  try {
    return Invitation.parse(parseJson(bytes, limits));
  } catch (cause) {
    throw cut(cause);
  }
}

/** What a newcomer compares with their code before they make a key. */
export interface Named {
  readonly deployment: DeploymentId;
  readonly firstRoot: Digest | null;
}

/** Fails with trust_unknown where the server is not the deployment that the code names. */
export function checkNamed(named: Named, invitation: Invitation): void {
  if (named.firstRoot === invitation.root && named.deployment === invitation.deployment) return;
  throw new Failure(
    "trust_unknown",
    "The server is not the deployment that the code names: its trust root is another. Do not go on; ask who invited you.",
  );
}

interface Joining {
  /** Of the seed in the code, and the key that is to be theirs. */
  readonly oneTime: Signer;
  readonly signer: Signer;
  readonly nonce: string;
  readonly at: Timestamp;
  readonly madeIn?: "browser";
}

/** The statement that answers an invitation. */
export async function signAdmission(
  invitation: Invitation,
  { oneTime, signer, nonce, at, madeIn }: Joining,
  primitives: Primitives,
): Promise<Uint8Array> {
  const { deployment, person, seen } = invitation;
  const made = madeIn === undefined ? {} : { madeIn };
  const body = { person, key: signer.publicKey, invitation: invitation.invitation, ...made };
  return signStatement({ deployment, verb: "admit", body, nonce, at, seen }, [oneTime, signer], primitives);
}

/** The address that opens the console with the code behind `#`, which browsers do not send. */
export function linkOf(code: string, server: string): string {
  return `${consoleAt(server, "/sign-in")}#${code}`;
}

/** Where people open the console. Of this machine it says `localhost`: passkeys are for names, and a browser keeps its key for one. */
export function consoleAt(server: string, path = "/"): string {
  const url = new URL(path, server);
  if (url.hostname === "127.0.0.1" || url.hostname === "[::1]") url.hostname = "localhost";
  return url.href;
}

function decode(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) return undefined;
  const standard = text.replaceAll("-", "+").replaceAll("_", "/");
  return fromBase64(standard + "=".repeat((4 - (standard.length % 4)) % 4));
}

function cut(cause?: unknown): Failure {
  return new Failure(
    "request_invalid",
    "This is not an invitation code, or it was cut. Copy the whole code that `headgate person invite` printed.",
    { cause },
  );
}
