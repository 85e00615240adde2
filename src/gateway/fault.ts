// What an error becomes that ends an exchange, and what the operator is told of it. Of a fault of our own that is the kind of
// error and the place it was thrown from. Its message stays unsaid, because it may quote what a caller wrote.
import { Failure, type FailureCode } from "../terms/failure.ts";
import { faultOf } from "../terms/trouble.ts";
import type { Gateway } from "./gateway.ts";

function upstreamTrouble({ code, detail }: Failure): { readonly code: string; readonly why: string } {
  const { why, phase } = detail;
  return { code, why: typeof why === "string" ? why : typeof phase === "string" ? phase : "unknown" };
}

/** Codes that say a model server cannot be had: to a caller all of them are an upstream that failed. */
const upstreamCodes: ReadonlySet<FailureCode> = new Set<FailureCode>(["model_unavailable", "destination_refused"]);

/** A fault of ours closes the gate to this request and is told to the operator: its kind and place, never its text. */
export function asFailure(error: unknown, { report }: Pick<Gateway, "report">): Failure {
  if (!(error instanceof Failure)) {
    report("fault", faultOf(error));
    return new Failure("gateway_closed", "", { cause: error });
  }
  if (error.code.startsWith("upstream_")) report("upstream", upstreamTrouble(error));
  if (!upstreamCodes.has(error.code)) return error;
  report("upstream", { code: error.code });
  return new Failure("upstream_failed", "", { cause: error, detail: { why: error.code } });
}
