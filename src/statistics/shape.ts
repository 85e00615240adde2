// The bounds of a beta distribution that somebody chose as a prior.
import { Failure } from "../terms/failure.ts";
import type { BetaShape } from "./beta.ts";

const shapeMin = 0.01;
const shapeMax = 1_000_000;

/** Throws request_invalid unless both parameters lie from 0.01 to 10^6. */
export function checkShape({ a, b }: BetaShape): void {
  if (![a, b].every((each) => each >= shapeMin && each <= shapeMax))
    throw new Failure(
      "request_invalid",
      `A prior is two numbers from ${shapeMin} to ${shapeMax}, for example 1 and 1.`,
    );
}
