// The key that a person signs with in this browser: Ed25519 by WebCrypto, made here, its private half never readable, by this
// page or any other. One a deployment. Whoever has this browser has it; losing the browser is losing it, and another is admitted.
import { z } from "zod";
import { toBase64 } from "../../src/proof/encoding.ts";
import type { Signer } from "../../src/proof/primitives.ts";
import { Failure } from "../../src/terms/failure.ts";
import { DeploymentId, PersonId, PublicKey } from "../../src/terms/ids.ts";
import { Role } from "../../src/terms/role.ts";
import { forget, keep, readKept } from "./database.ts";

const BrowserKey = z.object({
  deployment: DeploymentId,
  person: PersonId,
  role: Role,
  publicKey: PublicKey,
  privateKey: z.instanceof(CryptoKey),
});
export type BrowserKey = z.infer<typeof BrowserKey>;

export type KeyPair = Pick<BrowserKey, "publicKey" | "privateKey">;

/** Fails with profile_invalid where this browser has no Ed25519, or the page is not on https or localhost. */
export async function makeKey(): Promise<KeyPair> {
  try {
    const pair = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
    if (!("privateKey" in pair)) throw new TypeError("no pair of keys");
    const raw = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
    return { publicKey: PublicKey.parse(toBase64(raw)), privateKey: pair.privateKey };
  } catch (cause) {
    const message =
      "This browser makes no Ed25519 keys here. Use a current Firefox, Safari or Chromium, over https or on localhost.";
    throw new Failure("profile_invalid", message, { cause });
  }
}

export async function keepKey(key: BrowserKey): Promise<void> {
  await keep("keys", BrowserKey.parse(key));
}

export async function readKey(deployment: DeploymentId): Promise<BrowserKey | undefined> {
  return readKept("keys", deployment, BrowserKey);
}

export async function forgetKey(deployment: DeploymentId): Promise<void> {
  await forget("keys", deployment);
}

export function signerOf({ publicKey, privateKey }: KeyPair): Signer {
  return {
    publicKey,
    sign: async (message) => new Uint8Array(await crypto.subtle.sign("Ed25519", privateKey, message.slice())),
  };
}
