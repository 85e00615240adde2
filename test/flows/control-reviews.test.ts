// Reviews at the control plane, over its socket and on each database: who is shown a text, what of it lies where, what a
// decision has to be about, and what whoever can write to the database gets from that.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, describe, test } from "node:test";
import { z } from "zod";
import type { BodyOf } from "../../src/acts/bodies.ts";
import { callerKeyOf, digestOfLabel, idOf } from "../../src/acts/fixtures.ts";
import { ReviewTextView, ReviewsView, routes } from "../../src/control/contract.ts";
import { type AskedReview, isSealingKeySigned, requestDigest, sealText } from "../../src/feed/reviews.ts";
import { openSealingKeys } from "../../src/main/sealing-keys.ts";
import { toBase64 } from "../../src/proof/encoding.ts";
import { nodePrimitives } from "../../src/proof/node.ts";
import type { Database } from "../../src/store/database.ts";
import { parsePostgresAddress } from "../../src/store/postgres-address.ts";
import { openPostgres } from "../../src/store/postgres.ts";
import { Instant, ReviewId, timestampOf } from "../../src/terms/ids.ts";
import { clusterForTests } from "../postgres/cluster.ts";
import {
  type Desk,
  type DeskOptions,
  type Member,
  apply,
  documentsText,
  dropFolder,
  enrol,
  get,
  initialise,
  model,
  must,
  openDesk,
  post,
  releaseBy,
  resolved,
  say,
  signBy,
  wordOf,
} from "./control-desk.ts";
import { until } from "./gateway-world.ts";
import { readingOf, textPath } from "./review-reading.ts";

const cluster = await clusterForTests();
const hourMs = 3_600_000;

interface Stage {
  readonly desk: Desk;
  readonly owner: Member;
  readonly reviewer: Member;
  readonly key: BodyOf<"key">["key"];
}

async function staged(t: TestContext, options: DeskOptions = {}): Promise<Stage> {
  const desk = await openDesk(options);
  t.after(async () => {
    await desk.close().catch(() => undefined);
    dropFolder(desk.folder);
  });
  const owner = await initialise(desk);
  const reviewer = await enrol(desk, "reviewer", [owner]);
  await apply(desk, owner);
  const body = callerKeyOf(digestOfLabel("a caller's secret"));
  await must(desk, { verb: "key", body, by: [owner.signer] });
  return { desk, owner, reviewer, key: body.key };
}

const words = "SECRET-WORDS of a caller";

/** What a gateway hands over. */
async function handed(
  { desk, key }: Stage,
  label = "one",
  rules: Partial<AskedReview["rules"]> = {},
): Promise<AskedReview> {
  const { feed } = desk.control;
  const told = await feed.sealingKey();
  assert.ok(await isSealingKeySigned(told, desk.keys.control.publicKey, nodePrimitives));
  const text = { nonce: "0".repeat(64), call: JSON.stringify({ turns: [], said: `${words} ${label}` }) };
  const about = { key, model, config: digestOfLabel("a configuration") };
  const facts = { ...about, review: idOf.review(label), request: requestDigest(text, about, nodePrimitives) };
  const asked = {
    facts,
    found: [{ category: "fraud", score: 0.5 }],
    at: desk.now(),
    rules: { expiresHours: 2, perKeyMax: 3, retentionDays: 0, ...rules },
    sealed: sealText(text, told.key, facts),
  } satisfies AskedReview;
  assert.deepEqual(await feed.recordReview(asked), { kind: "waiting", review: facts.review });
  return asked;
}

function decision({ facts, found }: AskedReview, desk: Desk, change: Partial<BodyOf<"review">> = {}): BodyOf<"review"> {
  return {
    ...facts,
    categories: found.map(({ category }) => category),
    verdict: "allow",
    reason: "benign",
    notAfter: timestampOf(Instant.parse(desk.now() + hourMs)),
    ...change,
  };
}

async function decided(stage: Stage, asked: AskedReview, change: Partial<BodyOf<"review">> = {}): Promise<string> {
  const { desk, reviewer } = stage;
  return wordOf(await say(desk, { verb: "review", body: decision(asked, desk, change), by: [reviewer.signer] }));
}

