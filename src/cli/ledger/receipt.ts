// `headgate receipt verify`: a caller's own check that an exchange was recorded as the receipt says.
import { existsSync } from "node:fs";
import type { Command } from "commander";
import { z } from "zod";
import { type OpenedReceipt, openReceipt, receiptCharsMax } from "../../acts/receipt.ts";
import { parseJson } from "../../proof/canonical.ts";
import { nodePrimitives } from "../../proof/node.ts";
import { Failure, failureCode } from "../../terms/failure.ts";
import { CertificateId, ReceiptId } from "../../terms/ids.ts";
import { type Answer, done, inconclusive } from "../answer.ts";
import { fetchBytes } from "../client.ts";
import type { Context } from "../context.ts";
import { readNeeded, replaceFile } from "../files.ts";
import { ReceiptProof, checkGateway, checkProof, receiptInWords } from "../../acts/receipt-proof.ts";
import { type Trust, trustFor } from "./trust.ts";
import { type Call, addVerb, argument } from "../verb.ts";

const Options = z.object({
  proof: z.string().min(1).optional(),
  save: z.string().min(1).optional(),
  trust: z.string().optional(),
  url: z.url({ protocol: /^https?$/ }).optional(),
});

/** A receipt's interval is logged every second; this long is waited for it. */
const pendingMsMax = 5_000;
const pendingStepMs = 250;
const fileBytesMax = 65_536;

export function addReceiptVerbs(program: Command, context: Context): void {
  const receipt = program.command("receipt").description("the signed record of one exchange");
  addVerb(receipt, context, {
    usage: "verify <value>",
    summary: "check a receipt: the x-headgate-receipt header, or a file that holds it",
    flags: [
      ["--save <file>", "keep the proof, to check the receipt with --proof when no server is there"],
      ["--proof <file>", "a proof kept with --save; nothing is asked of any server"],
      ["--trust <file>", "the server's trust.json, where you have no profile"],
      ["--url <url>", "address of the data plane, where neither profile nor first use says it"],
    ],
    options: Options,
    run: verify,
    more: 'Before its second is logged, `included` is "pending" and the exit code 3.',
  });
}

async function verify(call: Call<z.infer<typeof Options>>): Promise<Answer> {
  const { options, context } = call;
  const offline = options.proof !== undefined;
  const text = receiptText(argument(call, 0), options.url ?? context.dataPlane);
  const trust = await trustAt(call, offline);
  const receipt = await openReceipt(text, nodePrimitives);
  checkGateway(receipt, trust);
  const proof = options.proof === undefined ? await fetchProof(receipt, trust, context) : readProof(options.proof);
  const { under } = receipt.receipt;
  const about = {
    receipt: receipt.receipt.id,
    digest: receipt.digest,
    certificate: CertificateId.safeParse(under).data ?? null,
    under,
    outcome: receipt.receipt.outcome,
    trust: trust.source,
  };
  const words = receiptInWords(receipt.receipt);
  if (proof === undefined) {
    const json = { ok: true, included: "pending", ledgerIndex: null, ...about };
    return inconclusive(
      json,
      `${words}. Signed by a gateway of the trust root; not in the ledger yet.`,
      "run this again in a few seconds",
    );
  }
  const tree = await checkProof(receipt, proof, { trust, primitives: nodePrimitives });
  checkTree(tree, trust);
  if (options.save !== undefined) replaceFile(options.save, `${JSON.stringify(proof)}\n`);
  const json = { ok: true, included: true, ledgerIndex: proof.ledgerIndex, ...about };
  return done(
    json,
    `${words}. Signed by a gateway of the trust root, and in the ledger at ${proof.ledgerIndex}.\nBelieved by ${trust.source}.`,
  );
}

/** Whom to believe, and where the data plane is: as the caller says, or as the profile or the pinned server does. */
async function trustAt({ options, base, context }: Call<z.infer<typeof Options>>, offline: boolean): Promise<Trust> {
  const trust = await trustFor(base, { trust: options.trust, offline }, context);
  return { ...trust, dataPlane: (options.url ?? trust.dataPlane).replace(/\/+$/, "") };
}

/** A proof under a tree of a size that was seen must be under that very tree. */
function checkTree(tree: { readonly size: number; readonly root: string }, trust: Trust): void {
  const same = trust.seen.find(({ size }) => size === tree.size);
  if (same === undefined || same.root === tree.root) return;
  throw new Failure(
    "fork_detected",
    `The proof is under another ledger than the one seen before at size ${tree.size}.`,
  );
}

/** The receipt's text from a value or a file. By its id a receipt is given only to the key it was made for, and this verb is for people without one. */
export function receiptText(value: string, dataPlane: string): string {
  if (ReceiptId.safeParse(value).success) {
    const fetching = `curl -H "authorization: Bearer hg_…" ${dataPlane.replace(/\/+$/, "")}/v1/receipts/${value} > receipt.json`;
    const message = `The receipt itself is needed: its id is answered only to the key it was made for. With that key: ${fetching}, then: headgate receipt verify receipt.json`;
    throw new Failure("request_invalid", message);
  }
  if (value.startsWith("hgr1.")) return value;
  if (existsSync(value)) return textIn(Buffer.from(readNeeded(value, fileBytesMax)).toString("utf8"));
  throw new Failure("request_invalid", "Give a receipt (it begins with hgr1), or a file that holds one.");
}

/** The receipt in a text that may have more around it: a saved header, an SSE comment, a JSON answer. */
function textIn(text: string): string {
  const found = /hgr1\.[A-Za-z0-9_.-]+/.exec(text)?.[0];
  if (found !== undefined && found.length <= receiptCharsMax) return found;
  throw new Failure("request_invalid", "There is no receipt in this: one begins with hgr1.");
}

/** The proof, waited for as long as an interval may take; undefined where it is not there by then. */
export async function fetchProof(
  receipt: OpenedReceipt,
  trust: Pick<Trust, "dataPlane">,
  context: Context,
): Promise<ReceiptProof | undefined> {
  const until = context.now() + pendingMsMax;
  for (;;) {
    const found = await askProof(`${trust.dataPlane}/log/proof/`, receipt);
    if (found !== undefined || context.now() >= until) return found;
    await context.wait(pendingStepMs);
  }
}

async function askProof(base: string, receipt: OpenedReceipt): Promise<ReceiptProof | undefined> {
  try {
    return proofIn(await fetchBytes(base + receipt.digest));
  } catch (error) {
    if (failureCode(error) === "not_found") return undefined;
    throw error;
  }
}

function readProof(path: string): ReceiptProof {
  return proofIn(readNeeded(path, fileBytesMax));
}

function proofIn(bytes: Uint8Array): ReceiptProof {
  const limits = { bytesMax: fileBytesMax, depthMax: 4, code: "proof_invalid" } as const;
  const parsed = ReceiptProof.safeParse(parseJson(bytes, limits));
  if (parsed.success) return parsed.data;
  throw new Failure("proof_invalid", "This is not a proof that a receipt stands in the ledger.");
}
