// Every refusal a caller of the data plane can meet, in words: the sentence, the error type of the wire format, and
// whether asking again can help. To change a refusal's wording, change it here; only what a failure in `speaking` says of a
// field, a limit or a feature stands where it is thrown.
import type { Failure, FailureCode } from "../terms/failure.ts";
import { httpStatus } from "../terms/failure.ts";
import { type ReceiptId, ReviewId } from "../terms/ids.ts";
import type { ErrorSaid } from "../wire/format.ts";

type CallerCode = Extract<
  FailureCode,
  | "key_missing"
  | "key_unknown"
  | "key_suspended"
  | "model_unknown"
  | "stage_closed"
  | "agreement_missing"
  | "scope_missing"
  | "quota_exhausted"
  | "policy_blocked"
  | "review_pending"
  | "feature_unsupported"
  | "safeguard_unavailable"
  | "gateway_closed"
  | "upstream_failed"
  | "upstream_timeout"
  | "body_too_large"
  | "request_invalid"
  | "not_found"
>;

interface Wording {
  /** `error.type` as OpenAI's clients know it. */
  readonly type: string;
  readonly sentence: string;
  readonly canRetry: boolean;
}

const wordings = {
  key_missing: {
    type: "invalid_request_error",
    sentence: "No key was found in the request. Send it as `Authorization: Bearer hg_…` or in `x-api-key`.",
    canRetry: false,
  },
  key_unknown: {
    type: "invalid_request_error",
    sentence: "This key is not known here. Check it, or ask whoever gave it to you for a new one.",
    canRetry: false,
  },
  key_suspended: {
    type: "permission_error",
    sentence: "This key, or its organisation, is suspended or has ended. Ask your contact.",
    canRetry: false,
  },
  model_unknown: {
    type: "invalid_request_error",
    sentence: "There is no such model for this key. GET /v1/models lists what this key may use.",
    canRetry: false,
  },
  stage_closed: { type: "permission_error", sentence: "This model is not released to you now.", canRetry: false },
  agreement_missing: {
    type: "permission_error",
    sentence: "Your organisation's grant for this model has ended. Ask your contact to renew it.",
    canRetry: false,
  },
  scope_missing: {
    type: "permission_error",
    sentence: "This use is restricted to organisations vetted for it. Ask your contact about the scope.",
    canRetry: false,
  },
  quota_exhausted: {
    type: "rate_limit_error",
    sentence: "A limit of this key, its organisation or this model is used up. Wait as long as `retry-after` says.",
    canRetry: true,
  },
  policy_blocked: {
    type: "invalid_request_error",
    sentence: "The usage policy does not allow this request. If that is wrong, quote the id to your contact.",
    canRetry: false,
  },
  review_pending: {
    type: "invalid_request_error",
    sentence: "A person has to look at this first. Send the same request again later; `error.id` names the review.",
    canRetry: false,
  },
  feature_unsupported: {
    type: "invalid_request_error",
    sentence: "This feature would go round the safeguards and is not offered.",
    canRetry: false,
  },
  safeguard_unavailable: {
    type: "api_error",
    sentence: "A safeguard could not run, so nothing is served. Try again shortly.",
    canRetry: true,
  },
  gateway_closed: {
    type: "api_error",
    sentence: "The gateway cannot prove that it may serve now, so it is closed. Try again shortly.",
    canRetry: true,
  },
  upstream_failed: { type: "api_error", sentence: "The model server did not answer properly.", canRetry: true },
  upstream_timeout: { type: "api_error", sentence: "The model server took too long.", canRetry: true },
  body_too_large: { type: "invalid_request_error", sentence: "The request is larger than allowed.", canRetry: false },
  request_invalid: { type: "invalid_request_error", sentence: "The request is not valid.", canRetry: false },
  not_found: { type: "invalid_request_error", sentence: "There is nothing at this address.", canRetry: false },
} as const satisfies Record<CallerCode, Wording>;

const notWhole = "This is no whole key: a character is missing or wrong. Copy it again.";

/** What is told by code and reason, and of some also by what happened. */
const sentences: Readonly<Record<string, string>> = {
  "key_suspended:network": "This key may not be used from this address. Ask your contact which networks it is for.",
  "stage_closed:withheld": "No certificate is in force for this model at your stage, so nobody at it can be served.",
  "stage_closed:held": "A release hold stops this model, or your use of it. It reopens when the hold is answered.",
  "stage_closed:expired": "The certificate of this model has expired, and none has replaced it.",
  "stage_closed:lapsed": "The certificate of this model lapsed: what it rested on was withdrawn, or shows it no more.",
  "stage_closed:changed": "What would be served here is not what was certified, so the gateway is closed.",
  "stage_closed:changed:restricted": "This model was restricted while this was answered. Send it again.",
  "stage_closed:changed:modes":
    "This model's safeguards came to have other modes for you while this was answered. Send it again.",
  "stage_closed:changed:scopes":
    "A scope that your organisation had lifts nothing here any more, since this was begun. Send it again.",
  "stage_closed:changed:replaced":
    "Another certificate of this model took effect while this was answered. Send it again.",
  "stage_closed:incident": "An incident ended the certificate of this model.",
  "stage_closed:share": "This model is open to a part of its callers so far, and not to this one.",
  "stage_closed:country":
    "This model is open only to organisations registered in certain countries, and yours is in none of them, or in none that is known.",
  "stage_closed:surface": "This model is not open over this format. Ask your contact which formats it is open over.",
  "stage_closed:hours": "This model is open to you at certain hours only, and not now.",
  "stage_closed:not-yet": "The certificate of this model is not in force yet.",
  "safeguard_unavailable:overloaded":
    "Too much of what you sent waits for a safeguard, so this is not served. Send less at once, and try again shortly.",
  "safeguard_unavailable:too-long": "This is longer than a safeguard reads, so it is not served. Send less at once.",
  "safeguard_unavailable:unscannable":
    "This is encoded so often over that no safeguard can read it, so it is not served. Send it as it reads.",
};

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
  const wording: Wording = wordings[code];
  const reason = typeof failure.detail["reason"] === "string" ? failure.detail["reason"] : null;
  const retryAfter = failure.detail["retryAfterSeconds"];
  return {
    status: httpStatus[code],
    code,
    type: wording.type,
    message: code === failure.code ? sentenceOf(failure, wording, reason) : wording.sentence,
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

function sentenceOf(failure: Failure, wording: Wording, reason: string | null): string {
  const own = speaking.find((code) => code === failure.code);
  if (own !== undefined && failure.message !== "") return failure.message;
  if (failure.code === "key_unknown" && failure.detail["isWhole"] === false) return notWhole;
  const named = typeof failure.detail["digest"] === "string" ? ` (${failure.detail["digest"]})` : "";
  const { what, opensAt } = failure.detail;
  const later = typeof opensAt === "string" ? ` It opens at ${opensAt}.` : "";
  const told = `${failure.code}:${reason}`;
  const sentence = typeof what === "string" ? sentences[`${told}:${what}`] : undefined;
  return `${sentence ?? sentences[told] ?? wording.sentence}${named}${later}`;
}

function isCallerCode(code: FailureCode): code is CallerCode {
  return code in wordings;
}
