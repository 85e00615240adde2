// How each kind of safeguard that is asked over HTTP is spoken to: the one place that knows them all, and what of it is in
// the digest.
import { createHash } from "node:crypto";
import { Digest } from "../../terms/ids.ts";
import { contractSpeaker } from "./contract.ts";
import { judgeFrame, judgeSpeaker } from "./judge.ts";
import { llamaGuardSpeaker } from "./llama-guard.ts";
import { moderationSpeaker } from "./moderation.ts";
import type { Speaker } from "./question.ts";
import type { RemoteEntry } from "./remote-document.ts";

/** `secret`: of this process, so that who writes a text cannot know the marks that will stand around it. */
export function speakerOf(entry: RemoteEntry, secret: Uint8Array): Speaker {
  switch (entry.safeguard) {
    case "service@1":
      return contractSpeaker(entry);
    case "judge@1":
      return judgeSpeaker(entry, secret);
    case "llama-guard@1":
      return llamaGuardSpeaker(entry);
    case "moderation@1":
      return moderationSpeaker(entry);
  }
}

/** SHA-256 of all that an entry declares and of the words that this program puts around its question. */
export function digestOfRemote(entry: RemoteEntry): Digest {
  const frame = entry.safeguard === "judge@1" ? judgeFrame : "";
  const text = JSON.stringify([sorted({ ...entry, digest: undefined }), frame]);
  return Digest.parse(`sha256:${createHash("sha256").update(text).digest("hex")}`);
}

/** The same value with the fields of every object in one order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(
    fields.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, inner]) => [name, sorted(inner)]),
  );
}
