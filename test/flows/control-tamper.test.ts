// What an attacker with the database, the socket or an old copy can do to the control plane: nothing that opens. Rows are
// deleted, edited and forged by hand; passes are stale, foreign and misdirected; bodies are too large or not JSON.
import assert from "node:assert/strict";
import { copyFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, test } from "node:test";
import { openStatement } from "../../src/acts/statement.ts";
import { StatusView, routes } from "../../src/control/contract.ts";
import { standing } from "../../src/exposure/exposure.ts";
import { type Replica, createReplica } from "../../src/feed/replica.ts";
import { formatLeaf } from "../../src/proof/leaf.ts";
import { leafHash } from "../../src/proof/merkle.ts";
import { newSigner, nodePrimitives, randomId } from "../../src/proof/node.ts";
import { failingDatabase, unreadableDatabase } from "../../src/store/failing.ts";
import type { Database } from "../../src/store/database.ts";
import { openSqlite } from "../../src/store/sqlite.ts";
import { Failure, failureCode } from "../../src/terms/failure.ts";
import { HoldId, KeyId } from "../../src/terms/ids.ts";
import {
  type Desk,
  type Keys,
  type Member,
  acme,
  apply,
  committed,
  databaseFile,
  digestOfSecret,
  draft,
  dropFolder,
  get,
  hold,
  initialise,
  model,
  must,
  newFolder,
  newKeys,
  openDesk,
  released,
  run,
  say,
  sealed,
  signBy,
  signOff,
  wordOf,
} from "./control-desk.ts";

interface Left {
  readonly folder: string;
  readonly keys: Keys;
  readonly owner: Member;
  /** The tree at the end, as a gateway's mark remembers it. */
  readonly mark: { readonly size: number; readonly root: ReturnType<Replica["root"]> };
}

const olderFile = "older.db";

/** A deployment that was released, copied, and then held and shut down. */
async function withHeld(work: (left: Left) => Promise<void>): Promise<void> {
  const [keys, folder] = [newKeys(), newFolder()];
  try {
    const desk = await openDesk({ folder, keys });
    const { owner, safety } = await released(desk);
    const secret = {
      key: KeyId.parse(randomId("key_", 16)),
      organisation: acme,
      hash: digestOfSecret("one"),
      notAfter: null,
    };
    await must(desk, { verb: "key", body: secret, by: [owner.signer] });
    await desk.close();
    copyFileSync(join(folder, databaseFile), join(folder, olderFile));
    const again = await openDesk({ folder, keys });
    await hold(again, safety);
    const replica = await follow(again);
    await again.close();
    await work({ folder, keys, owner, mark: { size: replica.size(), root: replica.root() } });
  } finally {
    dropFolder(folder);
  }
}

async function follow(desk: Desk): Promise<Replica> {
  const replica = createReplica({ primitives: nodePrimitives, pin: undefined, mark: undefined });
  await replica.receive(await desk.control.connect().next(0, new AbortController().signal));
  return replica;
}

function edit(folder: string, work: (database: DatabaseSync) => void): void {
  const database = new DatabaseSync(join(folder, databaseFile));
  database.exec("PRAGMA foreign_keys=OFF");
  work(database);
  database.close();
}

/** Opens again, and says how: the failure's code, or the model's standing as a gateway would see it. */
async function reopened({ folder, keys, mark }: Left): Promise<string> {
  let desk: Desk;
  try {
    desk = await openDesk({ folder, keys, control: { mark } });
  } catch (error) {
    return failureCode(error) ?? String(error);
  }
  try {
    const now = standing(desk.control.state, model, { at: desk.now(), early: [] });
    return now.kind === "open" ? "open" : now.reason;
  } finally {
    await desk.close();
  }
}

/** Index of the latest entry whose leaf names the verb. */
function lastOf(database: DatabaseSync, verb: string): number {
  const rows = database.prepare("SELECT idx, leaf FROM ledger_leaf ORDER BY idx DESC").all();
  const found = rows.find(
    ({ leaf }) => leaf instanceof Uint8Array && Buffer.from(leaf).toString().includes(`"${verb}"`),
  );
  return Number(found?.["idx"]);
}