const code = (answered: { readonly json: unknown }): string =>
  z.object({ error: z.object({ code: z.string() }) }).safeParse(answered.json).data?.error.code ?? "shown";

/** Rows and files in which the words stand as they are. */
async function leaks(desk: Desk): Promise<readonly string[]> {
  const rows = await desk.database.query("SELECT * FROM review");
  const inRows = JSON.stringify(rows).includes("SECRET-WORDS") ? ["review"] : [];
  const files = readdirSync(desk.folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const inFiles = files
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => readFileSync(file).includes("SECRET-WORDS"));
  return [...inRows, ...inFiles];
}

function describeReviews(name: string, optionsOf: () => Promise<DeskOptions>): void {
  describe(`on ${name}`, () => {
    test("a reviewer is shown the text, the ledger says so first, and nobody else is shown anything", async (t) => {
      const stage = await staged(t, await optionsOf());
      const { desk, owner, reviewer } = stage;
      const { facts } = await handed(stage);
      const before = desk.control.head().size;
      assert.equal(code(await readingOf(desk, facts.review, owner)), "authority_missing");
      assert.equal(desk.control.head().size, before);
      const shown = ReviewTextView.parse((await readingOf(desk, facts.review, reviewer)).json);
      assert.match(shown.call, /SECRET-WORDS/);
      assert.equal(desk.control.head().size, before + 1);
      const view = ReviewsView.parse((await get(desk, routes.reviews, owner)).json);
      assert.deepEqual(
        view.reviews.map((one) => [one.review, one.readings.map(({ person }) => person)]),
        [[facts.review, [reviewer.person]]],
      );
      assert.doesNotMatch(JSON.stringify(view), /SECRET-WORDS/);
      assert.equal((await get(desk, routes.reviews)).status, 401);
      assert.deepEqual(await leaks(desk), []);
    });

    test("the text goes with the decision, the decision is found again, and a decided one no longer waits", async (t) => {
      const stage = await staged(t, await optionsOf());
      const { desk, reviewer, owner } = stage;
      const asked = await handed(stage);
      await readingOf(desk, asked.facts.review, reviewer);
      assert.equal(await decided(stage, asked), "recorded");
      assert.equal(code(await readingOf(desk, asked.facts.review, reviewer)), "not_found");
      const view = ReviewsView.parse((await get(desk, routes.reviews, owner)).json);
      assert.deepEqual([view.waiting, view.reviews], [0, []]);
      const [row] = await desk.database.query("SELECT sealed, decided_at FROM review");
      assert.equal(row?.["sealed"], null);
      assert.equal(
        (await desk.control.feed.recordReview({ ...asked, facts: { ...asked.facts, review: idOf.review("two") } }))
          .kind,
        "waiting",
      );
    });
  });
}

describeReviews("SQLite", async () => ({}));
if (cluster !== undefined) {
  describeReviews("PostgreSQL", async () => {
    const address = await cluster.newDatabase();
    return { open: async (): Promise<Database> => openPostgres(parsePostgresAddress(address), { isExclusive: true }) };
  });
}

test("a reading opens one text, once: replayed, sent elsewhere or as a plain statement it opens nothing", async (t) => {
  const stage = await staged(t);
  const { desk, reviewer } = stage;
  const [one, other] = [await handed(stage, "one"), await handed(stage, "two")];
  const envelope = toBase64(
    await signBy(desk, { verb: "reading", body: { review: one.facts.review }, by: [reviewer.signer] }),
  );
  assert.equal(code(await post(desk, textPath(other.facts.review), { body: { envelope } })), "statement_invalid");
  const both = await Promise.all(
    [1, 2].map(async () => post(desk, textPath(one.facts.review), { body: { envelope } })),
  );
  assert.deepEqual(both.map(code).toSorted(), ["conflict", "shown"]);
  assert.equal(code(await post(desk, textPath(one.facts.review), { body: { envelope } })), "conflict");
  const plain = await say(desk, { verb: "reading", body: { review: other.facts.review }, by: [reviewer.signer] });
  assert.equal(wordOf(plain), "statement_invalid");
  const unread = await decided(stage, other);
  assert.equal(unread, "conflict", "nobody allows what they have not read");
});

