// The part of the contract about looking through the ledger: a search, one entry with what proves it, the proof of a
// receipt. What is in words here is for people who look for something; what counts is the entry's own bytes,
// which whoever reads them checks: src/acts/ledger-proof.ts and src/acts/receipt-proof.ts.
import { z } from "zod";
import { Opening } from "../proof/digest.ts";
import { Digest, Name, PersonId, PublicKey, Timestamp } from "../terms/ids.ts";

const Base64 = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/);
const Hashes = z.array(z.string().regex(/^[A-Za-z0-9+/]{43}=$/)).max(64);
const Index = z.number().int().nonnegative();

export const ledgerRoutes = {
  ledger: "/api/v1/ledger",
  ledgerEntry: "/api/v1/ledger/:index",
  receiptProof: "/api/v1/receipts/:digest/proof",
} as const;

/** Rows of one page, at most, and where nothing is said. */
export const ledgerRowsMax = 200;
export const ledgerRowsUsual = 50;

/** Characters of a search: a whole receipt fits. */
export const searchCharsMax = 4_200;

/** A signer as the fold knows them now; a server of the deployment by what it does. */
const SignerView = z.object({
  key: PublicKey,
  person: PersonId.nullable(),
  role: z.string().nullable(),
  server: z.enum(["log", "control", "gateway"]).nullable(),
});

/** One entry, or intervals of receipts that follow one another (`first` to `last`). */
const LedgerRow = z.object({
  first: Index,
  last: Index,
  verb: z.string(),
  from: Timestamp,
  to: Timestamp,
  /** Receipts that it logs; 0 for any other entry. */
  receipts: z.number().int().nonnegative(),
  /** What happened, in a sentence; null where the store no longer gives the entry as it was recorded. */
  words: z.string().nullable(),
  act: Digest.nullable(),
  models: z.array(Name),
  signers: z.array(SignerView),
  /** Why the rules refuse it: it stands in the ledger and changes nothing. */
  refused: z.string().nullable(),
});
export type LedgerRow = z.infer<typeof LedgerRow>;

/** Somebody that an answer names by id. `name` is null where it was erased, or is not to be had. */
const PersonView = z.object({ person: PersonId, role: z.string(), name: z.string().nullable() });

/** `GET ledger?q=…&verb=…&since=…&until=…&before=…&limit=…`: newest first. `verb` may be several, with commas between. */
export const LedgerView = z.object({
  /** Entries of the ledger. */
  size: Index,
  rows: z.array(LedgerRow),
  /** What `before` is for the next page; null where there is none. */
  next: Index.nullable(),
  /** The first entry whose ids and names are searched; digests of acts and receipts are found in all. */
  searchedFrom: Index,
  /** Entries that the search found, before the filters; null where nothing was searched. */
  matches: z.number().int().nonnegative().nullable(),
  people: z.array(PersonView),
});
export type LedgerView = z.infer<typeof LedgerView>;

/** `GET ledgerEntry?from=N`: the entry's bytes, and the way from it to the signed head; with `from`, also that the ledger of so many entries is the beginning of this one. */
export const LedgerEntryView = z.object({
  index: Index,
  /** Entries of the ledger whose head `checkpoint` is. */
  size: Index,
  leaf: Base64,
  envelope: Base64,
  inclusion: Hashes,
  checkpoint: z.string(),
  growth: z.object({ from: Index, path: Hashes }).nullable(),
  /** Why the rules refuse it. */
  refused: z.string().nullable(),
  signers: z.array(SignerView),
  people: z.array(PersonView),
  /** Texts behind the commitments in it, where they are kept. */
  openings: z.array(Opening),
  /** Entries that name what it names, newest first, 40 at most. */
  related: z.array(LedgerRow),
});
export type LedgerEntryView = z.infer<typeof LedgerEntryView>;
