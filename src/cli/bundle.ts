// `headgate bundle`: everything a decision rests on, as one file for outsiders. src/cli/verify.ts checks it offline.
import { writeFileSync } from "node:fs";
import type { Command } from "commander";
import { z } from "zod";
import { Bundle, routes } from "../control/contract.ts";
import { Failure } from "../terms/failure.ts";
import { ProposalId } from "../terms/ids.ts";
import { type Answer, done } from "./answer.ts";
import { createClient, pathOf } from "./client.ts";
import type { Context } from "./context.ts";
import { openSession } from "./session.ts";
import { trustFileHere } from "./trust.ts";
import { type Base, type Call, addVerb, argument, parsed } from "./verb.ts";

export const bundleBytesMax = 96 * 1024 * 1024;

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
  const bytes = await readBundle(base, proposal, context);
  parseBundle(bytes);
  writeFileSync(options.out, bytes);
  return done(
    { proposal, file: options.out, bytes: bytes.length },
    `${options.out}: ${bytes.length} bytes.`,
    `headgate verify ${options.out} --trust ${trustFileHere(context)}`,
  );
}

async function readBundle(base: Base, proposal: ProposalId, context: Context): Promise<Uint8Array> {
  if (base.profile === undefined && context.profile === undefined) {
    const client = createClient({ server: base.server ?? context.server, reader: undefined, now: context.now });
    return client.bytes(pathOf(routes.publicBundle, { proposal }));
  }
  const session = await openSession(base, context);
  return session.client.bytes(pathOf(routes.bundle, { proposal }));
}

export function parseBundle(bytes: Uint8Array): Bundle {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch (cause) {
    throw new Failure("request_invalid", "This is not a bundle: it is not JSON.", { cause });
  }
  const result = Bundle.safeParse(value);
  if (result.success) return result.data;
  throw new Failure("request_invalid", "This is not a bundle that this version of headgate reads.", {
    cause: result.error,
  });
}