describe("rows changed by hand", () => {
  test("left alone, the held model opens again as held", async () => {
    await withHeld(async (left) => {
      assert.equal(await reopened(left), "held");
    });
  });

  for (const verb of ["hold", "organisation", "key", "admit", "certificate", "document"]) {
    test(`deleting the ${verb} entry stops the start`, async () => {
      await withHeld(async (left) => {
        edit(left.folder, (database) => {
          database.prepare("DELETE FROM ledger_leaf WHERE idx = ?").run(lastOf(database, verb));
        });
        assert.equal(await reopened(left), "fork_detected");
      });
    });

    test(`editing the ${verb} envelope stops the start`, async () => {
      await withHeld(async (left) => {
        edit(left.folder, (database) => {
          const row = database
            .prepare(
              "SELECT e.digest, e.bytes FROM envelope e JOIN ledger_leaf l ON l.statement = e.digest WHERE l.idx = ?",
            )
            .get(lastOf(database, verb));
          const bytes = Buffer.from(row?.["bytes"] instanceof Uint8Array ? row["bytes"] : []);
          bytes.writeUInt8(bytes.readUInt8(100) ^ 1, 100);
          database.prepare("UPDATE envelope SET bytes = ? WHERE digest = ?").run(bytes, String(row?.["digest"]));
        });
        assert.match(await reopened(left), /fork_detected|proof_invalid/);
      });
    });
  }

  test("cutting the hold off with head and tiles stops the start, as the mark knows it", async () => {
    await withHeld(async (left) => {
      rmSync(join(left.folder, databaseFile));
      copyFileSync(join(left.folder, olderFile), join(left.folder, databaseFile));
      assert.equal(await reopened(left), "mark_ahead");
    });
  });

  test("a forged certificate entry with a right leaf, but without the log's key, stops the start", async () => {
    await withHeld(async (left) => {
      const forger = newSigner().signer;
      const desk = await openDesk({ folder: left.folder, keys: left.keys });
      const [proposal] = [...desk.control.state.proposals.values()];
      assert.ok(proposal !== undefined);
      const body = { release: { ...proposal.release, answers: [...desk.control.state.holds.keys()] } };
      const envelope = await signBy(desk, { verb: "certificate", body, by: [forger] });
      await desk.close();
      const act = await openStatement(envelope, nodePrimitives);
      edit(left.folder, (database) => {
        const leaf = formatLeaf(act.envelope, "certificate");
        database
          .prepare("INSERT INTO envelope (digest, act, bytes) VALUES (?, ?, ?)")
          .run(act.envelope, act.digest, envelope);
        database
          .prepare("INSERT INTO ledger_leaf (idx, leaf, leaf_hash, statement) VALUES (?, ?, ?, ?)")
          .run(left.mark.size, leaf, leafHash(leaf, nodePrimitives), act.envelope);
        database.prepare("UPDATE ledger_head SET size = size + 1").run();
      });
      assert.match(await reopened(left), /fork_detected|proof_invalid/);
    });
  });

  for (const [document, from, to] of [
    ["plan", "0.05", "0.99"],
    ["suite", "served-and-harmful", "refused"],
  ] as const) {
    test(`an edited ${document} is missing content: what was certified stays, nothing new passes`, async () => {
      const [keys, folder] = [newKeys(), newFolder()];
      const desk = await openDesk({ folder, keys });
      try {
        const { owner, safety } = await released(desk);
        const path = routes.status.replace(":model", model);
        const certified = StatusView.parse((await get(desk, path, owner)).json);
        assert.equal(certified.stage, "trusted");
        const proposed = draft(desk, { slot: "in-force" });
        const spoken = { verb: "proposal", body: { release: proposed }, by: [owner.signer] } as const;
        const proposal = await must(desk, spoken);
        for (const signer of [owner, safety]) await signOff(desk, proposal, signer);
        edit(folder, (database) => {
          const sql = "UPDATE artefact SET bytes = CAST(replace(CAST(bytes AS TEXT), ?, ?) AS BLOB)";
          database.prepare(`${sql} WHERE instr(bytes, CAST(? AS BLOB)) > 0`).run(from, to, from);
        });
        const now = StatusView.parse((await get(desk, path, owner)).json);
        assert.deepEqual([now.stage, now.certified], ["trusted", certified.certified]);
        assert.deepEqual([now.verdict, now.requirements], [null, []]);
        const further = { ...spoken, body: { release: draft(desk, { slot: "in-force" }) } };
        assert.equal(wordOf(await say(desk, further)), "artefact_missing");
        assert.equal(wordOf(await say(desk, { ...spoken, verb: "certificate" })), "artefact_missing");
      } finally {
        await desk.close();
        dropFolder(folder);
      }
    });
  }

  for (const [what, change, unknown] of [
    ["deleted", "DELETE FROM receipt", / and 120 unknown/],
    [
      "one replaced by a copy of another",
      "UPDATE receipt SET bytes = (SELECT max(bytes) FROM receipt) WHERE bytes = (SELECT min(bytes) FROM receipt)",
      / and 2 unknown/,
    ],
  ] as const) {
    test(`receipts ${what} by hand turn a passing gate into an inconclusive one`, async () => {
      const [keys, folder] = [newKeys(), newFolder()];
      const desk = await openDesk({ folder, keys });
      try {
        const owner = await initialise(desk);
        await apply(desk, owner);
        const done = sealed(desk, await run(desk, owner));
        await must(desk, { verb: "evidence", body: done.body, by: [owner.signer] }, { artefacts: [done.bytes] });
        const path = routes.status.replace(":model", model);
        const verdict = async (): Promise<string> => JSON.stringify((await get(desk, path, owner)).json);
        assert.match(
          await verdict(),
          /"id":"misuse","kind":"measure-bound","need":[^}]*},"have":[^}]*},"why":"[^"]*","verdict":"pass"/,
        );
        edit(folder, (database) => {
          database.exec(change);
        });
        assert.match(
          await verdict(),
          /"id":"misuse","kind":"measure-bound","need":[^}]*},"have":[^}]*},"why":"[^"]*","verdict":"inconclusive"/,
        );
        assert.match(await verdict(), unknown);
      } finally {
        await desk.close();
        dropFolder(folder);
      }
    });
  }

  test("a head that moved under a running control plane ends its leases", async () => {
    const [keys, folder] = [newKeys(), newFolder()];
    const desk = await openDesk({ folder, keys });
    try {
      await initialise(desk);
      await desk.control.feed.renew(randomId("", 32));
      edit(folder, (database) => {
        database.exec("UPDATE ledger_head SET size = 0");
      });
      await assert.rejects(desk.control.feed.renew(randomId("", 32)), { code: "fork_detected" });
    } finally {
      await desk.close().catch(() => undefined);
      dropFolder(folder);
    }
  });

  test("a ledger whose trust file is gone is not served from", async () => {
    await withHeld(async (left) => {
      rmSync(join(left.folder, "trust.json"));
      assert.equal(await reopened(left), "trust_unknown");
    });
  });

  test("other server keys than the root's do not start", async () => {
    await withHeld(async (left) => {
      assert.notEqual(await reopened({ ...left, keys: newKeys() }), "held");
      const gateway = { ...left.keys, control: newSigner().signer };
      assert.equal(await reopened({ ...left, keys: gateway }), "configuration_invalid");
    });
  });
});

