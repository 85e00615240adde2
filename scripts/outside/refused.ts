// What an error answer of the gateway means in a list of outcomes.
import { z } from "zod";

/** What no list may have: neither as directly nor refused by name. */
export const differs = "DIFFERS";

const Refused = z.object({ error: z.object({ code: z.string() }) });

/** These say that something went wrong, not that a call is not served here. */
const faults: ReadonlySet<string> = new Set(["upstream_failed", "upstream_timeout", "gateway_closed"]);

/** The code of a refusal; `differs` for every other error. */
export function refusedBy(answer: string): string {
  const refused = Refused.safeParse(answer.startsWith("{") ? JSON.parse(answer) : undefined);
  const code = refused.success ? refused.data.error.code : differs;
  return faults.has(code) ? differs : code;
}
