// What a verb answers and how it leaves: a JSON value for scripts, words for people, and one of four exit codes. Verbs
// return answers and throw failures; only `show` and `showFailure` write, so that no verb prints by its own rules.
import { Failure, type FailureCode } from "../terms/failure.ts";
import type { Context, ExitCode } from "./context.ts";
import { legibleLines } from "./legible.ts";

export interface Answer {
  /** Printed on one line with --json. */
  readonly json: unknown;
  /** Printed without it; may have several lines. */
  readonly text: string;
  readonly exit: ExitCode;
  /** What to do next, for people; on the error stream. */
  readonly next: string | undefined;
  /** True where the verb has written its lines itself, one by one. */
  readonly isPrinted?: boolean;
}

export function done(json: unknown, text: string, next?: string): Answer {
  return { json, text, exit: 0, next };
}

/** The question was answered and the answer is no, or not yet. */
export function notPassed(json: unknown, text: string, next?: string): Answer {
  return { json, text, exit: 1, next };
}

export function inconclusive(json: unknown, text: string, next?: string): Answer {
  return { json, text, exit: 3, next };
}

export function show(answer: Answer, isJson: boolean, context: Context): void {
  const text = isJson ? JSON.stringify(answer.json) : answer.text;
  if (text !== "" && answer.isPrinted !== true) context.write(`${text}\n`);
  if (!isJson && answer.next !== undefined) context.tell(`Next: ${answer.next}\n`);
  context.leave(answer.exit);
}

/** One clear sentence on the error stream, or its JSON. Anything that is not a Failure is a fault of the program. */
export function showFailure(error: unknown, isJson: boolean, context: Pick<Context, "tell" | "leave">): void {
  const failure = error instanceof Failure ? error : undefined;
  if (failure === undefined) {
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    context.tell(`headgate: this is a fault of the program itself; please report it.\n${why}\n`);
    context.leave(1);
    return;
  }
  // Messages name what a file or a server calls things.
  const { code, message, detail } = failure;
  const needs = needsOf(failure);
  context.tell(
    isJson
      ? `${JSON.stringify({ error: { code, message, detail, needs } })}\n`
      : `headgate: ${legibleLines(message)}\n`,
  );
  context.leave(exitOf[code]);
}

/** Whose signatures or what measures a refusal says are missing. They travel in `detail.needs`, joined by commas. */
function needsOf(failure: Failure): readonly string[] {
  const { needs } = failure.detail;
  return typeof needs === "string" && needs !== "" ? needs.split(",") : [];
}

/** How a verb leaves that ends in a failure. Refused is 1; wrong input is 2; what nobody could find out now is 3. */
const exitOf = {
  key_missing: 1,
  key_unknown: 1,
  key_suspended: 1,
  model_unknown: 2,
  stage_closed: 1,
  agreement_missing: 1,
  scope_missing: 1,
  quota_exhausted: 1,
  policy_blocked: 1,
  review_pending: 1,
  feature_unsupported: 2,
  safeguard_unavailable: 3,
  gateway_closed: 3,
  upstream_failed: 3,
  upstream_timeout: 3,
  body_too_large: 2,
  request_invalid: 2,
  not_found: 2,
  document_invalid: 2,
  statement_invalid: 2,
  signature_invalid: 1,
  authority_missing: 1,
  quorum_missing: 1,
  gate_not_passed: 1,
  conflict: 1,
  session_missing: 1,
  deployment_uninitialised: 1,
  proof_invalid: 1,
  fork_detected: 1,
  trust_unknown: 3,
  mark_ahead: 3,
  mark_full: 3,
  store_unavailable: 3,
  schema_newer: 3,
  schema_changed: 3,
  clock_behind: 3,
  disk_full: 3,
  artefact_missing: 3,
  destination_refused: 2,
  configuration_invalid: 2,
  profile_invalid: 2,
  model_unavailable: 3,
  server_unreachable: 3,
} as const satisfies Record<FailureCode, 1 | 2 | 3>;
