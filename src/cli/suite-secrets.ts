// The secrets that a suite asks for, of its judges and its attacker: whoever wrote it chose the address that they are sent to. A suite of
// an outside organisation gets none of anybody else's; one of the operator's own is told before it is used.
import type { State } from "../acts/state.ts";
import { judgesOf } from "../evidence/graders/grader-document.ts";
import type { Suite } from "../evidence/suite-document.ts";
import { Failure } from "../terms/failure.ts";
import type { Digest, Name } from "../terms/ids.ts";
import type { Session } from "./session.ts";

interface AskedServer {
  readonly url: string;
  readonly key?: string | undefined;
}

/** Fails with request_invalid where the suite is another organisation's and names a secret of whoever runs it. */
export function checkSuiteSecrets({ state, me }: Session, digest: Digest, suite: Suite): void {
  const house = houseOf(state, digest);
  if (house === undefined || house === me.affiliation) return;
  const servers: readonly AskedServer[] = [
    ...judgesOf(suite.grader),
    ...(suite.attacker === undefined ? [] : [suite.attacker]),
  ];
  const asking = servers.find(({ key }) => key !== undefined);
  if (asking === undefined) return;
  throw new Failure(
    "request_invalid",
    `Suite ${suite.name} is of ${house}, and would send your secret ${asking.key ?? ""} to ${asking.url}. If they may have it, apply the suite under a name of your own.`,
  );
}

/** The organisation outside the operator that brought it. */
function houseOf({ documents }: State, digest: Digest): Name | undefined {
  return [...(documents.get("Suite")?.values() ?? [])].find(({ all }) => all.has(digest))?.of;
}

/** Where questions go, and with which secret, in words. */
export function serverInWords({ url, key }: AskedServer): string {
  return `${url}${key === undefined ? "" : `, with ${key}`}`;
}
