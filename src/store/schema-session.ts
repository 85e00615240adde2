// Who is signed in to the console: `hash` of the secret in the browser's cookie, `who` (a person, or the key of an organisation), and
// what they signed in with, `means`: their key, a passkey, the secret of the organisation's key. Passkeys of persons, and challenges of
// passkeys that were answered, until they would have ended anyway.
import type { Migration } from "./migrations.ts";

const sqlite = `
CREATE TABLE session (
  id TEXT PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  who TEXT NOT NULL,
  means TEXT NOT NULL,
  made_with TEXT NOT NULL,
  at INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  ends_at INTEGER NOT NULL
) STRICT;
CREATE INDEX session_by_who ON session (who, at);
CREATE TABLE passkey (
  id TEXT PRIMARY KEY,
  person TEXT NOT NULL,
  label TEXT NOT NULL,
  public_key BLOB NOT NULL,
  counter INTEGER NOT NULL,
  transports TEXT NOT NULL,
  at INTEGER NOT NULL,
  used_at INTEGER
) STRICT;
CREATE INDEX passkey_by_person ON passkey (person, at);
CREATE TABLE passkey_answer (
  challenge TEXT PRIMARY KEY,
  ends_at INTEGER NOT NULL
) STRICT;
`;

const postgres = `
CREATE TABLE session (
  id TEXT COLLATE "C" PRIMARY KEY,
  hash TEXT COLLATE "C" NOT NULL UNIQUE,
  who TEXT COLLATE "C" NOT NULL,
  means TEXT COLLATE "C" NOT NULL,
  made_with TEXT COLLATE "C" NOT NULL,
  at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  ends_at BIGINT NOT NULL
);
CREATE INDEX session_by_who ON session (who, at);
CREATE TABLE passkey (
  id TEXT COLLATE "C" PRIMARY KEY,
  person TEXT COLLATE "C" NOT NULL,
  label TEXT NOT NULL,
  public_key BYTEA NOT NULL,
  counter BIGINT NOT NULL,
  transports TEXT COLLATE "C" NOT NULL,
  at BIGINT NOT NULL,
  used_at BIGINT
);
CREATE INDEX passkey_by_person ON passkey (person, at);
CREATE TABLE passkey_answer (
  challenge TEXT COLLATE "C" PRIMARY KEY,
  ends_at BIGINT NOT NULL
);
`;

export const session: Migration["sql"] = { sqlite, postgres };

// The key that added a passkey, which it ends with. Of those that were there nobody knows it: they are added again.
const keyOf = (type: string): string => `
DELETE FROM passkey;
ALTER TABLE passkey ADD COLUMN added_by ${type} NOT NULL DEFAULT '';
`;

export const passkeyKey: Migration["sql"] = { sqlite: keyOf("TEXT"), postgres: keyOf('TEXT COLLATE "C"') };
