// What of a request a person would read, and what stands for it in the ledger: for requests that wait, and for samples of a watch.
import { createHmac } from "node:crypto";
import { type ReviewFacts, type ReviewText, requestDigest } from "../feed/reviews.ts";
import { toHex } from "../proof/encoding.ts";
import type { KeyId } from "../terms/ids.ts";
import type { Exchange } from "./exchange.ts";
import type { Gateway } from "./gateway.ts";

/** Whether anybody is admitted who would read it. */
export function hasReviewer({ follower }: Gateway): boolean {
  for (const { role, suspended } of follower.state.persons.values()) if (role === "reviewer" && !suspended) return true;
  return false;
}

/** The nonce is the caller's own: who reads ledger or store cannot try out what was asked. */
export function textOf({ call }: Pick<Exchange, "call">, secret: string): ReviewText {
  const written = JSON.stringify(call);
  const nonce = createHmac("sha256", secret).update("headgate review nonce v1\n").update(written).digest();
  return { nonce: toHex(nonce), call: written };
}

interface About {
  readonly key: KeyId;
  readonly text: ReviewText;
  readonly gateway: Gateway;
}

export function factsOf(
  { model, configuration }: Pick<Exchange, "model" | "configuration">,
  { key, text, gateway }: About,
): Omit<ReviewFacts, "review"> {
  const about = { key, model, config: configuration.config };
  return { ...about, request: requestDigest(text, about, gateway.primitives) };
}
