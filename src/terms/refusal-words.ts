// What callers are told of each refusal: the sentence, the error type of the wire format, and whether asking again can help.
// Here, and not with the gateway, because the control plane says the same to whoever asks why something is refused. To change
// a refusal's wording, change it here.
import type { FailureCode } from "./failure.ts";

export type CallerCode = Extract<
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

export const refusalWordings = {
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

export const notWhole = "This is no whole key: a character is missing or wrong. Copy it again.";

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

/** The sentence for a code, its reason, and what happened, as exactly as there is one. */
export function refusalSentence(code: CallerCode, reason: string | null, what?: string): string {
  const told = `${code}:${reason}`;
  const exact = what === undefined ? undefined : sentences[`${told}:${what}`];
  return exact ?? sentences[told] ?? refusalWordings[code].sentence;
}

export function isCallerCode(code: string): code is CallerCode {
  return Object.hasOwn(refusalWordings, code);
}
