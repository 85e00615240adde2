// `headgate init`: the first owner. Makes the owner's key here, writes the trust root from what the server says its keys
// are, signs it, and pins it in the new profile. The one-time code proves that whoever asks may: it lies in a file that
// only the server's own user can read.
import { rmSync } from "node:fs";
import type { Command } from "commander";
import { z } from "zod";
import type { Root } from "../acts/bodies.ts";
import { openStatement, signStatement } from "../acts/statement.ts";
import { DeploymentView, StatementAnswer, routes } from "../control/contract.ts";
import { toBase64 } from "../proof/encoding.ts";
import { newSigner, nodePrimitives, randomId } from "../proof/node.ts";
import { Failure } from "../terms/failure.ts";
import { PersonId, timestampOf } from "../terms/ids.ts";
import type { Seat } from "../terms/role.ts";
import { type Answer, done } from "./answer.ts";
import { createClient } from "./client.ts";
import type { Context } from "./context.ts";
import { readBounded } from "./files.ts";
import { createProfile } from "./profile.ts";
import { committed } from "./session.ts";
import { type Call, addVerb } from "./verb.ts";

const Options = z.object({
  name: z.string().trim().min(1).max(200),
  code: z.string().trim().min(1).max(200).optional(),
});

const codeBytesMax = 1024;

export function addInitVerb(program: Command, context: Context): void {
  addVerb(program, context, {
    usage: "init",
    summary: "become the first owner of a new deployment",
    flags: [
      ["--name <name>", "your name, for people; it stays out of the ledger"],
      ["--code <code>", "the one-time code, where the server's data folder is not on this machine"],
    ],
    options: Options,
    run: initialise,
  });
}

async function initialise(call: Call<z.infer<typeof Options>>): Promise<Answer> {
  const { options, base, context } = call;
  const path = base.profile ?? context.profile;
  if (path === undefined) {
    throw new Failure("profile_invalid", "Name the file your new key is to be kept in: --profile ada.json");
  }
  const client = createClient({ server: base.server ?? context.server, reader: undefined, now: context.now });
  const deployment = await client.get(routes.deployment, DeploymentView);
  if (deployment.initialised) {
    throw new Failure(
      "conflict",
      "This deployment has an owner already. Ask them for an invitation: headgate person invite",
    );
  }
  const code = options.code ?? localCode(context);
  const { signer, seed } = newSigner();
  const name = committed(options.name);
  const person = PersonId.parse(randomId("person_", 16));
  const body = firstRoot(deployment, { person, key: signer.publicKey, name: name.digest });
  const draft = {
    deployment: deployment.deployment,
    verb: "root",
    body,
    nonce: randomId("", 32),
    at: timestampOf(context.now()),
    seen: null,
  } as const;
  const envelope = await signStatement(draft, [signer], nodePrimitives);
  const root = (await openStatement(envelope, nodePrimitives)).digest;
  // The key is on disk before anyone can know its public half: a crash must not leave a deployment nobody owns.
  createProfile(path, {
    format: "headgate-profile/1",
    server: client.server,
    dataPlane: deployment.dataPlane,
    deployment: deployment.deployment,
    root,
    demo: deployment.demo,
    person,
    role: "owner",
    seed,
    checkpoint: null,
  });
  const request = { envelope: toBase64(envelope), openings: [name.opening] };
  try {
    await client.post(routes.root, request, { type: StatementAnswer, headers: { "x-headgate-code": code } });
  } catch (error) {
    forgetRefused(path, error);
    throw error;
  }
  return done(
    { person, role: "owner", deployment: deployment.deployment, root, profile: path },
    `You are the first owner of ${deployment.deployment}. Your key is in ${path}; keep a copy in a safe place.\nTrust root: ${root}`,
    `headgate person invite --name NAME --role safety --profile ${path}\n      for the console in a browser: headgate person link --profile ${path}`,
  );
}

/** A server that answered did not record it, so the profile is nobody's. One that did not answer may have. */
function forgetRefused(path: string, error: unknown): void {
  if (error instanceof Failure && error.code !== "server_unreachable" && error.code !== "store_unavailable") {
    rmSync(path, { force: true });
  }
}

function localCode(context: Context): string {
  const path = context.codeFile;
  const found = readBounded(path, codeBytesMax);
  if (found !== undefined) return Buffer.from(found.bytes).toString("utf8").trim();
  throw new Failure(
    "request_invalid",
    `There is no one-time code at ${path}. Give it with --code; \`headgate serve\` says which file it wrote it to.`,
  );
}

const pair: Seat[] = [
  { role: "owner", count: 1 },
  { role: "safety", count: 1 },
];

/** One person may open `internal`, marked so; everything wider takes an owner and somebody from safety, whatever a plan says. */
function firstRoot(deployment: DeploymentView, owner: NonNullable<Root["firstOwner"]>): Root {
  return {
    version: 1,
    previous: null,
    demo: deployment.demo,
    log: deployment.log,
    control: deployment.control,
    gateways: deployment.gateways,
    personsForChange: 1,
    floors: { internal: [{ role: "owner", count: 1 }], evaluators: pair, trusted: pair, limited: pair, general: pair },
    firstOwner: owner,
  };
}
