// `headgate bundle`: everything a decision rests on, as one file for outsiders. src/cli/ledger/verify.ts checks it offline.
import { writeFileSync } from "node:fs";
import type { Command } from "commander";
import { z } from "zod";
import { routes } from "../../control/contract.ts";
import { pathOf } from "../../control/contract-paths.ts";
import { cardFile, judgedBundle } from "../../report/card-file.ts";
import { Failure } from "../../terms/failure.ts";
import { ProposalId } from "../../terms/ids.ts";
import { type Answer, done } from "../answer.ts";
import { createClient } from "../client.ts";
import type { Context } from "../context.ts";
import { openSession } from "../session.ts";
import { trustFileHere } from "./trust.ts";
import { type Base, type Call, addVerb, argument, parsed } from "../verb.ts";

const BundleOptions = z.object({ out: z.string().min(1).optional(), html: z.string().min(1).optional() });

export function addBundleVerb(program: Command, context: Context): void {
  addVerb(program, context, {
    usage: "bundle <proposal>",
    summary: "save everything a decision rests on as one file, for outsiders",
    flags: [
      ["--out <file>", "where to write it"],
      ["--html <file>", "write a release card: a page to read and print, that checks its data when it is opened"],
    ],
    options: BundleOptions,
    run: save,
    more: "Proposals about models whose plan says `public: true` need no profile.",
  });
}

async function save(call: Call<z.infer<typeof BundleOptions>>): Promise<Answer> {
  const { base, context, options } = call;
  const proposal = parsed(ProposalId, argument(call, 0), "The proposal");
  if (options.out === undefined && options.html === undefined)
    throw new Failure(
      "request_invalid",
      "Say where to write it: --out FILE for the bundle, --html FILE for a release card.",
    );
  const bytes = await judgedBundle(await readBundle(base, proposal, context), context.now());
  const page = options.html === undefined ? undefined : await cardFile(bytes);
  const files = [
    ...(options.out === undefined ? [] : [{ file: options.out, content: bytes }]),
    ...(options.html === undefined || page === undefined ? [] : [{ file: options.html, content: page }]),
  ];
  for (const { file, content } of files) writeFileSync(file, content);
  const sizes = files.map(({ file, content }) => ({ file, bytes: content.length }));
  return done(
    { proposal, ...sizes[0], files: sizes },
    sizes.map(({ file, bytes: size }) => `${file}: ${size} bytes.`).join("\n"),
    options.out === undefined ? undefined : `headgate verify ${options.out} --trust ${trustFileHere(context)}`,
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
