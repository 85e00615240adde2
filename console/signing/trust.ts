// Which ledger this browser trusts: the digest of its first trust root, and the largest tree it saw. Told by an invitation, or, for
// reading only, taken from the server the first time: then it notices that the ledger changes, not that it was another from the start.
import { z } from "zod";
import { Seen } from "../../src/acts/statement.ts";
import { Failure } from "../../src/terms/failure.ts";
import { DeploymentId, Digest } from "../../src/terms/ids.ts";
import { keep, readKept } from "./database.ts";

const Trust = z.object({
  deployment: DeploymentId,
  root: Digest,
  basis: z.enum(["told", "first-use"]),
  checkpoint: Seen.nullable(),
});
export type Trust = z.infer<typeof Trust>;

export async function readTrust(deployment: DeploymentId): Promise<Trust | undefined> {
  return readKept("trust", deployment, Trust);
}

/** Pins a root that somebody told the person. Fails with trust_unknown where this browser saw a ledger with another beginning. */
export async function pinRoot(deployment: DeploymentId, root: Digest): Promise<void> {
  const before = await readTrust(deployment);
  if (before !== undefined && before.root !== root) {
    const message =
      "The ledger that this browser saw here before begins with another trust root than the one you were told. Ask whoever invited you, by another way, before you go on.";
    throw new Failure("trust_unknown", message);
  }
  await keep("trust", { deployment, root, basis: "told", checkpoint: before?.checkpoint ?? null });
}

/** What is pinned here; where nothing is, the root that the server names is from now on. */
export async function trustIn(deployment: DeploymentId, named: Digest | null): Promise<Trust> {
  const before = await readTrust(deployment);
  if (before !== undefined) return before;
  if (named === null) {
    throw new Failure("deployment_uninitialised", "Nobody owns this deployment yet. Run: headgate init");
  }
  const trust = { deployment, root: named, basis: "first-use", checkpoint: null } as const;
  await keep("trust", trust);
  return trust;
}

/** Keeps the largest tree seen: whichever of two pages saw more wins. */
export async function rememberSeen(deployment: DeploymentId, seen: Seen): Promise<void> {
  const before = await readTrust(deployment);
  if (before === undefined || (before.checkpoint !== null && before.checkpoint.size >= seen.size)) return;
  await keep("trust", { ...before, checkpoint: seen });
}
