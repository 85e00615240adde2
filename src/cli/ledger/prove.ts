// `headgate ledger prove`: from the public ledger, recomputed first, a file by which somebody without it can check that an
// entry stands in it, that a receipt does, or that it only grew. `headgate ledger verify --proof` reads the file offline.
import { z } from "zod";
import { openReceipt } from "../../acts/receipt.ts";
import { parseJson } from "../../proof/canonical.ts";
import { nodePrimitives } from "../../proof/node.ts";
import { Failure } from "../../terms/failure.ts";
import { type Answer, done, inconclusive } from "../answer.ts";
import { fetchBytes } from "../client.ts";
import { readNeeded, replaceFile } from "../files.ts";
import { type CheckedLog, type PublicLog, checkLog, readEntry } from "./check.ts";
import { LedgerProof, checkLedgerProof, proveEntry, proveGrowth } from "../../acts/ledger-proof.ts";
import { checkGateway, checkProof } from "../../acts/receipt-proof.ts";
import { fetchProof, receiptText } from "./receipt.ts";
import { type Trust, trustFileHere, trustFor } from "./trust.ts";
import type { Call } from "../verb.ts";

const Size = z.coerce.number().int().min(1);

export const ProveOptions = z.object({
  from: Size.optional(),
  to: Size.optional(),
  out: z.string().min(1).optional(),
  url: z.url({ protocol: /^https?$/ }).optional(),
  trust: z.string().optional(),
});
type ProveCall = Call<z.infer<typeof ProveOptions>>;

const proofBytesMax = 65_536;

export async function prove(call: ProveCall): Promise<Answer> {
  const { options, base, context, args } = call;
  const [what] = args;
  if ((what === undefined) === (options.from === undefined)) {
    throw new Failure(
      "request_invalid",
      "Say what to prove: an entry's number, a receipt, or growth with --from SIZE.",
    );
  }
  const trust = await trustFor(base, { trust: options.trust, offline: false }, context);
  if (what !== undefined && !/^\d{1,15}$/.test(what)) return proveReceipt(call, what, trust);
  const log = { ...publicLog(trust, options.url), primitives: nodePrimitives };
  const checked = await checkLog(log, trust.seen);
  trust.remember({ size: checked.size, root: checked.root });
  const proof = what === undefined ? growth(checked, options) : await entry(log, checked, Number(what));
  return written(call, proof, inWords(proof, checked.size));
}

/** The ledger's files, under the address of the data plane or the one that was named. */
export function publicLog(
  trust: Trust,
  url: string | undefined,
): Pick<PublicLog, "read" | "key"> & { readonly url: string } {
  const base = (url ?? `${trust.dataPlane}/log`).replace(/\/+$/, "");
  const key = { name: trust.log.origin, publicKey: trust.log.key };
  return { url: base, key, read: async (path) => fetchBytes(`${base}/${path}`) };
}

async function entry(log: PublicLog, checked: CheckedLog, index: number): Promise<LedgerProof> {
  if (index >= checked.size)
    throw new Failure("not_found", `The ledger has ${checked.size} entries, 0 to ${checked.size - 1}.`);
  return proveEntry(checked, { index, leaf: await readEntry(log, checked, index) }, nodePrimitives);
}

function growth(checked: CheckedLog, { from = 1, to = checked.size }: ProveCall["options"]): LedgerProof {
  if (from <= to && to <= checked.size) return proveGrowth(checked, { from, to }, nodePrimitives);
  throw new Failure("request_invalid", `Sizes go from 1 to ${checked.size}, the earlier one first.`);
}

function inWords(proof: LedgerProof, size: number): string {
  if (proof.kind === "inclusion") return `Entry ${proof.index} stands in the ledger of ${size} entries.`;
  return `The ledger of ${proof.to.size} entries begins with the one of ${proof.from.size}.`;
}

/** A receipt's proof is checked with the receipt itself, by `receipt verify`. */
async function proveReceipt(call: ProveCall, value: string, trust: Trust): Promise<Answer> {
  const { options, context } = call;
  const dataPlane = options.url === undefined ? trust.dataPlane : options.url.replace(/\/log\/?$/, "");
  const receipt = await openReceipt(receiptText(value, dataPlane), nodePrimitives);
  checkGateway(receipt, trust);
  const proof = await fetchProof(receipt, { ...trust, dataPlane }, context);
  if (proof === undefined) {
    const json = { receipt: receipt.receipt.id, included: "pending" };
    return inconclusive(json, "The receipt is not in the ledger yet.", "run this again in a few seconds");
  }
  await checkProof(receipt, proof, { trust, primitives: nodePrimitives });
  return written(call, proof, `Receipt ${receipt.receipt.id} stands in the ledger at ${proof.ledgerIndex}.`);
}

/** The proof itself on the output, or in a file. */
function written({ options: { out }, context }: ProveCall, proof: object, words: string): Answer {
  if (out === undefined) return done(proof, JSON.stringify(proof));
  replaceFile(out, `${JSON.stringify(proof)}\n`);
  const isReceipts = "receipt" in proof;
  const check = isReceipts ? `receipt verify RECEIPT --proof ${out}` : `ledger verify --proof ${out}`;
  const trust = trustFileHere(context);
  return done(proof, `${words} The proof is in ${out}.`, `whoever has it: headgate ${check} --trust ${trust}`);
}

/** Checks a proof file with no server: 0, or a failure that says what does not fit. */
export async function verifyProof(path: string, trust: Trust): Promise<Answer> {
  const proof = readProof(path);
  const key = { name: trust.log.origin, publicKey: trust.log.key };
  const { head, trees, entry: leaf } = await checkLedgerProof(proof, key, nodePrimitives);
  const other = trees.find((tree) => trust.seen.some(({ size, root }) => size === tree.size && root !== tree.root));
  if (other !== undefined) {
    throw new Failure(
      "fork_detected",
      `The proof is under another ledger than the one seen before at size ${other.size}.`,
    );
  }
  const what = proof.kind === "inclusion" ? { entry: leaf } : { from: proof.from, to: proof.to };
  const said = leaf === undefined ? "" : ` It is of verb ${leaf.verb}, envelope ${leaf.statement}.`;
  return done(
    { ok: true, kind: proof.kind, ...what, head, firstRoot: trust.firstRoot, trust: trust.source },
    `${inWords(proof, head.size)}${said}\nHead of ${head.size} entries, root ${head.root}. Believed by ${trust.source}.`,
  );
}

function readProof(path: string): LedgerProof {
  const limits = { bytesMax: proofBytesMax, depthMax: 4, code: "proof_invalid" } as const;
  const value = parseJson(readNeeded(path, proofBytesMax), limits);
  const proof = LedgerProof.safeParse(value);
  if (proof.success) return proof.data;
  const isReceipt = z.looseObject({ format: z.literal("headgate-receipt-proof/1") }).safeParse(value).success;
  const hint = isReceipt ? ` It is a receipt's: headgate receipt verify RECEIPT --proof ${path}` : "";
  throw new Failure(
    "proof_invalid",
    `${path} is not a proof that \`headgate ledger prove\` made of an entry or of growth.${hint}`,
  );
}
