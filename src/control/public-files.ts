// What anyone may read of a deployment: the log as tiles, proofs that a receipt stands in it, the transparency page. The
// gateways serve these; here they are made.
import type { State } from "../acts/state.ts";
import { intervalOf } from "../evidence/receipt-store.ts";
import type { ReceiptProof } from "../acts/receipt-proof.ts";
import type { PublicFile } from "../feed/feed.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { toBase64, toUtf8, equalBytes } from "../proof/encoding.ts";
import { inclusionProof } from "../proof/merkle.ts";
import type { Hasher } from "../proof/primitives.ts";
import type { Records } from "../release/records.ts";
import { transparencyOf } from "../report/transparency.ts";
import type { Database } from "../store/database.ts";
import { Digest, type Instant } from "../terms/ids.ts";
import { receiptLeafHash } from "./feed-server.ts";

export interface PublicOptions {
  readonly database: Database;
  readonly ledger: Ledger;
  readonly records: Records;
  readonly hasher: Hasher;
  readonly state: State;
  readonly clock: () => Instant;
}

/** How long a transparency page is reused while the ledger stands still, in milliseconds. */
const pageMsMax = 2_000;

/** By path without leading slash; undefined where there is nothing (yet). */
export function publicFiles(options: PublicOptions): (path: string) => Promise<PublicFile | undefined> {
  let page: { readonly size: number; readonly at: Instant; readonly files: Promise<Pages> } | undefined;

  async function pages(): Promise<Pages> {
    const { size } = options.ledger.head();
    const at = options.clock();
    if (page?.size !== size || Math.abs(at - page.at) > pageMsMax) {
      page = { size, at, files: transparencyOf(options.records, { state: options.state, at, ledgerSize: size }) };
    }
    return page.files;
  }

  return async (path) => {
    if (path === "transparency") return fileOf((await pages()).html, "text/html; charset=utf-8");
    if (path === "transparency.json") return fileOf((await pages()).json, "application/json");
    if (path.startsWith("log/proof/")) return proofFile(options, path.slice("log/proof/".length));
    return path.startsWith("log/") ? options.ledger.logFile(path.slice("log/".length)) : undefined;
  };
}

interface Pages {
  readonly html: string;
  readonly json: string;
}

function fileOf(text: string, contentType: string): PublicFile {
  return { body: toUtf8(text), contentType, cacheControl: "no-cache" };
}

async function proofFile(options: PublicOptions, text: string): Promise<PublicFile | undefined> {
  const digest = Digest.safeParse(text);
  const proof = digest.success ? await receiptProof(options, digest.data) : undefined;
  return proof === undefined ? undefined : fileOf(JSON.stringify(proof), "application/json");
}

/** That a receipt stands in the ledger; undefined until its interval does. */
async function receiptProof(options: PublicOptions, receipt: Digest): Promise<ReceiptProof | undefined> {
  const { database, ledger, hasher } = options;
  const interval = await intervalOf(database, receipt);
  const head = ledger.head();
  if (interval === undefined || interval.ledgerIndex >= head.size) return undefined;
  const leaf = receiptLeafHash(interval.text, hasher);
  const index = interval.leaves.findIndex((hash) => equalBytes(hash, leaf));
  const [entry] = await ledger.entries(interval.ledgerIndex, 1);
  if (index < 0 || entry === undefined) return undefined;
  const inclusion = await ledger.inclusionProof(interval.ledgerIndex, head.size);
  return {
    format: "headgate-receipt-proof/1",
    receipt,
    index,
    count: interval.leaves.length,
    path: inclusionProof(interval.leaves, index, hasher).map(toBase64),
    envelope: toBase64(entry.envelope),
    ledgerIndex: interval.ledgerIndex,
    ledgerSize: head.size,
    inclusion: inclusion.map(toBase64),
    checkpoint: head.checkpoint,
  };
}
