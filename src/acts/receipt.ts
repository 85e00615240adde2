// The signed record of one exchange: digests, ids and closed words, no content. All exchanges that end in one turn of the
// event loop share a signature: over the Merkle root of their receipts. The text a caller gets is self-contained: the
// receipt, its path to that root, the gateway's key and signature; under 1 KB.
//
//   hgr1.<receipt, canonical JSON>.<gateway key>.<index>-<count>.<path>.<signature>      (binary parts in base64url)
import { z } from "zod";
import { parseJson } from "../proof/canonical.ts";
import { type TextDigest, beginDigest, digestOf, digestOfText, digestOfValue } from "../proof/digest.ts";
import { concatBytes, fromBase64Url, textToBase64Url, toBase64, toBase64Url, toUtf8 } from "../proof/encoding.ts";
import { inclusionRoot, leafHash, leafHashOfText, treeOf } from "../proof/merkle.ts";
import { type Hasher, type Primitives, type Signer, hashBytes } from "../proof/primitives.ts";
import { Failure } from "../terms/failure.ts";
import {
  CertificateId,
  Digest,
  GlassId,
  KeyId,
  Name,
  PermitId,
  PublicKey,
  ReceiptId,
  ReviewId,
  Timestamp,
} from "../terms/ids.ts";
import { ModesWord, safeguardsMax } from "../terms/safeguard-mode.ts";
import { Stage } from "../terms/stage.ts";

/**
 * What became of an exchange. refused: nothing was asked of the model; blocked: a safeguard stopped it; stopped: a hold or
 * an expiry ended it; cut: the caller went away; failed: the upstream or a part of ours did not do its work.
 */
export const Outcome = z.enum(["served", "refused", "blocked", "stopped", "cut", "failed"]);
export type Outcome = z.infer<typeof Outcome>;

/** A verdict in a word: its kind, and the category or cause it names. */
const VerdictWord = z.string().regex(/^(pass|none|(flag|review|block|unknown):[a-z-]{1,24})$/);

/** No gateway counts as many characters, or replacements, in one answer. */
const countedMax = 100_000_000;

const place = z
  .number()
  .int()
  .min(0)
  .max(safeguardsMax - 1);

export const Receipt = z.strictObject({
  v: z.literal(1),
  id: ReceiptId,
  /** Gap-free per gateway. */
  seq: z.number().int().min(1),
  at: Timestamp,
  model: Name,
  /** Where another model answered in its place: the one that the caller asked for. */
  asked: Name.optional(),
  /**
   * Which server of the model was asked last: its place among those of the Model document, counted from 0. `config` pins
   * that document, and with it the address, which callers do not learn. Missing where none was asked.
   */
  origin: z.number().int().min(0).max(15).optional(),
  /** Digest of the canonical {model, safeguards, policy} digests that decided; null where none was in force. */
  config: Digest.nullable(),
  /** The modes of the safeguards in the order of their document, where not all of them block. */
  modes: ModesWord.optional(),
  /** The certificate or permit it was served under; null where none was in force. */
  under: z.union([CertificateId, PermitId]).nullable(),
  stage: Stage.or(z.literal("permit")),
  /** The caller's key; null under a permit. */
  key: KeyId.nullable(),
  /** Only where the model went on over holds: the break-glass by which it did. */
  glass: GlassId.optional(),
  /** Under a permit: leaf of the suite item that was sent. */
  item: Digest.nullable(),
  outcome: Outcome,
  /**
   * Only under a certificate in observe mode, and always there: what would have become of it in enforce mode, by what its
   * safeguards found in all that they saw.
   */
  would: Outcome.optional(),
  /** Where it was not served: the code that the caller got, and its reason after a colon. */
  why: z
    .string()
    .regex(/^[a-z_]{1,32}(:[a-z-]{1,24})?$/)
    .nullable(),
  input: VerdictWord,
  output: VerdictWord,
  /**
   * Which safeguard the verdict on a side rests on, where that is no pass: its place among those of the Safeguards document,
   * counted from 0. Missing where it was none of them by itself. `config` pins that document, and with it the name.
   */
  by: z.strictObject({ input: place.optional(), output: place.optional() }).optional(),
  /** What policy would have said of what safeguards in shadow found, on each side that they looked at. */
  shadow: z.strictObject({ input: VerdictWord.optional(), output: VerdictWord.optional() }).optional(),
  /**
   * Where a safeguard took something out of the answer or stopped it: how many stretches were replaced, and how many
   * characters of what the model said were checked.
   */
  redacted: z.number().int().min(0).max(countedMax).optional(),
  checked: z.number().int().min(0).max(countedMax).optional(),
  /** Where its input was for review: the review it waits for, or whose decision was applied. */
  review: ReviewId.optional(),
  /** Only under a permit that switches them off: no safeguard looked at anything, and both sides say `none`. */
  safeguards: z.literal("none").optional(),
  /**
   * Commits to the request's body as it came, by its digest, and to what was sent: the body of a whole answer, all text of
   * a stream, nothing of a refusal. The receipt's id is the nonce.
   */
  content: Digest,
  /** Prompt and completion tokens: as the upstream counted, or an estimate where it did not say. */
  tokens: z.tuple([z.number().int().nonnegative(), z.number().int().nonnegative()]),
});
export type Receipt = z.infer<typeof Receipt>;

