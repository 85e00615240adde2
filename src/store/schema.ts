// The tables, as migrations in order. A migration that was released is never edited: add one. Digests are text
// (`sha256:…`), hashes and signed bytes are blobs, moments are milliseconds since 1970. Nothing here is trusted for what it
// says: acts carry signatures, artefacts their digest, leaves the signed root.
import type { Migration } from "./migrations.ts";
import { passkeyKey, session } from "./schema-session.ts";

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

// The same tables as PostgreSQL writes them. Text is compared byte by byte, as SQLite does.
const firstPostgres = `
-- Signed acts by envelope digest; act is the digest of what was signed, whoever signed it.
CREATE TABLE envelope (
  digest TEXT COLLATE "C" PRIMARY KEY,
  act TEXT COLLATE "C" NOT NULL UNIQUE,
  bytes BYTEA NOT NULL
);
-- The tree: one row a leaf, the hash tiles over them, and the one head.
CREATE TABLE ledger_leaf (
  idx BIGINT PRIMARY KEY CHECK (idx >= 0),
  leaf BYTEA NOT NULL,
  leaf_hash BYTEA NOT NULL CHECK (length(leaf_hash) = 32),
  statement TEXT COLLATE "C" NOT NULL UNIQUE REFERENCES envelope (digest)
);
CREATE TABLE ledger_tile (
  level BIGINT NOT NULL,
  tile_index BIGINT NOT NULL,
  width BIGINT NOT NULL CHECK (width BETWEEN 1 AND 256),
  hashes BYTEA NOT NULL CHECK (length(hashes) = 32 * width),
  PRIMARY KEY (level, tile_index)
);
-- size and root are committed with the leaves; checkpoint is the latest that was signed, of this size or a smaller one.
CREATE TABLE ledger_head (
  one BIGINT PRIMARY KEY CHECK (one = 1),
  origin TEXT COLLATE "C" NOT NULL,
  size BIGINT NOT NULL CHECK (size >= 0),
  root BYTEA NOT NULL CHECK (length(root) = 32),
  checkpoint TEXT COLLATE "C",
  at BIGINT NOT NULL
);

-- Acts that still lack signatures.
CREATE TABLE pending (
  act TEXT COLLATE "C" PRIMARY KEY,
  envelope BYTEA NOT NULL,
  at BIGINT NOT NULL
);
-- Documents and evidence by digest.
CREATE TABLE artefact (
  digest TEXT COLLATE "C" PRIMARY KEY,
  bytes BYTEA NOT NULL
);
-- What commitments were made of. Deleting a row erases the text and leaves every proof standing.
CREATE TABLE opening (
  commitment TEXT COLLATE "C" PRIMARY KEY,
  salt TEXT COLLATE "C" NOT NULL,
  text TEXT COLLATE "C" NOT NULL
);

-- One row an exchange. interval_root is null until its interval is in the ledger.
CREATE TABLE receipt (
  id TEXT COLLATE "C" PRIMARY KEY,
  digest TEXT COLLATE "C" NOT NULL UNIQUE,
  interval_root TEXT COLLATE "C",
  permit TEXT COLLATE "C",
  item TEXT COLLATE "C",
  at BIGINT NOT NULL,
  bytes BYTEA NOT NULL
);
CREATE INDEX receipt_by_interval ON receipt (interval_root);
CREATE INDEX receipt_by_permit ON receipt (permit, item) WHERE permit IS NOT NULL;
CREATE INDEX receipt_by_time ON receipt (at);
CREATE TABLE receipt_interval (
  root TEXT COLLATE "C" PRIMARY KEY,
  ledger_index BIGINT,
  leaves BYTEA NOT NULL
);
CREATE TABLE usage (
  organisation TEXT COLLATE "C" NOT NULL,
  key TEXT COLLATE "C" NOT NULL,
  model TEXT COLLATE "C" NOT NULL,
  day TEXT COLLATE "C" NOT NULL CHECK (day ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'),
  tokens BIGINT NOT NULL DEFAULT 0 CHECK (tokens >= 0),
  requests BIGINT NOT NULL DEFAULT 0 CHECK (requests >= 0),
  PRIMARY KEY (organisation, key, model, day)
);
`;

// Exchanges in observe mode, counted by minute (since 1970) and by what would have stopped them: side and verdict, or
// nothing.
const observed = `
CREATE TABLE observed (
  model TEXT NOT NULL,
  minute INTEGER NOT NULL,
  would TEXT NOT NULL,
  count INTEGER NOT NULL CHECK (count >= 1),
  PRIMARY KEY (model, minute, would)
) STRICT;
`;

const observedPostgres = `
CREATE TABLE observed (
  model TEXT COLLATE "C" NOT NULL,
  minute BIGINT NOT NULL,
  would TEXT COLLATE "C" NOT NULL,
  count BIGINT NOT NULL CHECK (count >= 1),
  PRIMARY KEY (model, minute, would)
);
`;

