// The servers that a suite names, its judges and its attacker: whoever wrote it chose where answers of a model that is held back are
// sent, and which secret goes with them. A suite of an outside organisation gets no secret of anybody else's, and nothing at all is sent
// to its addresses before whoever runs it has named them. That a secret is there is known before anything is paid for.
import { z } from "zod";
import type { State } from "../../acts/state.ts";
import { judgesOf } from "../../evidence/graders/grader-document.ts";
import type { Suite } from "../../evidence/suite-document.ts";
import { resolveSecret } from "../../outbound/secret.ts";
import { Failure, failureCode } from "../../terms/failure.ts";
import type { Digest, Name } from "../../terms/ids.ts";
import { secretsOf } from "../context.ts";
import type { Session } from "../session.ts";

interface AskedServer {
  readonly url: string;
  readonly key?: string | undefined;
}

const originsMax = 64;

/** Addresses as `--judge-origin` takes them: scheme, host and port, with commas between them. */
export const JudgeOrigins = z
  .string()
  .transform((text) => text.split(",").map((origin) => origin.trim().replace(/\/$/, "")))
  .refine(
    (origins) => origins.length <= originsMax && origins.every((origin) => URL.parse(origin)?.origin === origin),
    `addresses of servers without a path, with commas between them, ${originsMax} at most: for example https://judge.example`,
  );

export interface SuiteServers {
  readonly suite: Suite;
  readonly digest: Digest;
  /** What `--judge-origin` names. */
  readonly origins: readonly string[] | undefined;
}

/** Fails with request_invalid where the suite is another organisation's, and would get what nobody here said it may have. */
export function checkSuiteServers(
  { state, me, profile }: Session,
  { suite, digest, origins = [] }: SuiteServers,
): void {
  const house = houseOf(state, digest);
  if (house === undefined || house === me.affiliation) return;
  const servers = serversOf(suite);
  const asking = servers.find(({ key }) => key !== undefined);
  if (asking !== undefined) {
    throw new Failure(
      "request_invalid",
      `Suite ${suite.name} is of ${house}, and would send your secret ${asking.key ?? ""} to ${asking.url}. If they may have it, apply the suite under a name of your own.`,
    );
  }
  const allowed = new Set([...origins, ...(profile.judgeOrigins ?? [])]);
  const wanted = [...new Set(servers.map(({ url }) => new URL(url).origin))];
  const strange = wanted.filter((origin) => !allowed.has(origin));
  if (strange.length === 0) return;
  throw new Failure(
    "request_invalid",
    `Suite ${suite.name} is of ${house}, and would send what is asked and answered to ${strange.join(" and ")}. If that may be, say so: --judge-origin ${wanted.join(",")}`,
  );
}

/** The same before a run, and with configuration_invalid where a secret of theirs is not there; `then` says how to go on. */
export async function checkServersThere(session: Session, servers: SuiteServers, then: string): Promise<void> {
  checkSuiteServers(session, servers);
  await checkSecretsThere(session, servers.suite, then);
}

async function checkSecretsThere({ context }: Session, suite: Suite, then: string): Promise<void> {
  for (const { key } of serversOf(suite)) {
    if (key === undefined) continue;
    try {
      await resolveSecret(key, secretsOf(context));
    } catch (cause) {
      if (failureCode(cause) !== "configuration_invalid" || !(cause instanceof Failure)) throw cause;
      throw new Failure("configuration_invalid", `${cause.message} Nothing was asked. ${then}`, { cause });
    }
  }
}

function serversOf({ grader, attacker }: Suite): readonly AskedServer[] {
  return [...judgesOf(grader), ...(attacker === undefined ? [] : [attacker])];
}

/** The organisation outside the operator that brought it. */
function houseOf({ documents }: State, digest: Digest): Name | undefined {
  return [...(documents.get("Suite")?.values() ?? [])].find(({ all }) => all.has(digest))?.of;
}

/** Where questions go, and with which secret, in words. */
export function serverInWords({ url, key }: AskedServer): string {
  return `${url}${key === undefined ? "" : `, with ${key}`}`;
}
