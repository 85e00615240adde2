// What the readers of servers' answers share: JSON that may be anything, and the failures it ends in. A server's words are
// never repeated: they may hold the prompt, addresses or keys.
import { Failure } from "../terms/failure.ts";

export function failedAnswer(message: string, why: "garbage" | "cut" | "error_frame" | "too_long"): Failure {
  return new Failure("upstream_failed", message, { detail: { why } });
}

/** What is not, or not in its place, in the format that the server speaks. */
export function garbage(what: string): Failure {
  return failedAnswer(`The upstream's answer is not in its format: ${what}.`, "garbage");
}

export function parseJsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
