// What somebody with the database file and none of the keys would write into it: rows that fit each other in every hash,
// and lack only signatures.
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import { openStatement } from "../../acts/statement.ts";
import { readProfile } from "../../cli/profile.ts";
import { secretBytes, secretKeyOf } from "../../acts/secret-key.ts";
import { formatLeaf } from "../../proof/leaf.ts";
import { leafHash, rootOf } from "../../proof/merkle.ts";
import { newSigner, nodePrimitives, randomBytes, randomId } from "../../proof/node.ts";
import { KeyId, Name } from "../../terms/ids.ts";
import { Unfinished } from "./attempt.ts";
import { forge } from "./submitting.ts";

const Bytes = z.instanceof(Uint8Array);
const Leaves = z.array(z.object({ idx: z.number(), leaf: Bytes }));

function openDatabase(data: string): DatabaseSync {
  return new DatabaseSync(path.join(data, "headgate.db"), { enableForeignKeyConstraints: false });
}

function leavesIn(database: DatabaseSync): z.infer<typeof Leaves> {
  return Leaves.parse(database.prepare("SELECT idx, leaf FROM ledger_leaf ORDER BY idx").all());
}

/** Makes tile and head those of the given leaves. The scratch ledger is short, so its tree is one tile. */
function rewriteTree(database: DatabaseSync, leaves: readonly Uint8Array[]): void {
  if (leaves.length > 256) throw new Unfinished("the scratch ledger is longer than one tile");
  const hashes = leaves.map((leaf) => leafHash(leaf, nodePrimitives));
  database
    .prepare("UPDATE ledger_tile SET width = ?, hashes = ? WHERE level = 0 AND tile_index = 0")
    .run(leaves.length, Buffer.concat(hashes));
  database.prepare("UPDATE ledger_head SET size = ?, root = ?").run(leaves.length, rootOf(hashes, nodePrimitives));
}

/** A `key` statement signed by a stranger, as a row like any other. Returns the key's secret. */
export async function insertForgedKey(data: string, profile: string): Promise<string> {
  const { secret, hash } = secretKeyOf(randomBytes(secretBytes), false, nodePrimitives);
  const body = {
    key: KeyId.parse(randomId("key_", 16)),
    organisation: Name.parse("caller"),
    hash,
    notAfter: null,
  };
  const envelope = await forge(readProfile(profile), { verb: "key", body }, [newSigner().signer]);
  const act = await openStatement(envelope, nodePrimitives);
  const leaf = formatLeaf(act.envelope, "key");
  const database = openDatabase(data);
  try {
    const leaves = leavesIn(database);
    database
      .prepare("INSERT INTO envelope (digest, act, bytes) VALUES (?, ?, ?)")
      .run(act.envelope, act.digest, envelope);
    database
      .prepare("INSERT INTO ledger_leaf (idx, leaf, leaf_hash, statement) VALUES (?, ?, ?, ?)")
      .run(leaves.length, leaf, leafHash(leaf, nodePrimitives), act.envelope);
    rewriteTree(database, [...leaves.map((row) => row.leaf), leaf]);
  } finally {
    database.close();
  }
  return secret;
}

/** Cuts the ledger before its first hold. */
export function deleteHold(data: string): void {
  const database = openDatabase(data);
  try {
    const leaves = leavesIn(database);
    const at = leaves.findIndex(({ leaf }) => Buffer.from(leaf).toString("utf8").includes('"verb":"hold"'));
    if (at < 0) throw new Unfinished("there is no hold to delete");
    database.prepare("DELETE FROM ledger_leaf WHERE idx >= ?").run(at);
    database.exec("DELETE FROM envelope WHERE digest NOT IN (SELECT statement FROM ledger_leaf)");
    const kept = leaves.slice(0, at).map(({ leaf }) => leaf);
    rewriteTree(database, kept);
  } finally {
    database.close();
  }
}

const Artefacts = z.array(z.object({ digest: z.string(), bytes: Bytes }));

/** Turns every block into a pass, in place. Returns how many documents that changed. */
export function editArtefacts(data: string): number {
  const database = openDatabase(data);
  try {
    const artefacts = Artefacts.parse(database.prepare("SELECT digest, bytes FROM artefact").all());
    const edited = artefacts.flatMap(({ digest, bytes }) => {
      const text = Buffer.from(bytes).toString("utf8");
      const changed = text
        .replaceAll('"mode":"block"', '"mode":"flag"')
        .replaceAll('"unknown":"block"', '"unknown":"pass"');
      return changed === text ? [] : [{ digest, changed }];
    });
    for (const { digest, changed } of edited) {
      database.prepare("UPDATE artefact SET bytes = ? WHERE digest = ?").run(Buffer.from(changed), digest);
    }
    return edited.length;
  } finally {
    database.close();
  }
}
