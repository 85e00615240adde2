// What the store of reviews keeps, on each database: bounds, one entry a request, and what is erased when.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { clusterForTests } from "../../test/postgres/cluster.ts";
import { digestOfLabel, idOf } from "../acts/fixtures.ts";
import { type AskedReview, type KeptReview, SealingKey } from "../feed/reviews.ts";
import type { Database } from "../store/database.ts";
import { migrate } from "../store/migrations.ts";
import { parsePostgresAddress } from "../store/postgres-address.ts";
import { openPostgres } from "../store/postgres.ts";
import { schema } from "../store/schema.ts";
import { openSqlite } from "../store/sqlite.ts";
import { type Instant, Name, ReceiptId, toInstant } from "../terms/ids.ts";
import {
  eraseReviews,
  findReview,
  hasReviews,
  keepReview,
  listUndecided,
  listWaiting,
  markDecided,
  sealingKeysNeeded,
  waitingReviews,
} from "./review-store.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const start = toInstant(Date.parse("2026-03-01T00:00:00.000Z"));
const later = (ms: number): Instant => toInstant(start + ms);
const sealingKey = SealingKey.parse(`${"A".repeat(43)}=`);

function askedOf(label: string, rules: Partial<AskedReview["rules"]> = {}, key = "caller"): AskedReview {
  return {
    facts: {
      review: idOf.review(label),
      request: digestOfLabel(label),
      key: idOf.key(key),
      model: Name.parse("small"),
      config: digestOfLabel("config"),
    },
    found: [{ category: "fraud", score: 0.5 }],
    at: start,
    rules: { expiresHours: 2, perKeyMax: 3, retentionDays: 0, ...rules },
    sealed: { to: sealingKey, enc: "AAAA", text: "AAAA" },
  };
}

