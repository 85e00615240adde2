// Passkeys as rows, and the challenges that were answered: each opens one session, once.
import { z } from "zod";
import type { Queries, Transaction } from "../store/database.ts";
import { Failure } from "../terms/failure.ts";
import { Instant, PersonId, PublicKey } from "../terms/ids.ts";

export interface Passkey {
  /** Of the credential, base64url. */
  readonly id: string;
  readonly person: PersonId;
  /** The key of the person that added it, which it ends with. */
  readonly key: PublicKey;
  readonly label: string;
  /** COSE. */
  readonly publicKey: Uint8Array;
  readonly counter: number;
  readonly transports: readonly string[];
  readonly at: Instant;
  readonly usedAt: Instant | null;
}

/** Passkeys of one person. */
const passkeysOfOneMax = 8;

const Row = z
  .object({
    id: z.string(),
    person: PersonId,
    added_by: PublicKey,
    label: z.string(),
    public_key: z.instanceof(Uint8Array),
    counter: z.number(),
    transports: z.string(),
    at: Instant,
    used_at: Instant.nullable(),
  })
  .transform(({ public_key: publicKey, added_by: key, used_at: usedAt, transports, ...row }): Passkey => ({
    ...row,
    key,
    publicKey,
    usedAt,
    transports: transports.split(" ").filter((one) => one !== ""),
  }));

export async function keepPasskey(transaction: Transaction, passkey: Passkey): Promise<void> {
  const { id, person, key, label, publicKey, counter, transports, at } = passkey;
  if ((await listPasskeys(transaction, person)).length >= passkeysOfOneMax)
    throw new Failure("conflict", `A person has at most ${passkeysOfOneMax} passkeys. Remove one first.`);
  await transaction.query(
    "INSERT INTO passkey (id, person, added_by, label, public_key, counter, transports, at, used_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)",
    [id, person, key, label, publicKey, counter, transports.join(" "), at],
  );
}

export async function findPasskey(queries: Queries, id: string): Promise<Passkey | undefined> {
  const [row] = await queries.query("SELECT * FROM passkey WHERE id = ?", [id]);
  return row === undefined ? undefined : Row.parse(row);
}

export async function listPasskeys(queries: Queries, person: PersonId): Promise<readonly Passkey[]> {
  const rows = await queries.query("SELECT * FROM passkey WHERE person = ? ORDER BY at, id", [person]);
  return rows.map((row) => Row.parse(row));
}

/** Fails with session_missing where the passkey is gone, or its counter went back: then there are two of it. */
export async function markUsed(
  transaction: Transaction,
  { id, counter }: Pick<Passkey, "id" | "counter">,
  at: Instant,
): Promise<void> {
  const rows = await transaction.query(
    "UPDATE passkey SET counter = ?, used_at = ? WHERE id = ? AND (counter < ? OR ? = 0) RETURNING id",
    [counter, at, id, counter, counter],
  );
  if (rows.length === 0) throw new Failure("session_missing", "This passkey is not known here, or was copied.");
}

/** Whether there was one. */
export async function dropPasskey(transaction: Transaction, id: string, person: PersonId): Promise<boolean> {
  const rows = await transaction.query("DELETE FROM passkey WHERE id = ? AND person = ? RETURNING id", [id, person]);
  return rows.length > 0;
}

/** Fails with conflict where it was answered before. */
export async function keepAnswer(
  transaction: Transaction,
  { challenge, endsAt }: { readonly challenge: string; readonly endsAt: Instant },
  now: Instant,
): Promise<void> {
  await transaction.query("DELETE FROM passkey_answer WHERE ends_at <= ?", [now]);
  await transaction.query("INSERT INTO passkey_answer (challenge, ends_at) VALUES (?, ?)", [challenge, endsAt]);
}