// The same for safeguards in shadow.
const shadowed = observed.replace("TABLE observed", "TABLE shadowed");
const shadowedPostgres = observedPostgres.replace("TABLE observed", "TABLE shadowed");

// What each gateway told of its usage, where there are several: each begins its day with its own.
const usageOfGateway = `
CREATE TABLE usage_of_gateway (
  gateway TEXT NOT NULL,
  organisation TEXT NOT NULL,
  key TEXT NOT NULL,
  model TEXT NOT NULL,
  day TEXT NOT NULL,
  tokens INTEGER NOT NULL CHECK (tokens >= 0),
  requests INTEGER NOT NULL CHECK (requests >= 0),
  PRIMARY KEY (gateway, organisation, key, model, day)
) STRICT;
`;

const usageOfGatewayPostgres = `
CREATE TABLE usage_of_gateway (
  gateway TEXT COLLATE "C" NOT NULL,
  organisation TEXT COLLATE "C" NOT NULL,
  key TEXT COLLATE "C" NOT NULL,
  model TEXT COLLATE "C" NOT NULL,
  day TEXT COLLATE "C" NOT NULL,
  tokens BIGINT NOT NULL CHECK (tokens >= 0),
  requests BIGINT NOT NULL CHECK (requests >= 0),
  PRIMARY KEY (gateway, organisation, key, model, day)
);
`;

// Requests that wait for a person, or did. `sealed` is null once the text is erased; `sealing_key` is what it was sealed to.
// `decided_at` follows the ledger: what was decided stands there.
const review = `
CREATE TABLE review (
  id TEXT PRIMARY KEY,
  request TEXT NOT NULL,
  key TEXT NOT NULL,
  model TEXT NOT NULL,
  config TEXT NOT NULL,
  found TEXT NOT NULL,
  at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  decision_hours INTEGER NOT NULL,
  retention_days INTEGER NOT NULL,
  decided_at INTEGER,
  sealing_key TEXT NOT NULL,
  sealed TEXT
) STRICT;
CREATE INDEX review_by_key ON review (key, request);
CREATE INDEX review_waiting ON review (expires_at) WHERE decided_at IS NULL;
`;

const reviewPostgres = `
CREATE TABLE review (
  id TEXT COLLATE "C" PRIMARY KEY,
  request TEXT COLLATE "C" NOT NULL,
  key TEXT COLLATE "C" NOT NULL,
  model TEXT COLLATE "C" NOT NULL,
  config TEXT COLLATE "C" NOT NULL,
  found TEXT COLLATE "C" NOT NULL,
  at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  decision_hours BIGINT NOT NULL,
  retention_days BIGINT NOT NULL,
  decided_at BIGINT,
  sealing_key TEXT COLLATE "C" NOT NULL,
  sealed TEXT COLLATE "C"
);
CREATE INDEX review_by_key ON review (key, request);
CREATE INDEX review_waiting ON review (expires_at) WHERE decided_at IS NULL;
`;

// What webhooks were told of: up to which entry, and how models stood then; and each message to each endpoint. `place` orders those
// that were made together; `next_at` is null once it was delivered or given up.
const webhook = `
CREATE TABLE webhook_seen (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  entries INTEGER NOT NULL,
  standings TEXT NOT NULL
) STRICT;
CREATE TABLE webhook_message (
  endpoint TEXT NOT NULL,
  id TEXT NOT NULL,
  type TEXT NOT NULL,
  payload TEXT NOT NULL,
  made_at INTEGER NOT NULL,
  place INTEGER NOT NULL,
  tries INTEGER NOT NULL,
  next_at INTEGER,
  delivered_at INTEGER,
  answer TEXT,
  PRIMARY KEY (endpoint, id)
) STRICT;
CREATE INDEX webhook_due ON webhook_message (endpoint, next_at) WHERE next_at IS NOT NULL;
CREATE INDEX webhook_made ON webhook_message (made_at);
`;

const webhookPostgres = `
CREATE TABLE webhook_seen (
  one BIGINT PRIMARY KEY CHECK (one = 1),
  entries BIGINT NOT NULL,
  standings TEXT COLLATE "C" NOT NULL
);
CREATE TABLE webhook_message (
  endpoint TEXT COLLATE "C" NOT NULL,
  id TEXT COLLATE "C" NOT NULL,
  type TEXT COLLATE "C" NOT NULL,
  payload TEXT COLLATE "C" NOT NULL,
  made_at BIGINT NOT NULL,
  place BIGINT NOT NULL,
  tries BIGINT NOT NULL,
  next_at BIGINT,
  delivered_at BIGINT,
  answer TEXT COLLATE "C",
  PRIMARY KEY (endpoint, id)
);
CREATE INDEX webhook_due ON webhook_message (endpoint, next_at) WHERE next_at IS NOT NULL;
CREATE INDEX webhook_made ON webhook_message (made_at);
`;

