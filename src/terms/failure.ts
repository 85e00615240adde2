// A broken world is a thrown Failure with a code from one closed union (style 15). Refusals that callers of the data
// plane can meet are the first block; docs/errors.md has a line for each code and a test compares both ways.

/** HTTP status a code is answered with, on both planes. */
export const httpStatus = {
  key_missing: 401,
  key_unknown: 401,
  key_suspended: 403,
  model_unknown: 404,
  stage_closed: 403,
  agreement_missing: 403,
  scope_missing: 403,
  quota_exhausted: 429,
  policy_blocked: 400,
  review_pending: 409,
  feature_unsupported: 400,
  safeguard_unavailable: 503,
  gateway_closed: 503,
  upstream_failed: 502,
  upstream_timeout: 504,
  body_too_large: 413,
  request_invalid: 400,
  not_found: 404,

  document_invalid: 400,
  statement_invalid: 400,
  signature_invalid: 401,
  authority_missing: 403,
  quorum_missing: 409,
  gate_not_passed: 409,
  conflict: 409,
  session_missing: 401,
  deployment_uninitialised: 409,

  proof_invalid: 400,
  fork_detected: 409,
  trust_unknown: 409,
  mark_ahead: 503,
  mark_full: 503,
  store_unavailable: 503,
  schema_newer: 503,
  schema_changed: 503,
  clock_behind: 503,
  disk_full: 507,
  artefact_missing: 503,
  destination_refused: 502,
  configuration_invalid: 400,
  profile_invalid: 400,
  model_unavailable: 503,
  server_unreachable: 503,
} as const satisfies Record<string, number>;

export type FailureCode = keyof typeof httpStatus;

/** Where the sentence in `message` leaves off: what a program may read. Values are ids, numbers and closed words only. */
export type FailureDetail = Readonly<Record<string, string | number | boolean | null>>;

export class Failure extends Error {
  readonly code: FailureCode;
  readonly detail: FailureDetail;

  constructor(code: FailureCode, message: string, options: { cause?: unknown; detail?: FailureDetail } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = "Failure";
    this.code = code;
    this.detail = options.detail ?? {};
  }
}

/** The code of anything caught, or undefined when it is not one of ours. */
export function failureCode(error: unknown): FailureCode | undefined {
  return error instanceof Failure ? error.code : undefined;
}
