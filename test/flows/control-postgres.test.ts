// The control plane on PostgreSQL: the same loop as on SQLite, opened again on what the database holds, and closed for as long
// as the database is away.
import assert from "node:assert/strict";
import { test } from "node:test";
import { latestCertificate } from "../../src/acts/state.ts";
import type { Database } from "../../src/store/database.ts";
import { parsePostgresAddress } from "../../src/store/postgres-address.ts";
import { openPostgres } from "../../src/store/postgres.ts";
import { failureCode } from "../../src/terms/failure.ts";
import { KeyId } from "../../src/terms/ids.ts";
import { clusterForTests } from "../postgres/cluster.ts";
import { acme, dropFolder, hold, model, newFolder, newKeys, openDesk, released } from "./control-desk.ts";

const nonce = "00".repeat(16);

const openerOf =
  (address: string): (() => Promise<Database>) =>
  async () =>
    openPostgres(parsePostgresAddress(address), { isExclusive: true });
const unavailable = (error: unknown): boolean => failureCode(error) === "store_unavailable";

const cluster = await clusterForTests();
if (cluster !== undefined) {
  test("a release is made, counted, held, and read back by a control plane that opens the same PostgreSQL again", async () => {
    const open = openerOf(await cluster.newDatabase());
    const [keys, folder] = [newKeys(), newFolder()];
    const desk = await openDesk({ folder, keys, open });
    try {
      const { safety, release } = await released(desk);
      const count = { organisation: acme, key: KeyId.parse("key_0000000000000001"), model, tokens: 7, requests: 1 };
      await desk.control.feed.recordUsage([count]);
      await desk.control.feed.recordUsage([count]);
      const held = await hold(desk, safety);
      const { size } = (await desk.control.feed.renew(nonce)).lease;
      await desk.close();
      const again = await openDesk({ folder, keys, open });
      assert.equal((await again.control.feed.renew(nonce)).lease.size, size);
      assert.deepEqual(await again.control.feed.usageToday(), [{ ...count, tokens: 14, requests: 2 }]);
      assert.deepEqual(latestCertificate(again.control.state, model)?.release, release);
      assert.ok(again.control.state.holds.has(held));
      await again.close();
    } finally {
      await desk.close().catch(() => undefined);
      dropFolder(folder);
    }
  });

  test("no lease is signed while PostgreSQL is away, and again once it is back", async () => {
    const folder = newFolder();
    const desk = await openDesk({ folder, open: openerOf(await cluster.newDatabase()) });
    try {
      const { safety } = await released(desk);
      await cluster.crash();
      await assert.rejects(desk.control.feed.renew(nonce), unavailable);
      await assert.rejects(desk.control.feed.recordUsage([]), unavailable);
      await cluster.start();
      await desk.control.feed.renew(nonce);
      await hold(desk, safety);
    } finally {
      await desk.close();
      dropFolder(folder);
    }
  });
}
