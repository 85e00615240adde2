// How a deployment begins: a one-time code that only who can read a 0600 file on this machine has, and the first trust root
// that its holder signs. What is pinned from then on stands in the trust file, written before the first ledger entry, so
// that a crash between the two is repaired at the next start.
import { createHash, timingSafeEqual } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import type { Root } from "../acts/bodies.ts";
import { type Act, cosignStatement, openStatement } from "../acts/statement.ts";
import { parseJson } from "../proof/canonical.ts";
import { fromBase64, toBase64, toHex } from "../proof/encoding.ts";
import { parseEnvelope } from "../proof/envelope.ts";
import type { Primitives, Signer } from "../proof/primitives.ts";
import { Failure } from "../terms/failure.ts";
import { type DeploymentId, Digest } from "../terms/ids.ts";

/** Wrong codes before a new start is needed. */
const codeTriesMax = 10;

const trustBytesMax = 128 * 1024;

/** DATA/trust.json: what this deployment is pinned to. It holds nothing secret, and nothing in it is believed unsigned. */
export const TrustFile = z.strictObject({
  /** Act digest of the first trust root. */
  root: Digest,
  /** The root's envelope, base64. */
  envelope: z.string(),
  demo: z.boolean(),
});
export type TrustFile = z.infer<typeof TrustFile>;

/** Undefined where there is none. Fails with configuration_invalid where it cannot be read. */
export function readTrustFile(path: string): TrustFile | undefined {
  if (!existsSync(path)) return undefined;
  const limits = { bytesMax: trustBytesMax, depthMax: 2, code: "configuration_invalid" } as const;
  const parsed = TrustFile.safeParse(parseJson(new Uint8Array(readFileSync(path)), limits));
  if (parsed.success) return parsed.data;
  throw new Failure("configuration_invalid", `The trust file is damaged. Restore it from a copy (${path}).`);
}

export function writeTrustFile(path: string, trust: TrustFile): void {
  writeDurably(path, `${JSON.stringify(trust, undefined, 1)}\n`, 0o644);
}

/** The one-time code of an uninitialised control plane. */
export interface Code {
  /** Fails with authority_missing on a wrong code, and for good after too many. */
  readonly check: (given: string) => void;
  readonly remove: () => void;
}

/** Writes a fresh code to `path`, readable by this user only. */
export function createCode(path: string, random: (count: number) => Uint8Array): Code {
  const code = toHex(random(16));
  writeDurably(path, `${code}\n`, 0o600);
  let tries = 0;
  return {
    check: (given) => {
      if (tries >= codeTriesMax) {
        throw new Failure("authority_missing", "Too many wrong codes. Restart the server; it writes a new one.");
      }
      if (isSame(given.trim(), code)) return;
      tries += 1;
      throw new Failure("authority_missing", "This is not the one-time code. Read it from the file that serve wrote.");
    },
    remove: () => {
      rmSync(path, { force: true });
    },
  };
}

/** In constant time, whatever the lengths. */
function isSame(one: string, other: string): boolean {
  const [left, right] = [one, other].map((text) => createHash("sha256").update(text).digest());
  return left !== undefined && right !== undefined && timingSafeEqual(left, right);
}

function writeDurably(path: string, text: string, mode: number): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.new`;
  rmSync(temporary, { force: true });
  const file = openSync(temporary, "wx", mode);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  syncFolder(dirname(path));
}

function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** What the first root must name: this very control plane. */
export interface Here {
  readonly deployment: DeploymentId;
  readonly origin: string;
  readonly demo: boolean;
  readonly log: Signer;
  readonly control: Signer;
  readonly gateways: readonly Signer[];
  readonly primitives: Primitives;
}

/** The first root with this server's signatures added. Fails with statement_invalid where it names another server. */
export async function countersignRoot(envelope: Uint8Array, here: Here): Promise<Uint8Array> {
  const act = await openStatement(envelope, here.primitives);
  const { predicate } = act;
  if (predicate.verb !== "root" || predicate.deployment !== here.deployment) {
    throw new Failure("statement_invalid", "The first statement is the trust root of this very deployment.");
  }
  checkNames(predicate.body, here);
  let signed = envelope;
  for (const signer of missingSigners(act, here)) signed = await cosignStatement(parseEnvelope(signed), signer);
  return signed;
}

function missingSigners(act: Act, here: Here): readonly Signer[] {
  return [here.log, here.control, ...here.gateways].filter(({ publicKey }) => !act.signers.includes(publicKey));
}

function checkNames(root: Root, here: Here): void {
  const gateways = here.gateways.map(({ publicKey }) => publicKey).toSorted();
  const isHere =
    root.log.key === here.log.publicKey &&
    root.log.origin === here.origin &&
    root.control === here.control.publicKey &&
    JSON.stringify(root.gateways.toSorted()) === JSON.stringify(gateways);
  if (!isHere)
    throw new Failure(
      "statement_invalid",
      "This trust root names other server keys than this server's. Run init again.",
    );
  if (root.demo === here.demo) return;
  throw new Failure(
    "statement_invalid",
    root.demo ? "A demo's trust root is not taken here." : "The demo takes only a root marked demo.",
  );
}

/** The envelope in a trust file. Fails with configuration_invalid where it is not the root that the file names. */
export async function trustedEnvelope(trust: TrustFile, primitives: Primitives): Promise<Uint8Array> {
  const bytes = fromBase64(trust.envelope);
  const act = bytes === undefined ? undefined : await openStatement(bytes, primitives);
  if (bytes !== undefined && act?.digest === trust.root) return bytes;
  throw new Failure(
    "configuration_invalid",
    "The trust file's envelope is not the root it names. Restore it from a copy.",
  );
}

export function trustOf(act: Act<"root">, envelope: Uint8Array): TrustFile {
  return { root: act.digest, envelope: toBase64(envelope), demo: act.predicate.body.demo };
}
