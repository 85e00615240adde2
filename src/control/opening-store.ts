// Openings of commitments: names and reasons. Deleting a row erases the text; every proof stands without it.
import { commit, Opening } from "../proof/digest.ts";
import type { Hasher } from "../proof/primitives.ts";
import type { Database, Transaction } from "../store/database.ts";
import type { Digest } from "../terms/ids.ts";

export async function keepOpening(transaction: Transaction, commitment: Digest, opening: Opening): Promise<void> {
  await transaction.query(
    "INSERT INTO opening (commitment, salt, text) VALUES (?, ?, ?) ON CONFLICT (commitment) DO NOTHING",
    [commitment, opening.salt, opening.text],
  );
}

/** The openings that are kept, in the order asked; one that does not open its commitment is left out. */
export async function findOpenings(
  database: Database,
  commitments: readonly Digest[],
  hasher: Hasher,
): Promise<readonly Opening[]> {
  const found: Opening[] = [];
  for (const commitment of commitments) {
    const [row] = await database.query("SELECT salt, text FROM opening WHERE commitment = ?", [commitment]);
    const opening = Opening.safeParse(row).data;
    if (opening !== undefined && commit(opening, hasher) === commitment) found.push(opening);
  }
  return found;
}
