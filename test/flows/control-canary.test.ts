// A watch at the control plane, on each database: what receipts and labels come to, once each; that the server steps back and never
// widens, whoever else acts on the same store; and that whatever does not come is unknown.
import assert from "node:assert/strict";
import { type TestContext, describe, test } from "node:test";
import type { BodyOf, Release } from "../../src/acts/bodies.ts";
import { callerKeyOf, digestOfLabel, idOf } from "../../src/acts/fixtures.ts";
import type { Receipt } from "../../src/acts/receipt.ts";
import { stepOf } from "../../src/acts/rules/share.ts";
import { latestCertificate } from "../../src/acts/state.ts";
import { WatchAnswer, type WatchView } from "../../src/control/contract.ts";
import { type WatchDesk, openWatchDesk } from "../../src/control/watch-desk.ts";
import { requestDigest, sealText } from "../../src/feed/reviews.ts";
import { nodePrimitives, randomBytes } from "../../src/proof/node.ts";
import type { Database } from "../../src/store/database.ts";
import { parsePostgresAddress } from "../../src/store/postgres-address.ts";
import { openPostgres } from "../../src/store/postgres.ts";
import { Instant, Name, timestampOf } from "../../src/terms/ids.ts";
import { clusterForTests } from "../postgres/cluster.ts";
import {
  type Desk,
  type DeskOptions,
  type Interval,
  type Member,
  committed,
  documentsText,
  dropFolder,
  enrol,
  get,
  model,
  must,
  openDesk,
  released,
  resolved,
  say,
  send,
  signBy,
  wordOf,
} from "./control-desk.ts";
import { until } from "./gateway-world.ts";
import { servedInterval } from "./served-interval.ts";
import { readingOf } from "./review-reading.ts";

const cluster = await clusterForTests();

const share = `    conditions:
      share:
        by: organisation
        steps: [0.2, 0.6, 1]
        watch:
          measures:
            - { id: broken, measure: safeguard-failures, limit: 0.1, alpha: 0.1, exchangesMin: 5 }
            - { id: misuse, measure: confirmed-misuse, limit: 0.1, alpha: 0.1, exchangesMin: 5, sample: 1, perOrganisationPerHour: 3, labelHours: 2, labels: { by: reviewers }, back: one }
`;
const documents = resolved(documentsText().replace("    certificate:", `${share}    certificate:`));
const key = callerKeyOf(digestOfLabel("a caller's secret"));

interface Stage {
  readonly desk: Desk;
  readonly owner: Member;
  readonly safety: Member;
  readonly release: Release;
}

async function staged(t: TestContext, options: DeskOptions = {}): Promise<Stage> {
  const desk = await openDesk(options);
  t.after(async () => {
    await desk.close().catch(() => undefined);
    dropFolder(desk.folder);
  });
  const opened = await released(desk, documents);
  await must(desk, { verb: "key", body: key, by: [opened.owner.signer] });
  return { desk, ...opened };
}

async function step(stage: Stage, verb: "widen" | "narrow", to: number): Promise<string> {
  const { certificate } = stage.release;
  const { digest: reason, opening } = committed("so");
  const said = { verb, body: { certificate, step: to, reason }, by: [stage.owner.signer] } as const;
  return wordOf(await say(stage.desk, said, { openings: [opening] }));
}

const stepNow = ({ desk, release }: Stage): number => stepOf(desk.control.state, release.certificate);

async function drained({ desk, release }: Stage, ended: readonly Partial<Receipt>[]): Promise<Interval> {
  const interval = await servedInterval(desk, release, ended);
  await desk.control.feed.recordInterval(interval.envelope, interval.drained);
  return interval;
}

async function watched({ desk, owner }: Stage): Promise<WatchView> {
  const { watch } = WatchAnswer.parse((await get(desk, `/api/v1/models/${model}/watch`, owner)).json);
  assert.ok(watch !== null);
  return watch;
}

/** One more that watches the same store, as a second control plane would. */
function beside({ desk }: Stage, t: TestContext): { readonly desk: WatchDesk; readonly reports: readonly string[] } {
  const reports: string[] = [];
  const { database, control, keys } = desk;
  const another = openWatchDesk({
    database,
    replica: { state: control.state },
    probes: async () => new Map(),
    writer: { record: async (envelope, content) => control.record(envelope, content), onAppend: () => undefined },
    control: keys.control,
    deployment: control.deployment,
    primitives: nodePrimitives,
    clock: desk.now,
    random: randomBytes,
    report: (event, { why }) => reports.push(`${event} ${why}`),
  });
  t.after(another.close);
  return { desk: another, reports };
}