// What a watch over a stage that opens by steps has counted, of the period that began with entry `began`; and the exchanges that it
// looks at. `began` is null until the receipt has come, `label` until somebody gave one. A review with a `sample` labels one of them.
const watch = `
ALTER TABLE review ADD COLUMN sample TEXT;
CREATE TABLE watch_count (
  model TEXT NOT NULL,
  began INTEGER NOT NULL,
  measure TEXT NOT NULL,
  exchanges INTEGER NOT NULL,
  bad INTEGER NOT NULL,
  good INTEGER NOT NULL,
  late INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  PRIMARY KEY (model, began, measure)
) STRICT;
CREATE TABLE watch_sample (
  receipt TEXT NOT NULL,
  measure TEXT NOT NULL,
  model TEXT,
  began INTEGER,
  organisation TEXT,
  hour INTEGER,
  review TEXT,
  label TEXT,
  at INTEGER NOT NULL,
  PRIMARY KEY (receipt, measure)
) STRICT;
CREATE INDEX watch_sample_by_review ON watch_sample (review) WHERE review IS NOT NULL;
CREATE INDEX watch_sample_by_hour ON watch_sample (model, began, measure, organisation, hour);
CREATE INDEX watch_sample_by_time ON watch_sample (at);
`;

const watchPostgres = `
ALTER TABLE review ADD COLUMN sample TEXT COLLATE "C";
CREATE TABLE watch_count (
  model TEXT COLLATE "C" NOT NULL,
  began BIGINT NOT NULL,
  measure TEXT COLLATE "C" NOT NULL,
  exchanges BIGINT NOT NULL,
  bad BIGINT NOT NULL,
  good BIGINT NOT NULL,
  late BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  PRIMARY KEY (model, began, measure)
);
CREATE TABLE watch_sample (
  receipt TEXT COLLATE "C" NOT NULL,
  measure TEXT COLLATE "C" NOT NULL,
  model TEXT COLLATE "C",
  began BIGINT,
  organisation TEXT COLLATE "C",
  hour BIGINT,
  review TEXT COLLATE "C",
  label TEXT COLLATE "C",
  at BIGINT NOT NULL,
  PRIMARY KEY (receipt, measure)
);
CREATE INDEX watch_sample_by_review ON watch_sample (review) WHERE review IS NOT NULL;
CREATE INDEX watch_sample_by_hour ON watch_sample (model, began, measure, organisation, hour);
CREATE INDEX watch_sample_by_time ON watch_sample (at);
`;

// How the counts of a watch came to be: one row for each time they grew, thinned to a bounded number a measure and period.
const watchPoint = `
CREATE TABLE watch_point (
  model TEXT NOT NULL,
  began INTEGER NOT NULL,
  measure TEXT NOT NULL,
  exchanges INTEGER NOT NULL,
  bad INTEGER NOT NULL,
  good INTEGER NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (model, began, measure, exchanges)
) STRICT;
`;

const watchPointPostgres = `
CREATE TABLE watch_point (
  model TEXT COLLATE "C" NOT NULL,
  began BIGINT NOT NULL,
  measure TEXT COLLATE "C" NOT NULL,
  exchanges BIGINT NOT NULL,
  bad BIGINT NOT NULL,
  good BIGINT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (model, began, measure, exchanges)
);
`;

// Refusals by key, day and what the caller was told; and an index for what is asked of the days of usage.
const refusal = `
CREATE TABLE refusal (
  key TEXT NOT NULL,
  day TEXT NOT NULL,
  why TEXT NOT NULL,
  count INTEGER NOT NULL CHECK (count >= 1),
  PRIMARY KEY (key, day, why)
) STRICT;
CREATE INDEX usage_by_day ON usage (day);
`;

const refusalPostgres = `
CREATE TABLE refusal (
  key TEXT COLLATE "C" NOT NULL,
  day TEXT COLLATE "C" NOT NULL,
  why TEXT COLLATE "C" NOT NULL,
  count BIGINT NOT NULL CHECK (count >= 1),
  PRIMARY KEY (key, day, why)
);
CREATE INDEX usage_by_day ON usage (day);
`;

export const schema: readonly Migration[] = [
  { id: 1, name: "first", sql: { sqlite: first, postgres: firstPostgres } },
  { id: 2, name: "observed", sql: { sqlite: observed, postgres: observedPostgres } },
  { id: 3, name: "usage of gateway", sql: { sqlite: usageOfGateway, postgres: usageOfGatewayPostgres } },
  { id: 4, name: "review", sql: { sqlite: review, postgres: reviewPostgres } },
  { id: 5, name: "shadowed", sql: { sqlite: shadowed, postgres: shadowedPostgres } },
  { id: 6, name: "webhook", sql: { sqlite: webhook, postgres: webhookPostgres } },
  { id: 7, name: "watch", sql: { sqlite: watch, postgres: watchPostgres } },
  { id: 8, name: "watch point", sql: { sqlite: watchPoint, postgres: watchPointPostgres } },
  { id: 9, name: "refusal", sql: { sqlite: refusal, postgres: refusalPostgres } },
  { id: 10, name: "session", sql: session },
  { id: 11, name: "passkey key", sql: passkeyKey },
];