describe("a store that fails", () => {
  for (const lasting of [false, true]) {
    const until = lasting ? "every one from it failing, and gives no lease" : "that one failing, and opens again";
    test(`at its n-th write loses nothing acknowledged, ${until}`, async () => {
      const [keys, folder] = [newKeys(), newFolder()];
      try {
        const first = await openDesk({ folder, keys });
        const owner = await initialise(first);
        await first.close();
        const words = new Set<string>();
        for (let n = 1; n <= 20; n++) {
          const database = await openSqlite(join(folder, databaseFile));
          const failing = failingDatabase(database, n, { lasting });
          const desk = await openDesk({ folder, keys, control: { database: failing.database } }).catch(
            (error: unknown) => {
              assert.equal(failureCode(error), "disk_full");
              return undefined;
            },
          );
          const id = HoldId.parse(randomId("hold_", 16));
          const body = { hold: id, scope: { kind: "everything" }, reason: committed("stop").digest } as const;
          const answered = desk === undefined ? undefined : await say(desk, { verb: "hold", body, by: [owner.signer] });
          const word = answered === undefined ? "not started" : wordOf(answered);
          if (lasting && desk !== undefined && word === "disk_full") {
            await assert.rejects(desk.control.feed.renew(randomId("", 32)), { code: "disk_full" });
          }
          await desk?.close().catch(() => undefined);
          await database.close();
          const again = await openDesk({ folder, keys });
          words.add(word);
          const kept = again.control.state.holds.has(id);
          if (word === "recorded") assert.ok(kept, `write ${n}`);
          await again.control.feed.renew(randomId("", 32));
          await again.close();
        }
        assert.deepEqual([...words].toSorted(), ["disk_full", "not started", "recorded"]);
      } finally {
        dropFolder(folder);
      }
    });
  }

  test("at any one read loses nothing acknowledged, serves nothing on what it could not read, and opens again", async () => {
    const [keys, folder] = [newKeys(), newFolder()];
    try {
      const first = await openDesk({ folder, keys });
      const owner = await initialise(first);
      await first.close();
      const words = new Set<string>();
      let reads = 0;
      for (let n = 0; n <= reads; n++) {
        const database = await openSqlite(join(folder, databaseFile));
        const failing = unreadableDatabase(database, n);
        const desk = await openDesk({ folder, keys, control: { database: failing.database } }).catch(
          (error: unknown) => {
            assert.equal(failureCode(error), "store_unavailable");
            return undefined;
          },
        );
        const id = HoldId.parse(randomId("hold_", 16));
        const body = { hold: id, scope: { kind: "everything" }, reason: committed("stop").digest } as const;
        const answered = desk === undefined ? undefined : await say(desk, { verb: "hold", body, by: [owner.signer] });
        const word = answered === undefined ? "not started" : wordOf(answered);
        words.add(word);
        const lease =
          desk === undefined
            ? "none"
            : await desk.control.feed.renew(randomId("", 32)).then(() => "given", failureCode);
        assert.ok(["none", "given", "store_unavailable"].includes(lease ?? ""), `read ${n}: ${lease}`);
        reads = Math.max(reads, failing.count());
        await desk?.close().catch(() => undefined);
        await database.close();
        const again = await openDesk({ folder, keys });
        if (word === "recorded") assert.ok(again.control.state.holds.has(id), `read ${n}`);
        await again.control.feed.renew(randomId("", 32));
        await again.close();
      }
      assert.ok(reads > 10, `${reads} reads were made to fail`);
      assert.ok(words.has("not started") && words.has("recorded"), [...words].join(" "));
      assert.ok([...words].every((word) => ["not started", "recorded", "store_unavailable"].includes(word)));
    } finally {
      dropFolder(folder);
    }
  });

  test("gives no lease while writes fail, and gives them again afterwards", async () => {
    const [keys, folder] = [newKeys(), newFolder()];
    const first = await openDesk({ folder, keys });
    const owner = await initialise(first);
    await first.close();
    const inner = await openSqlite(join(folder, databaseFile));
    const full = { now: false };
    const database: Database = {
      dialect: inner.dialect,
      query: async (sql, params) => inner.query(sql, params),
      close: async () => inner.close(),
      transaction: async (work) => {
        if (full.now) throw new Failure("disk_full", "The disk was made full.");
        return inner.transaction(work);
      },
    };
    const desk = await openDesk({ folder, keys, control: { database } });
    try {
      await desk.control.feed.renew(randomId("", 32));
      full.now = true;
      const body = {
        hold: HoldId.parse(randomId("hold_", 16)),
        scope: { kind: "everything" },
        reason: committed("x").digest,
      } as const;
      assert.equal(wordOf(await say(desk, { verb: "hold", body, by: [owner.signer] })), "disk_full");
      await assert.rejects(desk.control.feed.renew(randomId("", 32)), { code: "disk_full" });
      full.now = false;
      await desk.control.feed.renew(randomId("", 32));
      assert.equal(wordOf(await say(desk, { verb: "hold", body, by: [owner.signer] })), "recorded");
    } finally {
      await desk.close();
      await inner.close();
      dropFolder(folder);
    }
  });
});
