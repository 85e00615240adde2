// Challenges for passkeys that nobody has to keep: random bytes and an end, under the control plane's signature, for one purpose, name
// and person. Whoever asks for many fills no table; one that was answered is written down, so that it is answered once.
import { rawPublicKey } from "../proof/digest.ts";
import { concatBytes, toUtf8 } from "../proof/encoding.ts";
import type { Primitives, Signer } from "../proof/primitives.ts";
import { type Instant, toInstant } from "../terms/ids.ts";

export const challengeMinutes = 5;
const randomBytesOfOne = 16;
const endBytes = 8;
const signatureBytes = 64;

export interface Purpose {
  readonly what: "add" | "sign-in";
  /** The name that passkeys here are for. */
  readonly name: string;
  /** Whose it is to be; empty where anyone may answer. */
  readonly person: string;
}

interface Means {
  readonly control: Signer;
  readonly primitives: Primitives;
  readonly random: (count: number) => Uint8Array;
  readonly now: Instant;
}

export async function makeChallenge(
  purpose: Purpose,
  { control, random, now }: Means,
): Promise<Uint8Array<ArrayBuffer>> {
  const end = new DataView(new ArrayBuffer(endBytes));
  end.setBigUint64(0, BigInt(now + challengeMinutes * 60_000));
  const head = concatBytes([random(randomBytesOfOne), new Uint8Array(end.buffer)]);
  return new Uint8Array(concatBytes([head, await control.sign(messageOf(purpose, head))]));
}

/** When it ends, where it is ours, for this, and not over; undefined otherwise. */
export async function openChallenge(text: string, purpose: Purpose, means: Means): Promise<Instant | undefined> {
  const bytes = new Uint8Array(Buffer.from(text, "base64url"));
  const headBytes = randomBytesOfOne + endBytes;
  if (bytes.length !== headBytes + signatureBytes) return undefined;
  const head = bytes.subarray(0, headBytes);
  const ends = Number(new DataView(head.slice().buffer).getBigUint64(randomBytesOfOne));
  if (!Number.isSafeInteger(ends) || ends <= means.now) return undefined;
  const key = rawPublicKey(means.control.publicKey);
  const isOurs = await means.primitives.verify(key, messageOf(purpose, head), bytes.subarray(headBytes));
  return isOurs ? toInstant(ends) : undefined;
}

function messageOf({ what, name, person }: Purpose, head: Uint8Array): Uint8Array {
  return concatBytes([toUtf8(`headgate passkey challenge v1\n${what}\n${name}\n${person}\n`), head]);
}
