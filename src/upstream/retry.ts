// Which failures of a model server say that nothing of an answer has reached us, so that asking elsewhere, or again, cannot
// give two answers; and which of them count against the server. Closed lists: what is not named is neither.
import type { Failure } from "../terms/failure.ts";

/** Statuses that say "not now" or "not here"; every other one is an answer to this very request. */
const passing: ReadonlySet<unknown> = new Set([429, 500, 502, 503, 504, 529]);

/** `detail.why` of failures before a server has said anything. */
const unasked: ReadonlySet<unknown> = new Set([
  "connect",
  "overloaded",
  "unavailable",
  "destination_refused",
  "model_unavailable",
]);

/** Nothing of an answer has come, and another server, or the same one later, may give one. */
export function isBeforeAnswer({ code, detail }: Failure): boolean {
  if (code === "destination_refused" || code === "model_unavailable") return true;
  if (code === "upstream_timeout") return detail["phase"] === "connect";
  if (code !== "upstream_failed") return false;
  return detail["why"] === "status" ? passing.has(detail["status"]) : unasked.has(detail["why"]);
}

/** What a failure says of the server it came from: a fault counts against it, one that is busy is let rest. */
export type Blame = "fault" | "busy" | "none";

export function blameOf({ code, detail }: Failure): Blame {
  if (code === "destination_refused") return "fault";
  // A long answer is nobody's fault.
  if (code === "upstream_timeout") return detail["phase"] === "total" ? "none" : "fault";
  if (code !== "upstream_failed") return "none";
  const { why } = detail;
  if (why === "status") return blameOfStatus(detail);
  return why === "connect" || why === "cut" || why === "refused" ? "fault" : "none";
}

function blameOfStatus(detail: Failure["detail"]): Blame {
  const { status } = detail;
  if (status === 429 || (status === 503 && restMsOf(detail) !== undefined)) return "busy";
  return isServersOwn(status) ? "fault" : "none";
}

/** Its own trouble, or ours with its key or address; other statuses of the 400s are what a caller can bring about. */
function isServersOwn(status: unknown): boolean {
  return typeof status === "number" && (status >= 500 || status === 401 || status === 403 || status === 404);
}

/** How long a server asked to be left alone, in milliseconds. */
export function restMsOf(detail: Failure["detail"]): number | undefined {
  const { retryAfterSeconds } = detail;
  return typeof retryAfterSeconds === "number" ? retryAfterSeconds * 1_000 : undefined;
}
