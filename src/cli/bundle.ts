// `headgate bundle`: everything a decision rests on, as one file for outsiders. src/cli/verify.ts checks it offline.
import { writeFileSync } from "node:fs";
import type { Command } from "commander";
import { z } from "zod";
import { routes } from "../control/contract.ts";
import { toUtf8 } from "../proof/encoding.ts";
import { nodePrimitives } from "../proof/node.ts";
import { type Bundle, parseBundle } from "../report/bundle-file.ts";
import { judgedPart } from "../report/bundle-parts.ts";
import { examineBundle } from "../report/verify-bundle.ts";
import { Failure } from "../terms/failure.ts";
import { type Instant, ProposalId, timestampOf } from "../terms/ids.ts";
import { type Answer, done } from "./answer.ts";
import { createClient, pathOf } from "./client.ts";
import type { Context } from "./context.ts";
import { openSession } from "./session.ts";
import { trustFileHere } from "./trust.ts";
import { type Base, type Call, addVerb, argument, parsed } from "./verb.ts";

const BundleOptions = z.object({ out: z.string().min(1) });

export function addBundleVerb(program: Command, context: Context): void {
  addVerb(program, context, {
    usage: "bundle <proposal>",
    summary: "save everything a decision rests on as one file, for outsiders",
    flags: [["--out <file>", "where to write it"]],
    options: BundleOptions,
    run: save,
    more: "Proposals about models whose plan says `public: true` need no profile.",
  });
}

async function save(call: Call<z.infer<typeof BundleOptions>>): Promise<Answer> {
  const { base, context, options } = call;
  const proposal = parsed(ProposalId, argument(call, 0), "The proposal");
  const bundle = await judged(parseBundle(await readBundle(base, proposal, context)), context.now());
  const bytes = toUtf8(JSON.stringify(bundle));
  writeFileSync(options.out, bytes);
  return done(
    { proposal, file: options.out, bytes: bytes.length },
    `${options.out}: ${bytes.length} bytes.`,
    `headgate verify ${options.out} --trust ${trustFileHere(context)}`,
  );
}

/** With what the gate comes to, so that whoever verifies the file says where they come to something else. */
async function judged(bundle: Bundle, at: Instant): Promise<Bundle> {
  const { verification, decided } = await examineBundle(bundle, { ...nobodysWord, at });
  const { judgement, firstDifference } = verification;
  if (judgement === null)
    throw new Failure("proof_invalid", `What the server gave does not verify. ${firstDifference}.`);
  return { ...bundle, judged: judgedPart(judgement, decided?.certificate?.at ?? timestampOf(at)) };
}

/** Whose root it is says whoever verifies it. */
const nobodysWord = { pin: undefined, plan: undefined, primitives: nodePrimitives } as const;

async function readBundle(base: Base, proposal: ProposalId, context: Context): Promise<Uint8Array> {
  if (base.profile === undefined && context.profile === undefined) {
    const client = createClient({ server: base.server ?? context.server, reader: undefined, now: context.now });
    return client.bytes(pathOf(routes.publicBundle, { proposal }));
  }
  const session = await openSession(base, context);
  return session.client.bytes(pathOf(routes.bundle, { proposal }));
}