test("a decision is about a request that waits, as it was kept, and holds no longer than its policy says", async (t) => {
  const stage = await staged(t);
  const { desk, reviewer } = stage;
  const asked = await handed(stage);
  await readingOf(desk, asked.facts.review, reviewer);
  const wrong: readonly Partial<BodyOf<"review">>[] = [
    { request: digestOfLabel("another request") },
    { config: digestOfLabel("another configuration") },
    { categories: ["fraud", "weapons"] },
    { categories: ["weapons"] },
    { notAfter: timestampOf(Instant.parse(desk.now() + 3 * hourMs)) },
  ];
  for (const change of wrong)
    assert.equal(await decided(stage, asked, change), "statement_invalid", JSON.stringify(change));
  assert.equal(await decided(stage, asked, { review: ReviewId.parse(`review_${"9".repeat(16)}`) }), "conflict");
  const elsewhere = {
    review: ReviewId.parse(`review_${"9".repeat(16)}`),
    verdict: "refuse",
    reason: "unclear",
  } as const;
  assert.equal(await decided(stage, asked, elsewhere), "not_found");
  desk.ahead += 3 * hourMs;
  assert.equal(await decided(stage, asked), "conflict", "nobody waits any more");
});

test("what was allowed is refused after all without its text, and not allowed again", async (t) => {
  const stage = await staged(t);
  const { desk, reviewer } = stage;
  const asked = await handed(stage);
  await readingOf(desk, asked.facts.review, reviewer);
  assert.equal(await decided(stage, asked), "recorded");
  assert.equal(await decided(stage, asked), "conflict");
  desk.ahead += hourMs;
  assert.equal(await decided(stage, asked, { verdict: "refuse", reason: "prohibited" }), "recorded");
  assert.equal(await decided(stage, asked), "conflict");
});

test("whoever edits the database has no text shown for another request, and gets no decision on what was not asked", async (t) => {
  const stage = await staged(t);
  const { desk, reviewer } = stage;
  const [one, other] = [await handed(stage, "one"), await handed(stage, "two")];
  const set = async (column: "sealed" | "request" | "config", value: string): Promise<void> => {
    await desk.database.transaction(async (transaction) => {
      await transaction.query(`UPDATE review SET ${column} = ? WHERE id = ?`, [value, one.facts.review]);
    });
  };
  const before = desk.control.head().size;
  await set("sealed", JSON.stringify(other.sealed));
  assert.equal(code(await readingOf(desk, one.facts.review, reviewer)), "proof_invalid");
  const text = one.sealed.text;
  await set("sealed", JSON.stringify({ ...one.sealed, text: `${text.startsWith("A") ? "B" : "A"}${text.slice(1)}` }));
  assert.equal(code(await readingOf(desk, one.facts.review, reviewer)), "proof_invalid");
  await set("sealed", JSON.stringify(one.sealed));
  await set("request", other.facts.request);
  assert.equal(code(await readingOf(desk, one.facts.review, reviewer)), "proof_invalid");
  assert.equal(desk.control.head().size, before, "the ledger does not say that anybody was shown anything");
  await set("request", one.facts.request);
  assert.equal(code(await readingOf(desk, one.facts.review, reviewer)), "shown");
});

test("a text whose time is over is shown to nobody, though nothing has swept it away yet", async (t) => {
  const stage = await staged(t);
  const { desk, reviewer } = stage;
  const asked = await handed(stage);
  desk.ahead += 3 * hourMs;
  const { size } = desk.control.head();
  assert.equal(code(await readingOf(desk, asked.facts.review, reviewer)), "not_found");
  assert.equal(desk.control.head().size, size, "nor does the ledger say that it was");
});

