// One sample of a sealed run, opened to somebody who is to see it and nobody else: what was asked, what was answered, and the
// hashes that lead from there to the evidence statement. Everything but the ledger is checked here, from the file alone;
// docs/formats.md describes it. Any other byte than the ones that were written is a difference: the file is canonical JSON.
import { z } from "zod";
import { itemLeaf } from "../acts/item-proof.ts";
import { openReceipt, receiptCharsMax } from "../acts/receipt.ts";
import { openStatement } from "../acts/statement.ts";
import type { Evidence } from "../acts/state.ts";
import { canonicalBytes, isCanonical, parseJson } from "../proof/canonical.ts";
import { Opening, commit, digestOf, digestOfHash, hashOfDigest } from "../proof/digest.ts";
import { fromBase64, toBase64 } from "../proof/encoding.ts";
import { leafHash, provingTree, verifyInclusion } from "../proof/merkle.ts";
import type { Hasher, Primitives } from "../proof/primitives.ts";
import { Failure } from "../terms/failure.ts";
import { type Digest, type PublicKey, type Timestamp } from "../terms/ids.ts";
import { Sample } from "./seal.ts";
import { Suite } from "./suite-document.ts";

/** Bytes of such a file, and what its JSON may hold. */
export const openedSampleBytesMax = 4 * 1024 * 1024;
const limits = { bytesMax: openedSampleBytesMax, depthMax: 24, code: "proof_invalid" } as const;

const Place = z.strictObject({
  index: z.number().int().nonnegative(),
  /** Siblings deepest first. */
  path: z.array(z.string().regex(/^[A-Za-z0-9+/]{43}=$/)).max(64),
});

export const OpenedSample = z.strictObject({
  format: z.literal("headgate-sample/1"),
  /** The envelope of the evidence statement, base64, and that it stands in the ledger (`headgate-ledger-proof/1`). */
  evidence: z.strictObject({ envelope: z.string(), proof: z.unknown() }),
  sample: Sample,
  /** Where the sample stands among those of its run. */
  place: Place,
  /** What the sample's commitment was made of; null where there was no answer. */
  opening: Opening.nullable(),
  /** The gateway's receipt; null where there was none, or it was not kept. */
  receipt: z.string().max(receiptCharsMax).nullable(),
  /**
   * What the item's leaf is over (the request's body without `model`; where requests are written as a run goes on, the first with what
   * they follow from), where it stands among those of its suite, and the suite's document, base64.
   */
  item: z.strictObject({ id: z.string(), body: z.record(z.string(), z.unknown()), place: Place, suite: z.string() }),
});
export type OpenedSample = z.infer<typeof OpenedSample>;

interface Leaves {
  readonly hashes: readonly Uint8Array[];
  readonly index: number;
}

export interface Opened extends Omit<OpenedSample, "format" | "place" | "item"> {
  readonly samples: Leaves;
  readonly item: { readonly id: string; readonly body: OpenedSample["item"]["body"]; readonly items: Leaves };
  /** Canonical bytes of the Suite document. */
  readonly suite: Uint8Array;
}

/** The bytes of the file. */
export function writeOpenedSample({ samples, item, suite, ...rest }: Opened, hasher: Hasher): Uint8Array {
  const { id, body, items } = item;
  const written: OpenedSample = {
    format: "headgate-sample/1",
    ...rest,
    place: placeIn(samples, hasher),
    item: { id, body, place: placeIn(items, hasher), suite: toBase64(suite) },
  };
  return canonicalBytes(written);
}

function placeIn({ hashes, index }: Leaves, hasher: Hasher): z.infer<typeof Place> {
  return { index, path: provingTree(hashes, hasher).proof(index).map(toBase64) };
}

export function sampleLeaf(sample: Sample, hasher: Hasher): Uint8Array {
  return leafHash(canonicalBytes(sample), hasher);
}

/** Whether a file says that it is one. */
export function saysOpenedSample(bytes: Uint8Array): boolean {
  if (bytes.length > openedSampleBytesMax) return false;
  try {
    return z.looseObject({ format: z.literal("headgate-sample/1") }).safeParse(parseJson(bytes, limits)).success;
  } catch {
    return false;
  }
}

/** Fails with proof_invalid on anything but what `writeOpenedSample` writes. */
export function parseOpenedSample(bytes: Uint8Array): OpenedSample {
  const value = parseJson(bytes, limits);
  const parsed = OpenedSample.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw wrong(`The file is not as it was written: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}.`);
  }
  if (!isCanonical(bytes, value)) throw wrong("The file is not as it was written: it is not canonical JSON.");
  return parsed.data;
}

/** What was found to fit, in the order it is looked at. */
interface SampleCheck {
  readonly name: string;
  readonly detail: string;
}

