// `headgate join CODE`: makes the newcomer's key on their own machine. The statement is signed by the one-time key of the
// invitation and by the new key; the trust root is pinned from the code, not from what the server says.
import { rmSync } from "node:fs";
import type { Command } from "commander";
import { checkNamed, parseInvitation, signAdmission } from "../../acts/invitation.ts";
import { DeploymentView, routes } from "../../control/contract.ts";
import { newSigner, nodePrimitives, randomId, signerFromSeed } from "../../proof/node.ts";
import { Failure } from "../../terms/failure.ts";
import { instantOf, timestampOf } from "../../terms/ids.ts";
import { type Answer, done } from "../answer.ts";
import { createClient } from "../client.ts";
import type { Context } from "../context.ts";
import { createProfile } from "../profile.ts";
import { identify, openSession, recordedIndex, submit } from "../session.ts";
import { type Call, addVerb, argument, noOptions } from "../verb.ts";

export function addJoinVerb(program: Command, context: Context): void {
  addVerb(program, context, {
    usage: "join <code>",
    summary: "join a deployment with an invitation code; makes your key on this machine",
    options: noOptions,
    run: joinDeployment,
  });
}

async function joinDeployment(call: Call<object>): Promise<Answer> {
  const { base, context } = call;
  const path = base.profile ?? context.profile;
  if (path === undefined) {
    throw new Failure("profile_invalid", "Name the file your new key is to be kept in: --profile bo.json");
  }
  const invitation = parseInvitation(argument(call, 0));
  if (instantOf(invitation.notAfter) < context.now()) {
    throw new Failure("authority_missing", "This invitation has expired. Ask for a new one.");
  }
  const server = base.server ?? invitation.server;
  const deployment = await createClient({ server, reader: undefined, now: context.now }).get(
    routes.deployment,
    DeploymentView,
  );
  checkNamed(deployment, invitation);
  const { signer, seed } = newSigner();
  const { person, role } = invitation;
  createProfile(path, {
    format: "headgate-profile/1",
    server,
    dataPlane: deployment.dataPlane,
    deployment: invitation.deployment,
    root: invitation.root,
    demo: invitation.demo,
    person,
    role,
    seed,
    checkpoint: invitation.seen,
  });
  const oneTime = signerFromSeed(invitation.seed);
  const fresh = { nonce: randomId("", 32), at: timestampOf(context.now()) };
  const envelope = await signAdmission(invitation, { oneTime, signer, ...fresh }, nodePrimitives);
  try {
    recordedIndex(await submit(identify({ ...base, profile: path }, context), envelope));
  } catch (error) {
    if (error instanceof Failure && error.code !== "server_unreachable") rmSync(path, { force: true });
    throw error;
  }
  await openSession({ ...base, profile: path }, context);
  return done(
    { person, role, deployment: invitation.deployment, root: invitation.root, profile: path },
    `You joined ${invitation.deployment} as ${role}. Your key is in ${path}; keep a copy in a safe place.`,
    `headgate release status MODEL --profile ${path}`,
  );
}
