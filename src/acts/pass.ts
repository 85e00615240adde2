// A pass lets a person read: a short-lived signed note of who asks for what, made by the client, naming method, path and
// time. It reads and nothing else; every change is a statement.
import { z } from "zod";
import { canonicalBytes, parseJson } from "../proof/canonical.ts";
import { rawPublicKey } from "../proof/digest.ts";
import { fromBase64, toBase64 } from "../proof/encoding.ts";
import type { Primitives, Signer } from "../proof/primitives.ts";
import { DeploymentId, type Instant, PublicKey, Timestamp, instantOf } from "../terms/ids.ts";

const Pass = z.strictObject({
  deployment: DeploymentId,
  signer: PublicKey,
  method: z.string().max(10),
  path: z.string().max(2000),
  at: Timestamp,
});
export type Pass = z.infer<typeof Pass>;

const context = "headgate pass v1";

/** A pass older or younger than this is refused, in milliseconds. */
const passMsMax = 60_000;

const passCharsMax = 4096;

/** Text for the header `authorization: Headgate <text>`. */
export async function signPass(pass: Pass, signer: Signer): Promise<string> {
  const signature = await signer.sign(passBytes(pass));
  return `${toBase64(canonicalBytes(pass))}.${toBase64(signature)}`;
}

export interface PassCheck {
  readonly method: string;
  readonly path: string;
  readonly at: Instant;
  readonly primitives: Primitives;
}

/** The pass, if it is well formed, fresh, for this request, and signed by the key it names; otherwise undefined. */
export async function openPass(text: string, check: PassCheck): Promise<Pass | undefined> {
  const pass = parsePass(text);
  if (pass === undefined) return undefined;
  const isFresh = Math.abs(instantOf(pass.at) - check.at) <= passMsMax;
  if (!isFresh || pass.method !== check.method || pass.path !== check.path) return undefined;
  const signature = fromBase64(text.slice(text.indexOf(".") + 1));
  if (signature === undefined) return undefined;
  const isSigned = await check.primitives.verify(rawPublicKey(pass.signer), passBytes(pass), signature);
  return isSigned ? pass : undefined;
}

function parsePass(text: string): Pass | undefined {
  const bytes = text.length > passCharsMax ? undefined : fromBase64(text.slice(0, text.indexOf(".")));
  if (bytes === undefined) return undefined;
  try {
    return Pass.safeParse(parseJson(bytes, { bytesMax: passCharsMax, depthMax: 2 })).data;
  } catch {
    return undefined;
  }
}

function passBytes(pass: Pass): Uint8Array {
  return canonicalBytes([context, pass]);
}
