// `headgate ledger verify`: fetches the whole public ledger, recomputes every hash, and demands that it continues what
// was seen before.
import type { Command } from "commander";
import { z } from "zod";
import { nodePrimitives } from "../proof/node.ts";
import { formatVerifierKey } from "../proof/note.ts";
import { type Answer, done } from "./answer.ts";
import { fetchBytes } from "./client.ts";
import type { Context } from "./context.ts";
import { checkLog } from "./ledger-check.ts";
import { trustFor } from "./trust.ts";
import { type Call, addVerb } from "./verb.ts";

const Options = z.object({ url: z.url({ protocol: /^https?$/ }).optional(), trust: z.string().optional() });

export function addLedgerVerbs(program: Command, context: Context): void {
  const ledger = program.command("ledger").description("the public record");
  addVerb(ledger, context, {
    usage: "verify",
    summary: "fetch the whole ledger, recompute it, compare it with what you saw last",
    flags: [
      ["--url <url>", "where its files are (default: /log of the data plane)"],
      ["--trust <file>", "the server's trust.json, where you have no profile"],
    ],
    options: Options,
    run: verify,
    more: "Without --profile and --trust the server on this machine is pinned on first use.",
  });
}

async function verify(call: Call<z.infer<typeof Options>>): Promise<Answer> {
  const { options, base, context } = call;
  const trust = await trustFor(base, { trust: options.trust, offline: false }, context);
  const url = (options.url ?? `${trust.dataPlane}/log`).replace(/\/+$/, "");
  const key = { name: trust.log.origin, publicKey: trust.log.key };
  const read = async (path: string): Promise<Uint8Array> => fetchBytes(`${url}/${path}`);
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
