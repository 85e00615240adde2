// `headgate root`: the keys that everything hangs on, and the floors. A change is a statement like any other: one person
// writes it, every key that comes in signs it, and the others sign it with `headgate cosign`. Where a new key lies on
// another machine the statement travels as a file: propose --out, sign there, publish.
import { existsSync } from "node:fs";
import type { Command } from "commander";
import { z } from "zod";
import { type State, emptyState } from "../../acts/state.ts";
import { type Act, cosignStatement, openStatement } from "../../acts/statement.ts";
import { parseEnvelope } from "../../proof/envelope.ts";
import { newSigner, nodePrimitives, signerFromSeed } from "../../proof/node.ts";
import type { Signer } from "../../proof/primitives.ts";
import { Failure } from "../../terms/failure.ts";
import { PublicKey } from "../../terms/ids.ts";
import { type Answer, done } from "../answer.ts";
import type { Context } from "../context.ts";
import { createFile, readBounded, readNeeded } from "../files.ts";
import { nextRoot } from "./root-change.ts";
import { rootChanges, rootInWords } from "../../acts/root-words.ts";
import { type Session, openSession, recordedIndex, signAs, submit } from "../session.ts";
import { type Call, addVerb, argument, noOptions, sameProfile } from "../verb.ts";
import { describeAct } from "../../acts/act-words.ts";

const Texts = z.array(z.string().min(1)).max(64).default([]);
const Propose = z.object({
  persons: z.coerce.number().int().min(1).max(20).optional(),
  floor: Texts,
  addGateway: Texts,
  removeGateway: Texts,
  controlKey: z.string().min(1).optional(),
  out: z.string().min(1).optional(),
});
const Sign = z.object({ key: z.string().min(1), out: z.string().min(1) });

const statementBytesMax = 65_536;
const keyBytesMax = 256;

export function addRootVerbs(program: Command, context: Context): void {
  const root = program.command("root").description("the trust root: server keys, floors, and who may change them");
  addVerb(root, context, { usage: "show", summary: "the trust root in force", options: noOptions, run: showRoot });
  addVerb(root, context, {
    usage: "propose",
    summary: "write the next version of the trust root; others sign it with `headgate cosign`",
    flags: [
      ["--persons <count>", "how many persons a change of the root takes"],
      ["--floor <floors...>", "least quorum of a stage: STAGE=ROLE:COUNT,ROLE:COUNT; may be repeated"],
      ["--add-gateway <keys...>", "key file of a gateway (made where there is none), or a public key; may be repeated"],
      ["--remove-gateway <keys...>", "public key of a gateway; may be repeated"],
      ["--control-key <key>", "key file of the control plane (made where there is none), or a public key"],
      ["--out <file>", "do not send it: write it here, for `root sign` and `root publish`"],
    ],
    options: Propose,
    run: propose,
    more: "Certificates stay; open proposals name the root they were made under and are proposed again. The log's key never changes.",
  });
  addVerb(root, context, {
    usage: "sign <file>",
    summary: "sign a proposed root with a server key that comes in, on the machine where that key lies",
    flags: [
      ["--key <file>", "the key file; only the signature leaves it"],
      ["--out <file>", "where to write the signed root"],
    ],
    options: Sign,
    run: signWithKey,
  });
  addVerb(root, context, {
    usage: "publish <file>",
    summary: "send a proposed root that every new key has signed",
    options: noOptions,
    run: publish,
  });
}

async function showRoot(call: Call<object>): Promise<Answer> {
  const { state } = await openSession(call.base, call.context);
  const { root, firstRoot } = state;
  if (root === undefined) throw new Failure("deployment_uninitialised", "There is no trust root yet.");
  const json = { digest: root.digest, firstRoot, ledgerIndex: root.index, ...root.body };
  return done(json, `${rootInWords(root.body)}\nact ${root.digest}, first root ${firstRoot ?? ""}`);
}

interface NamedKey {
  readonly publicKey: PublicKey;
  /** Undefined where only the public half was named. */
  readonly signer: Signer | undefined;
}

