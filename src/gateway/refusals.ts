// Every refusal a caller of the data plane can meet, as the failure behind it becomes one. Its words are those of
// src/terms/refusal-words.ts; only what a failure in `speaking` says of a field, a limit or a feature stands where it is thrown.
import type { Failure } from "../terms/failure.ts";
import { httpStatus } from "../terms/failure.ts";
import { type ReceiptId, ReviewId } from "../terms/ids.ts";
import { type CallerCode, isCallerCode, notWhole, refusalSentence, refusalWordings } from "../terms/refusal-words.ts";
import type { ErrorSaid } from "../wire/format.ts";

export interface Refusal {
  readonly status: number;
  readonly code: CallerCode;
  readonly type: string;
  readonly message: string;
  readonly reason: string | null;
  readonly canRetry: boolean;
  readonly retryAfterSeconds: number | undefined;
  /** What of the request it is about, by the caller's name for it; never a text of the caller's. */
  readonly field: string | null;
  /** The review that it waits for, or that refused it. */
  readonly review: ReviewId | undefined;
}

/** The refusal a failure becomes on the wire. A failure that no caller should learn about becomes `gateway_closed`. */
export function refusalOf(failure: Failure): Refusal {
  const code = isCallerCode(failure.code) ? failure.code : "gateway_closed";
  const wording = refusalWordings[code];
  const reason = typeof failure.detail["reason"] === "string" ? failure.detail["reason"] : null;
  const retryAfter = failure.detail["retryAfterSeconds"];
  return {
    status: httpStatus[code],
    code,
    type: wording.type,
    message: code === failure.code ? sentenceOf(failure, code, reason) : wording.sentence,
    reason,
    canRetry: wording.canRetry,
    retryAfterSeconds: typeof retryAfter === "number" ? retryAfter : undefined,
    field: fieldOf(failure),
    review: ReviewId.safeParse(failure.detail["review"]).data,
  };
}

function fieldOf({ code, detail }: Failure): string | null {
  const { field } = detail;
  const isTold = speaking.some((known) => known === code);
  return isTold && typeof field === "string" && /^[\w.-]{1,256}$/.test(field) ? field : null;
}

/** The refusal as a format's error object is made from it. Whoever waits for a review is given its id. */
export function saidOf(refusal: Refusal, id: ReceiptId, contact: string): ErrorSaid {
  const { message, type, code, reason, field, status, review } = refusal;
  const named = code === "review_pending" ? (review ?? id) : id;
  return { message, type, code, reason, field, status, id: named, contact };
}

/** Names the review of a request, wherever it had one. */
export const reviewHeader = "x-headgate-review";

/** Codes whose failures speak for themselves: they name fields and limits, never what a caller wrote. */
const speaking: readonly CallerCode[] = ["request_invalid", "feature_unsupported", "body_too_large"];

function sentenceOf(failure: Failure, code: CallerCode, reason: string | null): string {
  const own = speaking.find((one) => one === code);
  if (own !== undefined && failure.message !== "") return failure.message;
  if (code === "key_unknown" && failure.detail["isWhole"] === false) return notWhole;
  const named = typeof failure.detail["digest"] === "string" ? ` (${failure.detail["digest"]})` : "";
  const { what, opensAt } = failure.detail;
  const later = typeof opensAt === "string" ? ` It opens at ${opensAt}.` : "";
  return `${refusalSentence(code, reason, typeof what === "string" ? what : undefined)}${named}${later}`;
}
