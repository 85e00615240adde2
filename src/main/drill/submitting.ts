// Statements that the drill hands to the control plane by itself: forged, edited, sent again.
import type { BodyOf, Verb } from "../../acts/bodies.ts";
import { type Session, openSession, submit } from "../../cli/session.ts";
import type { Profile } from "../../cli/profile.ts";
import { signStatement } from "../../acts/statement.ts";
import { nodePrimitives, randomId } from "../../proof/node.ts";
import type { Signer } from "../../proof/primitives.ts";
import { Failure } from "../../terms/failure.ts";
import { Instant, timestampOf } from "../../terms/ids.ts";
import type { Ground } from "./ground.ts";

export async function sessionOf(ground: Ground, profile: string): Promise<Session> {
  return openSession({ json: true, profile }, ground.desk.context);
}

/** A statement of anybody's making, for the deployment of a profile, signed by whoever is given. */
export async function forge<V extends Verb>(
  { deployment }: Pick<Profile, "deployment">,
  { verb, body }: { readonly verb: V; readonly body: BodyOf<V> },
  signers: readonly Signer[],
): Promise<Uint8Array> {
  const draft = {
    deployment,
    verb,
    body,
    nonce: randomId("", 32),
    at: timestampOf(Instant.parse(Date.now())),
    seen: null,
  };
  return signStatement(draft, signers, nodePrimitives);
}

/** The code it is refused with; undefined where it was recorded. One that only waits for others is `quorum_missing`. */
export async function refusalOf(session: Session, envelope: Uint8Array): Promise<string | undefined> {
  try {
    const { answer } = await submit(session, envelope);
    return answer.kind === "pending" ? "quorum_missing" : undefined;
  } catch (error) {
    if (error instanceof Failure) return error.code;
    throw error;
  }
}