test("an old copy of the database opens nothing once the day's key is destroyed, and an undecided text goes with its wait", async (t) => {
  const stage = await staged(t);
  const { desk, reviewer } = stage;
  const asked = await handed(stage);
  const [copy] = await desk.database.query("SELECT sealed FROM review");
  desk.ahead += 3 * hourMs;
  await desk.close();
  const day = 24 * hourMs;
  const again = await openDesk({ folder: desk.folder, keys: desk.keys, control: at(desk, 0) });
  assert.equal((await again.database.query("SELECT sealed FROM review"))[0]?.["sealed"], null);
  await again.close();
  assert.equal(sealingFiles(desk.folder).length, 1);
  const much = await openDesk({ folder: desk.folder, keys: desk.keys, control: at(desk, 2 * day) });
  t.after(async () => much.close());
  assert.deepEqual(sealingFiles(desk.folder), []);
  await much.database.transaction(async (transaction) => {
    await transaction.query("UPDATE review SET sealed = ?", [String(copy?.["sealed"])]);
  });
  much.ahead = 2 * day + 3 * hourMs;
  assert.equal(code(await readingOf(much, asked.facts.review, reviewer)), "not_found");
});

/** A control plane whose clock is that of `desk`, and some milliseconds more. */
function at(desk: Desk, ms: number): NonNullable<DeskOptions["control"]> {
  const clock = (): Instant => Instant.parse(desk.now() + ms);
  return { clock, sealing: openSealingKeys(desk.folder, clock) };
}

function sealingFiles(folder: string): readonly string[] {
  return readdirSync(folder).filter((file) => file.startsWith("sealing-"));
}

test("what the fold does not know is not kept: a key that nobody made", async (t) => {
  const stage = await staged(t);
  const asked = await handed(stage);
  const stray = { ...asked, facts: { ...asked.facts, review: idOf.review("stray"), key: idOf.key("nobody's") } };
  await assert.rejects(stage.desk.control.feed.recordReview(stray), { code: "statement_invalid" });
});

test("a text lives no longer than the release says: what comes, and what was kept before it", async (t) => {
  const desk = await openDesk();
  t.after(async () => {
    await desk.close().catch(() => undefined);
    dropFolder(desk.folder);
  });
  const conditions = "    conditions: { retention: { waitHours: 1, decidedDays: 0 } }\n";
  const documents = resolved(documentsText().replace("    certificate:", `${conditions}    certificate:`));
  const owner = await initialise(desk);
  const safety = await enrol(desk, "safety", [owner]);
  const reviewer = await enrol(desk, "reviewer", [owner, safety]);
  await apply(desk, owner, documents);
  const { key } = callerKeyOf(digestOfLabel("a caller's secret"));
  await must(desk, { verb: "key", body: callerKeyOf(digestOfLabel("a caller's secret")), by: [owner.signer] });
  const stage = { desk, owner, reviewer, key };
  const hoursLeft = async (): Promise<readonly unknown[]> =>
    (
      await desk.database.query("SELECT (expires_at - at) / 3600000 AS hours, retention_days FROM review ORDER BY at")
    ).map(({ hours, retention_days: days }) => [hours, days]);
  const first = await handed(stage, "before", { expiresHours: 24, retentionDays: 7 });
  assert.deepEqual(await hoursLeft(), [[24, 7]]);
  await releaseBy(desk, { owner, safety, documents });
  await until(async () => (await hoursLeft())[0]?.toString() === "1,0");
  desk.ahead += 1;
  await handed(stage, "after", { expiresHours: 24, retentionDays: 7 });
  assert.deepEqual(await hoursLeft(), [
    [1, 0],
    [1, 0],
  ]);
  await readingOf(desk, first.facts.review, reviewer);
  assert.equal(await decided(stage, first), "recorded");
  const texts = async (): Promise<readonly boolean[]> =>
    (await desk.database.query("SELECT sealed FROM review ORDER BY at")).map(({ sealed }) => sealed !== null);
  await until(async () => (await texts())[0] === false);
  assert.deepEqual(await texts(), [false, true], "the other one waits");
  await desk.close();
  const later = await openDesk({ folder: desk.folder, keys: desk.keys, control: at(desk, hourMs) });
  t.after(async () => later.close());
  const left = await later.database.query("SELECT sealed FROM review WHERE sealed IS NOT NULL");
  assert.equal(left.length, 0, "its hour is over");
});
