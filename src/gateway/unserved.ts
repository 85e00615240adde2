// Addresses that clients of the makers know and that are not served here: what lies behind them would keep or carry what the
// safeguards do not read. Refused by name, whatever the method, so that nobody takes them for a wrong base URL.
import { Failure } from "../terms/failure.ts";

const kept = "it keeps texts, or works on them, where the safeguards cannot see it";
const notText = "it carries something other than text";
const elsewhere = "it is no call to a model that was released";

const unserved: readonly (readonly [root: string, why: string])[] = [
  ["/v1/completions", "send messages to /v1/chat/completions"],
  ...["files", "uploads", "batches", "containers", "vector_stores", "conversations", "threads", "assistants"].map(
    (name) => [`/v1/${name}`, kept] as const,
  ),
  ...["realtime", "audio", "images", "videos"].map((name) => [`/v1/${name}`, notText] as const),
  ...["fine_tuning", "evals", "moderations"].map((name) => [`/v1/${name}`, elsewhere] as const),
];

/** What is served by itself, and not what the makers have below it: stored answers, batches, compaction. */
const served = ["/v1/chat/completions", "/v1/responses", "/v1/messages"];

/** The refusal of such an address; undefined for every other one. */
export function refusalOfUnserved(pathname: string): Failure | undefined {
  const below = served.find((root) => pathname.startsWith(`${root}/`));
  if (below !== undefined) return refusal(`${below}/…`, kept);
  const found = unserved.find(([root]) => pathname === root || pathname.startsWith(`${root}/`));
  return found === undefined ? undefined : refusal(...found);
}

function refusal(what: string, why: string): Failure {
  return new Failure("feature_unsupported", `${what} is not served here: ${why}.`);
}
