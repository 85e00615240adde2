// How both ends of a feed connection prove their keys, on every message and on plain HTTP too. The control plane hands out a
// challenge, the gateway adds a nonce of its own: the two name a session. Each request is signed by a gateway's key that the
// trust root names, over session, number, call and the digest of its body; each answer by the control key, over the request's
// signature, so that it belongs to this question. Nothing of one session is worth anything in another.
import { canonicalBytes } from "../proof/canonical.ts";
import { rawPublicKey } from "../proof/digest.ts";
import { fromBase64, toBase64 } from "../proof/encoding.ts";
import type { Primitives, Signer } from "../proof/primitives.ts";
import type { Digest, PublicKey } from "../terms/ids.ts";

/** What the header of a request says. */
export interface Request {
  readonly challenge: string;
  readonly nonce: string;
  readonly gateway: PublicKey;
  /** 1, 2, 3, … in a session; none comes twice. */
  readonly number: number;
  readonly call: string;
  /** Of the body. */
  readonly body: Digest;
}

export async function signRequest(request: Request, gateway: Signer): Promise<string> {
  return toBase64(await gateway.sign(requestBytes(request)));
}

export async function isRequestSigned(request: Request, signature: string, primitives: Primitives): Promise<boolean> {
  const bytes = fromBase64(signature);
  return bytes !== undefined && primitives.verify(rawPublicKey(request.gateway), requestBytes(request), bytes);
}

function requestBytes({ challenge, nonce, gateway, number, call, body }: Request): Uint8Array {
  return canonicalBytes(["headgate feed request v1", challenge, nonce, gateway, number, call, body]);
}

/** What an answer is about, and what it says. */
export interface Answered {
  /** The signature of the request that it answers. */
  readonly request: string;
  readonly status: number;
  /** Of the body. */
  readonly body: Digest;
}

export async function signAnswer(answer: Answered, control: Signer): Promise<string> {
  return toBase64(await control.sign(answerBytes(answer)));
}

export async function isAnswerSigned(
  answer: Answered,
  signature: string,
  { control, primitives }: { readonly control: PublicKey; readonly primitives: Primitives },
): Promise<boolean> {
  const bytes = fromBase64(signature);
  return bytes !== undefined && primitives.verify(rawPublicKey(control), answerBytes(answer), bytes);
}

function answerBytes({ request, status, body }: Answered): Uint8Array {
  return canonicalBytes(["headgate feed answer v1", request, status, body]);
}

/** Numbers this far behind the largest one that came are not taken any more. */
const windowSize = 1_024;

/** The numbers of one session that came: each is taken once, in nearly any order. */
export class Numbers {
  readonly #seen = new Set<number>();
  #largest = 0;

  take(number: number): boolean {
    if (!Number.isSafeInteger(number) || number <= this.#largest - windowSize || this.#seen.has(number)) return false;
    this.#seen.add(number);
    if (number > this.#largest) this.#largest = number;
    if (this.#seen.size > 2 * windowSize) {
      for (const old of this.#seen) if (old <= this.#largest - windowSize) this.#seen.delete(old);
    }
    return true;
  }
}

/** Headers of the messages. */
export const headers = {
  challenge: "headgate-challenge",
  nonce: "headgate-nonce",
  gateway: "headgate-gateway",
  number: "headgate-number",
  digest: "headgate-digest",
  signature: "headgate-signature",
} as const;

/** Where the calls are. */
export const feedPath = "/feed/v1/";