function describeReviews(name: string, open: () => Promise<Database>): void {
  describe(`reviews on ${name}`, () => {
    let database: Database;
    beforeEach(async () => {
      database = await open();
      await migrate(database, schema);
    });
    afterEach(async () => database.close());
    const keep = async (asked: AskedReview, now = start): Promise<KeptReview> =>
      database.transaction(async (transaction) => keepReview(transaction, asked, now));
    const decide = async (label: string, at: Instant): Promise<void> =>
      database.transaction(async (transaction) => markDecided(transaction, idOf.review(label), at));
    const erase = async (at: Instant): Promise<void> =>
      database.transaction(async (transaction) => eraseReviews(transaction, at));
    const hasText = async (label: string): Promise<boolean | undefined> => {
      const stored = await findReview(database, idOf.review(label));
      return stored === undefined ? undefined : stored.sealed !== null;
    };

    test("what is kept comes back as it was, oldest first, and is counted", async () => {
      assert.equal(await hasReviews(database), false);
      await keep({ ...askedOf("second"), at: later(1000) });
      const asked = askedOf("first");
      assert.deepEqual(await keep(asked), { kind: "waiting", review: asked.facts.review });
      const stored = await findReview(database, asked.facts.review);
      const { facts, found, at, sealed } = asked;
      assert.deepEqual(stored, {
        facts,
        found,
        at,
        sealed,
        expiresAt: later(2 * hourMs),
        decisionHours: 2,
        sample: null,
        decidedAt: null,
      });
      const listed = await listWaiting(database, start);
      assert.deepEqual(
        listed.map((one) => one.facts.review),
        [idOf.review("first"), idOf.review("second")],
      );
      assert.deepEqual(await waitingReviews(database, start), { count: 2, oldest: start });
      assert.equal(await hasReviews(database), true);
    });

    test("the same request waits once, under the id it had first; another key's is another", async () => {
      await keep(askedOf("one"));
      const { facts, ...rest } = askedOf("one");
      const again = { ...rest, facts: { ...facts, review: idOf.review("again") } };
      assert.deepEqual(await keep(again), { kind: "waiting", review: facts.review });
      const theirs = { ...rest, facts: { ...facts, review: idOf.review("theirs"), key: idOf.key("other") } };
      assert.deepEqual(await keep(theirs), { kind: "waiting", review: idOf.review("theirs") });
      assert.equal((await waitingReviews(database, start)).count, 2);
    });

    test("a key's queue is full at its bound, whoever asks at once, and has room again once something is decided or over", async () => {
      const labels = ["a", "b", "c", "d", "e"];
      const kept = await Promise.all(labels.map(async (label) => keep(askedOf(label))));
      assert.deepEqual(kept.map(({ kind }) => kind).toSorted(), ["full", "full", "waiting", "waiting", "waiting"]);
      assert.equal((await keep(askedOf("other", {}, "other"))).kind, "waiting");
      const [first] = await listWaiting(database, start);
      assert.ok(first !== undefined);
      await database.transaction(async (transaction) => markDecided(transaction, first.facts.review, start));
      assert.equal((await keep(askedOf("f"))).kind, "waiting");
      assert.equal((await keep(askedOf("g"))).kind, "full");
      assert.equal((await keep(askedOf("g"), later(2 * hourMs))).kind, "waiting");
    });

    test("a text goes with its decision, after its retention, or with the end of its wait", async () => {
      await keep(askedOf("at once"));
      await keep(askedOf("kept", { retentionDays: 2 }));
      await keep(askedOf("undecided"));
      await decide("at once", later(1000));
      await decide("kept", later(1000));
      await erase(later(1000));
      assert.deepEqual(
        [await hasText("at once"), await hasText("kept"), await hasText("undecided")],
        [false, true, true],
      );
      await erase(later(2 * hourMs));
      assert.equal(await hasText("undecided"), false);
      assert.deepEqual([...(await sealingKeysNeeded(database))], [sealingKey]);
      await erase(later(2 * dayMs + 1000));
      assert.equal(await hasText("kept"), false);
      assert.deepEqual([...(await sealingKeysNeeded(database))], []);
      await erase(later(40 * dayMs));
      assert.equal(await hasReviews(database), false);
    });

    test("samples crowd no request out of the list, and one key's leave room for another's", async () => {
      const sample = {
        watch: Name.parse("misuse"),
        measure: "confirmed-misuse",
        receipt: ReceiptId.parse(`rcpt_${"a".repeat(24)}`),
      } as const;
      const sampled = (label: string, key: string): AskedReview => ({ ...askedOf(label, {}, key), found: [], sample });
      await database.transaction(async (transaction) => {
        for (const key of ["one", "two", "three"])
          for (let at = 0; at < 249; at += 1) await keepReview(transaction, sampled(`${key} ${at}`, key), start);
      });
      await keep({ ...askedOf("waits"), at: later(60_000) });
      const [first, ...listed] = await listWaiting(database, start);
      assert.equal(first?.facts.review, idOf.review("waits"), "for it somebody waits");
      assert.equal(listed.length, 500);
      assert.equal((await keep(sampled("one more", "one"))).kind, "waiting");
      assert.equal((await keep(sampled("one too many", "one"))).kind, "full");
      assert.equal((await keep(sampled("another", "four"))).kind, "waiting");
    });

    test("only what is undecided is listed as such, and a decision's moment is not moved", async () => {
      await keep(askedOf("one"));
      await decide("one", later(5));
      await decide("one", later(9));
      assert.equal((await findReview(database, idOf.review("one")))?.decidedAt, later(5));
      assert.deepEqual(await listUndecided(database), []);
    });
  });
}

const cluster = await clusterForTests();
describeReviews("SQLite", async () => openSqlite(":memory:"));
if (cluster !== undefined) {
  describeReviews("PostgreSQL", async () =>
    openPostgres(parsePostgresAddress(await cluster.newDatabase()), { isExclusive: false }),
  );
}
