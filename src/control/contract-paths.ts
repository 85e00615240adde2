// Paths and refusals of the contract, for everybody who asks the control plane: the CLI and the console.
import { z } from "zod";
import { Failure, type FailureCode, httpStatus } from "../terms/failure.ts";
import { ErrorView } from "./contract.ts";

/** A route of the contract with its parameters filled in. */
export function pathOf(route: string, values: Readonly<Record<string, string>> = {}): string {
  return route.replaceAll(/:([a-z]+)/g, (_, name: string) => encodeURIComponent(values[name] ?? ""));
}

const KnownCode = z.enum(Object.keys(httpStatus).filter((code): code is FailureCode => code in httpStatus));

/** How the data plane refuses: its errors name a contact, which the control plane's do not. */
const DataPlaneError = z.object({ error: z.object({ contact: z.string() }) });

export interface Answered {
  readonly status: number;
  /** Origin and path that were asked. */
  readonly place: string;
}

/** The server's refusal as a failure of our own; what it lacks travels in `detail.needs`. */
export function refusalIn(answer: unknown, { status, place }: Answered): Failure {
  const body = ErrorView.safeParse(answer);
  if (!body.success) return otherAnswer({ status, place, isDataPlane: DataPlaneError.safeParse(answer).success });
  const { code, message, detail, needs } = body.data.error;
  const known = KnownCode.safeParse(code);
  return new Failure(known.success ? known.data : "server_unreachable", message, {
    detail: needs.length === 0 ? detail : { ...detail, needs: needs.join(",") },
  });
}

/** An answer that is not the control plane's: most often of another port or path than was meant. */
function otherAnswer({ status, place, isDataPlane }: Answered & { readonly isDataPlane: boolean }): Failure {
  const what = `${place} answered ${status}.`;
  const detail = { status };
  if (isDataPlane && new URL(place).pathname.startsWith("/api/")) {
    return new Failure("server_unreachable", `${what} That is a data plane, for callers; name the control plane.`, {
      detail,
    });
  }
  const hint = isDataPlane && status === 404 ? " A gateway's log lies under /log." : "";
  return new Failure(status === 404 ? "not_found" : "server_unreachable", `${what}${hint}`, { detail });
}
