// The tables, as migrations in order. A migration that was released is never edited: add one. Digests are text
// (`sha256:…`), hashes and signed bytes are blobs, moments are milliseconds since 1970. Nothing here is trusted for what it
// says: acts carry signatures, artefacts their digest, leaves the signed root.
import type { Migration } from "./migrations.ts";

const first = `
-- The tree: one row a leaf, the hash tiles over them, and the one head.
CREATE TABLE ledger_leaf (
  idx INTEGER PRIMARY KEY CHECK (idx >= 0),
  leaf BLOB NOT NULL,
  leaf_hash BLOB NOT NULL CHECK (length(leaf_hash) = 32),
  statement TEXT NOT NULL UNIQUE REFERENCES envelope (digest)
) STRICT;
CREATE TABLE ledger_tile (
  level INTEGER NOT NULL,
  tile_index INTEGER NOT NULL,
  width INTEGER NOT NULL CHECK (width BETWEEN 1 AND 256),
  hashes BLOB NOT NULL CHECK (length(hashes) = 32 * width),
  PRIMARY KEY (level, tile_index)
) STRICT;
-- size and root are committed with the leaves; checkpoint is the latest that was signed, of this size or a smaller one.
CREATE TABLE ledger_head (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  origin TEXT NOT NULL,
  size INTEGER NOT NULL CHECK (size >= 0),
  root BLOB NOT NULL CHECK (length(root) = 32),
  checkpoint TEXT,
  at INTEGER NOT NULL
) STRICT;

-- Signed acts by envelope digest; act is the digest of what was signed, whoever signed it.
CREATE TABLE envelope (
  digest TEXT PRIMARY KEY,
  act TEXT NOT NULL UNIQUE,
  bytes BLOB NOT NULL
) STRICT;
-- Acts that still lack signatures.
CREATE TABLE pending (
  act TEXT PRIMARY KEY,
  envelope BLOB NOT NULL,
  at INTEGER NOT NULL
) STRICT;
-- Documents and evidence by digest.
CREATE TABLE artefact (
  digest TEXT PRIMARY KEY,
  bytes BLOB NOT NULL
) STRICT;
-- What commitments were made of. Deleting a row erases the text and leaves every proof standing.
CREATE TABLE opening (
  commitment TEXT PRIMARY KEY,
  salt TEXT NOT NULL,
  text TEXT NOT NULL
) STRICT;

-- One row an exchange. interval_root is null until its interval is in the ledger.
CREATE TABLE receipt (
  id TEXT PRIMARY KEY,
  digest TEXT NOT NULL UNIQUE,
  interval_root TEXT,
  permit TEXT,
  item TEXT,
  at INTEGER NOT NULL,
  bytes BLOB NOT NULL
) STRICT;
CREATE INDEX receipt_by_interval ON receipt (interval_root);
CREATE INDEX receipt_by_permit ON receipt (permit, item) WHERE permit IS NOT NULL;
CREATE INDEX receipt_by_time ON receipt (at);
CREATE TABLE receipt_interval (
  root TEXT PRIMARY KEY,
  ledger_index INTEGER,
  leaves BLOB NOT NULL
) STRICT;
CREATE TABLE usage (
  organisation TEXT NOT NULL,
  key TEXT NOT NULL,
  model TEXT NOT NULL,
  day TEXT NOT NULL CHECK (day GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'),
  tokens INTEGER NOT NULL DEFAULT 0 CHECK (tokens >= 0),
  requests INTEGER NOT NULL DEFAULT 0 CHECK (requests >= 0),
  PRIMARY KEY (organisation, key, model, day)
) STRICT;
`;

export const schema: readonly Migration[] = [{ id: 1, name: "first", sql: { sqlite: first } }];
