// Entries of the ledger as they are delivered, in batches that end at a signed checkpoint: to gateways, command lines, browsers.

/** One ledger entry as it is delivered: the leaf the tree holds, and the envelope the leaf names. */
export interface LedgerRecord {
  readonly leaf: Uint8Array;
  readonly envelope: Uint8Array;
}

/** Consecutive entries from index `from` on, ending where `checkpoint` says. */
export interface Batch {
  readonly from: number;
  readonly records: readonly LedgerRecord[];
  /** Signed note over the tree that ends with the last record. */
  readonly checkpoint: string;
}

/** Entries in one batch, at most. */
export const batchRecordsMax = 1000;
