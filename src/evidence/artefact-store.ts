// Artefacts: documents, items and samples, kept once under the digest of their bytes. What is read is hashed again, so an
// edited row is a missing artefact and nothing else.
import { z } from "zod";
import { digestOf } from "../proof/digest.ts";
import type { Hasher } from "../proof/primitives.ts";
import type { Database, Transaction } from "../store/database.ts";
import { Failure } from "../terms/failure.ts";
import type { Digest } from "../terms/ids.ts";

const Row = z.object({ bytes: z.instanceof(Uint8Array) });

/** Keeps the bytes under their digest. Idempotent: bytes of the same digest are the same bytes. */
export async function keepArtefact(transaction: Transaction, digest: Digest, bytes: Uint8Array): Promise<void> {
  await transaction.query(
    "INSERT INTO artefact (digest, bytes) VALUES (?, ?) ON CONFLICT (digest) DO UPDATE SET bytes = excluded.bytes",
    [digest, bytes],
  );
}

/** The bytes of an artefact, or undefined where it is not kept or no longer what its digest says. */
async function findArtefact(database: Database, digest: Digest, hasher: Hasher): Promise<Uint8Array | undefined> {
  const [row] = await database.query("SELECT bytes FROM artefact WHERE digest = ?", [digest]);
  if (row === undefined) return undefined;
  const { bytes } = Row.parse(row);
  return digestOf(bytes, hasher) === digest ? new Uint8Array(bytes) : undefined;
}

/** The bytes of an artefact. Fails with artefact_missing. */
export async function readArtefact(database: Database, digest: Digest, hasher: Hasher): Promise<Uint8Array> {
  const bytes = await findArtefact(database, digest, hasher);
  if (bytes !== undefined) return bytes;
  throw new Failure("artefact_missing", `The content of ${digest} is missing or damaged here. Send it again.`, {
    detail: { digest },
  });
}
