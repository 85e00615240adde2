// `headgate ledger`: verify fetches the whole public ledger, recomputes every hash, and demands that it continues what was
// seen before; prove cuts a piece out of it that others can check alone.
import type { Command } from "commander";
import { z } from "zod";
import { nodePrimitives } from "../../proof/node.ts";
import { formatVerifierKey } from "../../proof/note.ts";
import { type Answer, done } from "../answer.ts";
import type { Context } from "../context.ts";
import { checkLog } from "./check.ts";
import { ProveOptions, prove, publicLog, verifyProof } from "./prove.ts";
import { trustFor } from "./trust.ts";
import { type Call, addVerb } from "../verb.ts";

const Options = z.object({
  url: z.url({ protocol: /^https?$/ }).optional(),
  trust: z.string().optional(),
  proof: z.string().min(1).optional(),
});

export function addLedgerVerbs(program: Command, context: Context): void {
  const ledger = program.command("ledger").description("the public record");
  addVerb(ledger, context, {
    usage: "verify",
    summary: "fetch the whole ledger, recompute it, compare it with what you saw last",
    flags: [
      ["--url <url>", "where its files are (default: /log of the data plane)"],
      ["--trust <file>", "the server's trust.json, where you have no profile"],
      ["--proof <file>", "check a file that `ledger prove` made instead; nothing is asked of any server"],
    ],
    options: Options,
    run: verify,
    more: "Without --profile and --trust the server on this machine is pinned on first use.",
  });
  addVerb(ledger, context, {
    usage: "prove [what]",
    summary: "a proof for others that an entry or a receipt stands in the ledger, or that it only grew",
    flags: [
      ["--from <size>", "instead of an entry: that the ledger of this size is contained"],
      ["--to <size>", "with --from: in the ledger of this size (default: the whole)"],
      ["--out <file>", "where to write the proof (default: the output)"],
      ["--url <url>", "where its files are (default: /log of the data plane)"],
      ["--trust <file>", "the server's trust.json, where you have no profile"],
    ],
    options: ProveOptions,
    run: prove,
    more: "WHAT is the number of an entry, counted from 0, or a receipt (or a file that holds one).",
  });
}

async function verify(call: Call<z.infer<typeof Options>>): Promise<Answer> {
  const { options, base, context } = call;
  const trust = await trustFor(base, { trust: options.trust, offline: options.proof !== undefined }, context);
  if (options.proof !== undefined) return verifyProof(options.proof, trust);
  const { read, key } = publicLog(trust, options.url);
  const checked = await checkLog({ read, key, primitives: nodePrimitives }, trust.seen);
  trust.remember({ size: checked.size, root: checked.root });
  const verifierKey = formatVerifierKey(key, nodePrimitives);
  const json = {
    ok: true,
    size: checked.size,
    root: checked.root,
    verifierKey,
    witnessed: false,
    firstRoot: trust.firstRoot,
    trust: trust.source,
  };
  return done(
    json,
    `${checked.size} entries, root ${checked.root}: every hash recomputed, signed by ${verifierKey}.\n` +
      `Believed by ${trust.source}. *Unwitnessed*: nobody outside has cosigned it yet.`,
  );
}