/** The served configuration as one digest, as receipts name it. */
export function configDigest(digests: { model: Digest; safeguards: Digest; policy: Digest }, hasher: Hasher): Digest {
  const { model, safeguards, policy } = digests;
  return digestOfValue({ model, safeguards, policy }, hasher);
}

/** `request`: digest of its body, byte for byte as it came. */
export function contentDigest(id: ReceiptId, content: { request: Digest; answer: string }, hasher: Hasher): Digest {
  return digestOfText(`${id}\n${content.request}\n${content.answer}`, hasher);
}

/** What `contentDigest` gives, of an answer that is told piece by piece and not kept: a stream may be long. */
export function beginContentDigest(id: ReceiptId, request: Digest, hasher: Hasher): TextDigest {
  const made = beginDigest(hasher);
  made.add(`${id}\n${request}\n`);
  return {
    add: (piece) => {
      // Half a surrogate pair has no bytes: it could be sent, and not committed to.
      if (!piece.isWellFormed())
        throw new Failure("statement_invalid", "This text cannot be committed to: it is none.");
      made.add(piece);
    },
    digest: made.digest,
  };
}

/** Characters of a self-contained receipt that is read at all. */
export const receiptCharsMax = 4096;

const prefix = "hgr1";
const batchContext = toUtf8("headgate receipts v1\n");

export interface SignedReceipt {
  readonly receipt: Receipt;
  readonly text: string;
  /** Its hash as a leaf of its batch and of its interval. */
  readonly leaf: Uint8Array;
}

/** Signs all receipts of one turn with one signature. */
export async function signReceipts(
  receipts: readonly Receipt[],
  gateway: Signer,
  hasher: Hasher,
): Promise<readonly SignedReceipt[]> {
  const written = receipts.map((receipt) => receiptText(receipt));
  const leaves = written.map((text) => leafHashOfText(text, hasher));
  const { root, paths } = treeOf(leaves, hasher);
  const signature = toBase64Url(await gateway.sign(concatBytes([batchContext, root])));
  const key = gateway.publicKey.slice(0, -1).replaceAll("+", "-").replaceAll("/", "_");
  return receipts.map((receipt, index) => {
    const own = written[index] ?? receiptText(receipt);
    const path = toBase64Url(concatBytes(paths[index] ?? []));
    const text = `${prefix}.${textToBase64Url(own)}.${key}.${index}-${receipts.length}.${path}.${signature}`;
    return { receipt, text, leaf: leaves[index] ?? leafHashOfText(own, hasher) };
  });
}

/**
 * The receipt's canonical JSON, written out: its members are numbers and words of closed alphabets, so that nothing in it
 * needs an escape. A test holds it against `canonicalText`.
 */
