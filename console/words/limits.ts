// Limits as people read them: those that are written, with their numbers; nothing where there is none.
import type { Limits } from "../../src/acts/limits.ts";
import { numberInWords } from "./format.ts";

export function limitsInWords(limits: Limits): string {
  const { requestsPerMinute, tokensPerMinute, tokensPerDay, exchanges } = limits;
  return [
    part(requestsPerMinute, "requests a minute"),
    part(tokensPerMinute, "tokens a minute"),
    part(tokensPerDay, "tokens a day"),
    part(exchanges, "exchanges at once"),
  ]
    .filter((text) => text !== "")
    .join(", ");
}

function part(limit: number | undefined, what: string): string {
  return limit === undefined ? "" : `${numberInWords(limit)} ${what}`;
}