async function propose(call: Call<z.infer<typeof Propose>>): Promise<Answer> {
  const { options } = call;
  const session = await openSession(call.base, call.context);
  const gateways = options.addGateway.map(keyNamed);
  const control = options.controlKey === undefined ? undefined : keyNamed(options.controlKey);
  const body = nextRoot(session.state, {
    persons: options.persons,
    floors: options.floor,
    gatewaysIn: gateways.map(({ publicKey }) => publicKey),
    gatewaysOut: options.removeGateway,
    control: control?.publicKey,
  });
  if (changesOf(session.state, body).length === 0)
    throw new Failure("request_invalid", "This changes nothing. See --help.");
  const keys = [...gateways, ...(control === undefined ? [] : [control])];
  let envelope = await signAs(session, "root", body);
  for (const { signer } of keys) {
    if (signer !== undefined) envelope = await cosignStatement(parseEnvelope(envelope), signer);
  }
  const missing = keys.filter(({ signer }) => signer === undefined).map(({ publicKey }) => publicKey);
  if (options.out !== undefined) return written(envelope, options.out, missing);
  if (missing.length > 0) {
    throw new Failure(
      "request_invalid",
      `Every key that comes in signs the root, and only the public half of ${missing.join(", ")} is here. Name its key file, or write the root with --out FILE and sign it where the key is.`,
    );
  }
  return sent(session, envelope, sameProfile(call.base));
}

/** A key file, made where there is none, or the public key itself. */
function keyNamed(text: string): NamedKey {
  const known = PublicKey.safeParse(text);
  if (known.success && !existsSync(text)) return { publicKey: known.data, signer: undefined };
  if (readBounded(text, keyBytesMax) === undefined) createFile(text, `${newSigner().seed}\n`);
  const signer = signerIn(text);
  return { publicKey: signer.publicKey, signer };
}

function signerIn(path: string): Signer {
  const bytes = readNeeded(path, keyBytesMax);
  try {
    return signerFromSeed(Buffer.from(bytes).toString("utf8").trim());
  } catch (cause) {
    throw new Failure("request_invalid", `${path} is not a key file, nor a public key of 44 characters.`, { cause });
  }
}

async function written(envelope: Uint8Array, out: string, missing: readonly PublicKey[]): Promise<Answer> {
  createFile(out, Buffer.from(envelope).toString("utf8"));
  const { digest } = await openStatement(envelope, nodePrimitives);
  const step =
    missing.length === 0 ? `headgate root publish ${out}` : `headgate root sign ${out} --key KEYFILE --out SIGNED`;
  const lacks = missing.length === 0 ? "" : ` It lacks the signature of: ${missing.join(", ")}.`;
  return done({ act: digest, file: out, missing }, `The proposed root is in ${out}.${lacks}`, step);
}

async function signWithKey(call: Call<z.infer<typeof Sign>>): Promise<Answer> {
  const { envelope, act } = await readRoot(argument(call, 0));
  call.context.tell(`You sign: ${describeAct(act, emptyState(), nodePrimitives)}\n`);
  const signed = await cosignStatement(parseEnvelope(envelope), signerIn(call.options.key));
  createFile(call.options.out, Buffer.from(signed).toString("utf8"));
  const json = { act: act.digest, file: call.options.out };
  return done(
    json,
    `Signed; the root is in ${call.options.out}.`,
    `headgate root publish ${call.options.out} --profile FILE`,
  );
}

async function publish(call: Call<object>): Promise<Answer> {
  const { envelope } = await readRoot(argument(call, 0));
  return sent(await openSession(call.base, call.context), envelope, sameProfile(call.base));
}

async function readRoot(path: string): Promise<{ readonly envelope: Uint8Array; readonly act: Act<"root"> }> {
  const envelope = readNeeded(path, statementBytesMax);
  const act = await openStatement(envelope, nodePrimitives);
  if (isRoot(act)) return { envelope, act };
  throw new Failure("request_invalid", `${path} holds a statement that is no trust root. Do not sign it.`);
}

function isRoot(act: Act): act is Act<"root"> {
  return act.predicate.verb === "root";
}

/** Fails with quorum_missing, naming the act, where other persons still have to sign it. */
async function sent(session: Session, envelope: Uint8Array, profile: string): Promise<Answer> {
  const { state } = session;
  const act = await openStatement(envelope, nodePrimitives);
  if (!isRoot(act)) throw new Failure("request_invalid", "This statement is no trust root.");
  const { body } = act.predicate;
  const changes = changesOf(state, body);
  session.context.tell(`The next root: ${changes.join("; ")}.\n`);
  const index = recordedIndex(await submit(session, envelope));
  return done(
    { version: body.version, act: act.digest, changes, ledgerIndex: index },
    `Version ${body.version} of the trust root is in force.`,
    `headgate root show${profile}`,
  );
}

function changesOf(state: State, body: Act<"root">["predicate"]["body"]): readonly string[] {
  return state.root === undefined ? [] : rootChanges(state.root.body, body);
}
