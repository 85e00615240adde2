// The salt that keeps a model server's prompt cache apart by organisation: without it, how fast an answer comes tells one
// organisation what another one sent. Derived from the gateway's key, so that it is the same after a restart and nobody else
// can make it; it goes to the model server and nowhere else.
import { digestOf } from "../proof/digest.ts";
import { concatBytes, toUtf8 } from "../proof/encoding.ts";
import type { Primitives, Signer } from "../proof/primitives.ts";

/** The salt of whoever is named; another one for each name. */
export type CacheSalt = (of: string) => string;

/** Bytes that no statement, checkpoint, lease or receipt begins with. The signature over them never leaves this file. */
const context = toUtf8("headgate prompt cache salt v1\n");

export async function openCacheSalt(signer: Signer, primitives: Primitives): Promise<CacheSalt> {
  const seed = await signer.sign(context);
  return (of) => digestOf(concatBytes([seed, toUtf8(of)]), primitives);
}