export function receiptText(receipt: Receipt): string {
  const { asked, by, checked, modes, origin, redacted, review, safeguards, shadow, would, tokens } = receipt;
  return (
    `{${member("asked", asked)}"at":"${receipt.at}",${by === undefined ? "" : `"by":${sidesText(by)},`}${member("checked", checked)}"config":${quoted(receipt.config)},` +
    `"content":"${receipt.content}",${member("glass", receipt.glass)}"id":"${receipt.id}","input":"${receipt.input}","item":${quoted(receipt.item)},` +
    `"key":${quoted(receipt.key)},"model":"${receipt.model}",${member("modes", modes)}${member("origin", origin)}` +
    `"outcome":"${receipt.outcome}","output":"${receipt.output}",${member("redacted", redacted)}` +
    `${member("review", review)}${member("safeguards", safeguards)}"seq":${receipt.seq},` +
    `${shadow === undefined ? "" : `"shadow":${sidesText(shadow)},`}"stage":"${receipt.stage}",` +
    `"tokens":[${tokens[0]},${tokens[1]}],"under":${quoted(receipt.under)},"v":1,"why":${quoted(receipt.why)}` +
    `${would === undefined ? "" : `,"would":"${would}"`}}`
  );
}

function sidesText({ input, output }: NonNullable<Receipt["shadow"] | Receipt["by"]>): string {
  const sides = [
    input === undefined ? [] : [`"input":${valueText(input)}`],
    output === undefined ? [] : [`"output":${valueText(output)}`],
  ];
  return `{${sides.flat().join(",")}}`;
}

function member(name: string, value: string | number | undefined): string {
  if (value === undefined) return "";
  return `"${name}":${valueText(value)},`;
}

function valueText(value: string | number): string {
  return typeof value === "number" ? `${value}` : `"${value}"`;
}

function quoted(text: string | null): string {
  return text === null ? "null" : `"${text}"`;
}

export interface OpenedReceipt extends SignedReceipt {
  /** The receipt's canonical JSON. */
  readonly bytes: Uint8Array;
  /** Of these bytes. */
  readonly digest: Digest;
  /** Who signed; whether this key is a gateway of the trust root is the caller's to check. */
  readonly gateway: PublicKey;
}

/** Checks form, path and signature of a self-contained receipt. Fails with proof_invalid or signature_invalid. */
export async function openReceipt(text: string, primitives: Primitives): Promise<OpenedReceipt> {
  const parts = splitReceipt(text);
  const leaf = leafHash(parts.bytes, primitives);
  const root = inclusionRoot({ leafHash: leaf, ...parts.place }, primitives);
  if (root === undefined) throw malformed();
  const key = PublicKey.parse(toBase64(parts.key));
  const isSigned = await primitives.verify(parts.key, concatBytes([batchContext, root]), parts.signature);
  if (!isSigned) throw new Failure("signature_invalid", "The gateway's signature on this receipt does not verify.");
  const parsed = Receipt.safeParse(
    parseJson(parts.bytes, { bytesMax: receiptCharsMax, depthMax: 3, code: "proof_invalid" }),
  );
  if (!parsed.success) throw malformed();
  const digest = digestOf(parts.bytes, primitives);
  return { receipt: parsed.data, digest, bytes: parts.bytes, text, leaf, gateway: key };
}

interface Parts {
  readonly bytes: Uint8Array;
  readonly key: Uint8Array;
  readonly signature: Uint8Array;
  readonly place: { readonly index: number; readonly size: number; readonly path: readonly Uint8Array[] };
}

const form =
  /^hgr1\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{43})\.(0|[1-9][0-9]{0,8})-([1-9][0-9]{0,8})\.([A-Za-z0-9_-]*)\.([A-Za-z0-9_-]{86})$/;

function splitReceipt(text: string): Parts {
  const found = text.length > receiptCharsMax ? null : form.exec(text);
  if (found === null) throw malformed();
  const [, receipt = "", key = "", index, size, path = "", signature = ""] = found;
  return {
    bytes: bytesIn(receipt),
    key: bytesIn(key),
    signature: bytesIn(signature),
    place: { index: Number(index), size: Number(size), path: hashesOf(bytesIn(path)) },
  };
}

function hashesOf(bytes: Uint8Array): readonly Uint8Array[] {
  if (bytes.length % hashBytes !== 0) throw malformed();
  return Array.from({ length: bytes.length / hashBytes }, (_, at) => bytes.slice(at * hashBytes, (at + 1) * hashBytes));
}

function malformed(): Failure {
  return new Failure(
    "proof_invalid",
    "This is not a receipt: it has six parts, beginning with hgr1, and was changed or cut.",
  );
}

function bytesIn(text: string): Uint8Array {
  const bytes = fromBase64Url(text);
  if (bytes === undefined) throw malformed();
  return bytes;
}