export interface CheckedSample {
  readonly checks: readonly SampleCheck[];
  readonly evidence: Evidence["body"];
  /** Digests of the act and of the envelope that stands in the ledger. */
  readonly act: Digest;
  readonly envelope: Digest;
  readonly at: Timestamp;
  readonly signers: readonly PublicKey[];
  /** The gateway that gave the receipt. */
  readonly gateway: PublicKey | undefined;
}

/** Everything but the ledger. Fails with proof_invalid or signature_invalid at the first difference. */
export async function checkOpenedSample(file: OpenedSample, primitives: Primitives): Promise<CheckedSample> {
  const act = await openStatement(bytesOf(file.evidence.envelope), primitives);
  if (act.predicate.verb !== "evidence") throw wrong("evidence: the statement in the file is no evidence.");
  const { body, at } = act.predicate;
  const checks: SampleCheck[] = [
    { name: "evidence", detail: `of ${body.run} about ${body.model}, signed by ${act.signers.join(", ")} at ${at}` },
    checkPlace(file, body, primitives),
    checkAnswer(file, primitives),
    checkItem(file, body, primitives),
  ];
  const { check, gateway } = await checkReceipt(file, body, primitives);
  checks.push(check);
  return { checks, evidence: body, act: act.digest, envelope: act.envelope, at, signers: act.signers, gateway };
}

function checkPlace({ sample, place }: OpenedSample, { samples }: Evidence["body"], hasher: Hasher): SampleCheck {
  const isThere = isIncluded(sampleLeaf(sample, hasher), { place, root: samples.root, size: samples.count }, hasher);
  if (!isThere) throw wrong("sample: it is not at this place of the run that was sealed.");
  return { name: "sample", detail: `number ${place.index + 1} of the ${samples.count} that were sealed` };
}

function checkAnswer({ sample, opening }: OpenedSample, hasher: Hasher): SampleCheck {
  if (sample.answer === null && opening === null) return { name: "answer", detail: "there was none" };
  if (opening === null || commit(opening, hasher) !== sample.answer) {
    throw wrong("answer: the text in the file is not the one that was committed to.");
  }
  return { name: "answer", detail: `${opening.text.length} characters, those that were committed to` };
}

function checkItem({ sample, item }: OpenedSample, { digests }: Evidence["body"], hasher: Hasher): SampleCheck {
  const leaf = itemLeaf(item.body, hasher);
  if (digestOfHash(leaf) !== sample.item || "model" in item.body)
    throw wrong("item: the request in the file is another one than the sample's.");
  const bytes = bytesOf(item.suite);
  if (digestOf(bytes, hasher) !== digests.suite)
    throw wrong("suite: the document in the file is not the one that the evidence names.");
  const suite = Suite.safeParse(parseJson(bytes, limits)).data;
  if (suite?.content === undefined) throw wrong("suite: the document in the file is no suite, or pins no items.");
  const { root, count } = suite.content;
  if (!isIncluded(leaf, { place: item.place, root, size: count }, hasher)) {
    throw wrong("item: the request is not at this place of the suite.");
  }
  return { name: "item", detail: `number ${item.place.index + 1} of the ${count} of suite ${suite.name}` };
}

async function checkReceipt(
  { sample, receipt }: OpenedSample,
  { permit, model }: Evidence["body"],
  primitives: Primitives,
): Promise<{ readonly check: SampleCheck; readonly gateway: PublicKey | undefined }> {
  const name = "receipt";
  if (receipt === null) {
    const detail = sample.receipt === null ? "there was none" : `${sample.receipt}, which the file does not hold`;
    return { check: { name, detail }, gateway: undefined };
  }
  const opened = await openReceipt(receipt, primitives);
  const { id, under, item, outcome, at, model: served } = opened.receipt;
  const isOurs = id === sample.receipt && under === permit && item === sample.item && served === model;
  if (!isOurs) throw wrong("receipt: the one in the file is of another exchange than the sample's.");
  const detail = `${id}: ${outcome} at ${at} under ${under}, signed by gateway ${opened.gateway}`;
  return { check: { name, detail }, gateway: opened.gateway };
}

function isIncluded(
  leaf: Uint8Array,
  { place, root, size }: { readonly place: z.infer<typeof Place>; readonly root: Digest; readonly size: number },
  hasher: Hasher,
): boolean {
  const { index, path } = place;
  const claim = { leafHash: leaf, index, size, path: path.map(bytesOf), root: hashOfDigest(root) };
  return verifyInclusion(claim, hasher);
}

function bytesOf(text: string): Uint8Array {
  const bytes = fromBase64(text);
  if (bytes === undefined) throw wrong("The file holds something that is not base64.");
  return bytes;
}

function wrong(message: string): Failure {
  return new Failure("proof_invalid", message);
}
