// The profile: who you are, on your own machine. It holds the seed of your key, the trust root you pinned and the largest
// ledger you saw; with these a forked or shortened ledger is refused, so every profile is a witness. Mode 0600.
import { z } from "zod";
import { Seen } from "../acts/statement.ts";
import { parseJson } from "../proof/canonical.ts";
import { Failure } from "../terms/failure.ts";
import { DeploymentId, Digest, PersonId } from "../terms/ids.ts";
import { Role } from "../terms/role.ts";
import { createFile, readBounded, replaceFile } from "./files.ts";
import { issueInWords } from "./issue-words.ts";

const Address = z.url({ protocol: /^https?$/ });

const Profile = z.strictObject({
  format: z.literal("headgate-profile/1"),
  server: Address,
  dataPlane: Address,
  deployment: DeploymentId,
  /** Act digest of the first trust root. */
  root: Digest,
  demo: z.boolean(),
  person: PersonId,
  role: Role,
  /** 32 bytes, base64: the private key itself. */
  seed: z.string().regex(/^[A-Za-z0-9+/]{43}=$/),
  /** Where judges and attackers may be that a suite of an outside organisation names: origins, written in by hand. */
  judgeOrigins: z
    .array(z.url({ protocol: /^https?$/ }))
    .max(64)
    .optional(),
  /** The largest ledger seen. */
  checkpoint: Seen.nullable(),
});
export type Profile = z.infer<typeof Profile>;

const profileBytesMax = 16_384;

/** Fails with profile_invalid where the file is missing, not a profile, or readable by others. */
export function readProfile(path: string): Profile {
  const found = readBounded(path, profileBytesMax);
  if (found === undefined) {
    throw new Failure(
      "profile_invalid",
      `There is no profile ${path}. Make one with \`headgate init\` or \`headgate join\`.`,
    );
  }
  if (found.isExposed) {
    throw new Failure("profile_invalid", `${path} holds a private key and others may read it. Run: chmod 600 ${path}`);
  }
  const limits = { bytesMax: profileBytesMax, depthMax: 3, code: "profile_invalid" } as const;
  const parsed = Profile.safeParse(parseJson(found.bytes, limits));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new Failure(
    "profile_invalid",
    `${path} is not a profile (${issue?.path.join(".") ?? ""} ${issueInWords(issue, undefined)}). Bring it back from your copy.`,
  );
}

/** Fails with conflict where the file exists: a profile is never overwritten by another person's. */
export function createProfile(path: string, profile: Profile): void {
  createFile(path, textOf(profile));
}

/** Keeps the largest checkpoint: whichever of two commands at once saw more wins. */
export function rememberCheckpoint(path: string, checkpoint: Seen): void {
  const profile = readProfile(path);
  if (profile.checkpoint !== null && profile.checkpoint.size >= checkpoint.size) return;
  replaceFile(path, textOf({ ...profile, checkpoint }));
}

function textOf(profile: Profile): string {
  return `${JSON.stringify(Profile.parse(profile), null, 2)}\n`;
}