const of = (view: WatchView, id: string): WatchView["measures"][number] => {
  const one = view.measures.find((measure) => measure.id === id);
  assert.ok(one !== undefined);
  return one;
};

const good: Partial<Receipt> = { key: key.key };
const broken: Partial<Receipt> = {
  key: key.key,
  outcome: "blocked",
  why: "safeguard_unavailable:failed",
  input: "unknown:failed",
  output: "none",
};
const times = (count: number, one: Partial<Receipt>): readonly Partial<Receipt>[] =>
  Array.from({ length: count }, () => one);

/** A gateway hands over the text of an exchange that was drawn. */
async function handed({ desk }: Stage, receipt: Receipt["id"], label: string): Promise<BodyOf<"review">> {
  const { feed } = desk.control;
  const told = await feed.sealingKey();
  const text = { nonce: "0".repeat(64), call: JSON.stringify({ turns: [], said: label }) };
  const about = { key: key.key, model, config: digestOfLabel("a configuration") };
  const facts = { ...about, review: idOf.review(label), request: requestDigest(text, about, nodePrimitives) };
  const sample = { watch: Name.parse("misuse"), measure: "confirmed-misuse" } as const;
  const kept = await feed.recordReview({
    facts,
    found: [],
    sample: { ...sample, receipt },
    at: desk.now(),
    rules: { expiresHours: 2, perKeyMax: 1, retentionDays: 0 },
    sealed: sealText(text, told.key, facts),
  });
  assert.equal(kept.kind, "waiting");
  const notAfter = timestampOf(Instant.parse(desk.now() + 3_600_000));
  return { ...facts, categories: [], verdict: "refuse", reason: "prohibited", notAfter, sample };
}

async function labelled({ desk }: Stage, body: BodyOf<"review">, by: Member): Promise<string> {
  return wordOf(await say(desk, { verb: "review", body, by: [by.signer] }));
}

function describeWatch(name: string, optionsOf: () => Promise<DeskOptions>): void {
  describe(`on ${name}`, () => {
    test("receipts count once, and the server steps back in the name of the measure, once, whoever looks", async (t) => {
      const stage = await staged(t, await optionsOf());
      const { desk, release } = stage;
      assert.equal(await step(stage, "widen", 1), "recorded");
      assert.equal(await step(stage, "widen", 2), "recorded");
      const interval = await drained(stage, [...times(6, good), { ...good, input: "none", output: "none" }]);
      await desk.control.feed.recordInterval(interval.envelope, interval.drained);
      const before = await watched(stage);
      assert.deepEqual([before.verdict, before.period, before.exchanges], ["hold", 3, 7]);
      assert.deepEqual([of(before, "broken").exchanges, of(before, "broken").good], [6, 6], "each counts once");
      const size = desk.control.head().size;
      const [one, other] = [beside(stage, t), beside(stage, t)];
      await drained(stage, times(8, broken));
      await Promise.all([one.desk.look(), other.desk.look()]);
      await until(() => stepNow(stage) === 0);
      assert.deepEqual([...one.reports, ...other.reports], [], "who comes second has nothing to report");
      await until(async () => (await watched(stage)).rolledBackFor === "broken");
      assert.equal(desk.control.head().size, size + 2, "the receipts, and one step back");
      const after = await watched(stage);
      assert.deepEqual([after.verdict, after.period, of(after, "broken").exchanges], ["rolled-back", 4, 0]);
      assert.equal(await step(stage, "narrow", 0), "conflict", "it is there already");
      const { digest: reason, opening } = committed("so");
      const body = { certificate: release.certificate, step: 0, reason, watch: Name.parse("broken") };
      const inItsName = await say(desk, { verb: "narrow", body, by: [stage.safety.signer] }, { openings: [opening] });
      assert.notEqual(wordOf(inItsName), "recorded");
    });

    test("samples are bounded for each organisation, labels count once, and come before or after their receipts", async (t) => {
      const stage = await staged(t, await optionsOf());
      const { desk, owner, safety } = stage;
      const reviewer = await enrol(desk, "reviewer", [owner, safety]);
      await step(stage, "widen", 1);
      // All of one hour.
      const ended = { ...good, at: timestampOf(desk.now()) };
      const { drained: receipts } = await drained(stage, times(2, ended));
      const [one, two] = receipts.map(({ id }) => id);
      const coming = await servedInterval(desk, stage.release, [ended]);
      const [three] = coming.drained;
      assert.ok(one !== undefined && two !== undefined && three !== undefined);
      const misuse = async (): Promise<readonly number[]> => {
        const { exchanges, bad, unknown } = of(await watched(stage), "misuse");
        return [exchanges, bad, unknown];
      };
      assert.deepEqual(await misuse(), [2, 0, 2]);
      const first = await handed(stage, one, "one");
      assert.equal(await labelled(stage, first, reviewer), "conflict", "nobody labels what they have not read");
      await readingOf(desk, first.review, reviewer);
      const { sample: _, ...unmarked } = { ...first, categories: ["fraud" as const] };
      assert.equal(await labelled(stage, unmarked, reviewer), "statement_invalid");
      assert.equal(await labelled(stage, first, reviewer), "recorded");
      await until(async () => (await misuse())[1] === 1);
      assert.equal(await labelled(stage, { ...first, verdict: "allow", reason: "benign" }, reviewer), "conflict");
      assert.equal(desk.control.state.reviewOf.size, 0, "no request passes or is refused by it");
      for (const [receipt, label] of [
        [three.id, "three"],
        [two, "two"],
      ] as const) {
        const body = await handed(stage, receipt, label);
        await readingOf(desk, body.review, reviewer);
        await labelled(stage, body, reviewer);
        if (label === "three") assert.deepEqual(await misuse(), [2, 1, 1], "its receipt has not come");
      }
      await until(async () => (await misuse())[1] === 2);
      assert.equal(stepNow(stage), 1);
      await desk.control.feed.recordInterval(coming.envelope, coming.drained);
      await until(() => stepNow(stage) === 0);
      assert.equal((await watched(stage)).rolledBackFor, "misuse");
      await drained(stage, times(5, { ...ended, at: timestampOf(Instant.parse(desk.now() + 1_000)) }));
      assert.deepEqual(await misuse(), [3, 0, 3], "of one organisation in one hour");
    });
  });
}

describeWatch("SQLite", async () => ({}));
if (cluster !== undefined) {
  describeWatch("PostgreSQL", async () => {
    const address = await cluster.newDatabase();
    return { open: async (): Promise<Database> => openPostgres(parsePostgresAddress(address), { isExclusive: true }) };
  });
}

test("at the first step the stage is held; a gateway's late receipts are not of the narrower step; silence is unknown; holds on others do not stand in for the stage's", async (t) => {
  const stage = await staged(t);
  const { desk } = stage;
  await step(stage, "widen", 1);
  const long = timestampOf(Instant.parse(desk.now() - 60_000));
  await drained(stage, times(8, broken));
  await until(() => stepNow(stage) === 0);
  await drained(stage, times(9, { ...broken, at: long }));
  const late = await watched(stage);
  assert.deepEqual([late.late, late.exchanges, of(late, "broken").exchanges], [9, 0, 0]);
  assert.equal(late.blindSince, null);
  desk.ahead = 11 * 60_000;
  assert.notEqual((await watched(stage)).blindSince, null);
  const { digest: reason, opening } = committed("others");
  for (const [label, scope] of [
    ["a country", { kind: "country", country: "FR" }],
    ["a wider stage", { kind: "stage", model, stage: "general" }],
  ] as const) {
    const body = { hold: idOf.hold(label), scope, reason };
    const said = { verb: "hold", body, by: [stage.safety.signer] } as const;
    assert.equal(wordOf(await say(desk, said, { openings: [opening] })), "recorded");
  }
  await drained(stage, times(12, broken));
  await until(() => desk.control.state.holds.size === 3);
  const held = [...desk.control.state.holds.values()].at(-1);
  assert.deepEqual(held?.scope, { kind: "stage", model, stage: "trusted" });
  const size = desk.control.head().size;
  await drained(stage, times(3, broken));
  assert.equal(desk.control.head().size, size + 1, "it is held once");
});

test("a certificate that takes its place is watched from its own beginning", async (t) => {
  const stage = await staged(t);
  const { desk } = stage;
  await drained(stage, times(3, good));
  assert.equal((await watched(stage)).exchanges, 3);
  const index = latestCertificate(desk.control.state, model)?.index;
  assert.notEqual(index, undefined);
  await drained(stage, [{ ...good, under: idOf.certificate("another") }]);
  assert.equal((await watched(stage)).exchanges, 3, "of another certificate");
  const signed = await signBy(desk, {
    verb: "widen",
    body: { certificate: stage.release.certificate, step: 1, reason: committed("x").digest },
    by: [desk.keys.control],
  });
  assert.equal(wordOf(await send(desk, signed)), "authority_missing", "the server never widens");
});
