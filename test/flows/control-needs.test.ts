// What needs whom, and how a canary came to where it is: over real HTTP, for the role that asks, from the ledger and the store.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { callerKeyOf, digestOfLabel, idOf } from "../../src/acts/fixtures.ts";
import type { Receipt } from "../../src/acts/receipt.ts";
import type { LiveSample } from "../../src/control/contract-live.ts";
import { type Need, NeedsView, needsRoutes } from "../../src/control/contract-needs.ts";
import type { ControlOptions } from "../../src/control/core.ts";
import { SeriesView } from "../../src/control/contract-canary.ts";
import { stepOf } from "../../src/acts/rules/share.ts";
import { addPoint, pointsOf } from "../../src/release/watch-points.ts";
import { Instant } from "../../src/terms/ids.ts";
import {
  type Desk,
  type Member,
  apply,
  committed,
  documentsText,
  draft,
  dropFolder,
  enrol,
  get,
  initialise,
  model,
  must,
  openDesk,
  released,
  resolved,
  run,
  say,
  sealed,
} from "./control-desk.ts";
import { until } from "./gateway-world.ts";
import { servedInterval } from "./served-interval.ts";

async function deskOf(t: TestContext, control: Partial<ControlOptions> = {}): Promise<Desk> {
  const desk = await openDesk({ control });
  t.after(async () => {
    await desk.close();
    dropFolder(desk.folder);
  });
  return desk;
}

async function needsOf(desk: Desk, who: Member): Promise<NeedsView> {
  // What is gathered is kept for two seconds: a test does not wait for them.
  desk.ahead += 2_001;
  const { status, json } = await get(desk, needsRoutes.needs, who);
  assert.equal(status, 200, JSON.stringify(json));
  return NeedsView.parse(json);
}

const kinds = (view: NeedsView): readonly string[] => view.needs.map(({ matter }) => matter.kind);

function one<K extends Need["matter"]["kind"]>(
  view: NeedsView,
  kind: K,
): Omit<Need, "matter"> & { readonly matter: Extract<Need["matter"], { kind: K }> } {
  for (const { matter, ...need } of view.needs) if (isOf(matter, kind)) return { ...need, matter };
  throw new Error(`no ${kind} among ${kinds(view).join(", ")}`);
}

function isOf<K extends Need["matter"]["kind"]>(
  matter: Need["matter"],
  kind: K,
): matter is Extract<Need["matter"], { kind: K }> {
  return matter.kind === kind;
}

test("what waits for a signature is mine until I signed, then somebody else's, then an owner's to advance", async (t) => {
  const desk = await deskOf(t);
  assert.equal((await get(desk, needsRoutes.needs)).status, 401, "nobody reads it without a pass");
  const owner = await initialise(desk);
  const safety = await enrol(desk, "safety", [owner]);
  const access = await enrol(desk, "access", [owner, safety]);
  const empty = await needsOf(desk, owner);
  assert.deepEqual(empty.firstRun.connected, { done: false, entry: null });
  await apply(desk, owner);
  const measured = await run(desk, owner);
  const { body, bytes } = sealed(desk, measured);
  await must(desk, { verb: "evidence", body, by: [owner.signer] }, { artefacts: [bytes] });
  const reason = committed("It is time.");
  const release = { ...draft(desk), reason: reason.digest };
  const proposed = await must(
    desk,
    { verb: "proposal", body: { release }, by: [owner.signer] },
    { openings: [reason.opening] },
  );
  const asOwner = one(await needsOf(desk, owner), "sign");
  assert.deepEqual([asOwner.mine, asOwner.matter.needs, asOwner.due], [true, ["owner", "safety"], release.decideBy]);
  const asAccess = one(await needsOf(desk, access), "sign");
  assert.deepEqual([asAccess.mine, asAccess.who], [false, ["owner", "safety"]]);
  for (const [who, left] of [
    [owner, ["safety"]],
    [safety, []],
  ] as const) {
    const why = committed("Seen.");
    const said = {
      proposal: release.proposal,
      release: proposed.body,
      verdict: "for",
      role: who.role,
      reason: why.digest,
    } as const;
    await must(desk, { verb: "sign-off", body: said, by: [who.signer] }, { openings: [why.opening] });
    const view = await needsOf(desk, who);
    if (left.length > 0) {
      const { mine, matter } = one(view, "sign");
      assert.deepEqual([mine, matter.needs], [false, left], "whoever signed is asked no more");
    } else assert.equal(one(view, "advance").mine, false, "safety does not advance");
  }
  const ready = one(await needsOf(desk, owner), "advance");
  assert.deepEqual([ready.mine, ready.matter.verdict, ready.urgency], [true, "pass", "soon"]);
  await must(desk, { verb: "certificate", body: { release }, by: [owner.signer] });
  const after = await needsOf(desk, owner);
  assert.ok(!kinds(after).includes("advance"));
  assert.deepEqual(after.next, { kind: "certificate-ends", model, organisation: null, at: release.notAfter });
  const { connected, evidence, signed, certified, served } = after.firstRun;
  assert.deepEqual(
    [connected.done, evidence.done, signed.done, certified.done, served.done],
    [true, true, true, true, false],
  );
  assert.ok(evidence.entry !== null && signed.entry !== null && certified.entry !== null);
  assert.ok(evidence.entry < signed.entry && signed.entry < certified.entry, "ticked by entries of the ledger");
});

test("holds, restrictions, incidents and ends are told, the most urgent first; a served request ticks the last step", async (t) => {
  const desk = await deskOf(t);
  const { owner, safety, release } = await released(desk);
  const key = callerKeyOf(digestOfLabel("a caller's secret"));
  await must(desk, { verb: "key", body: key, by: [owner.signer] });
  const interval = await servedInterval(desk, release, [{ key: key.key }]);
  await desk.control.feed.recordInterval(interval.envelope, interval.drained);
  await until(async () => (await needsOf(desk, owner)).firstRun.served.done);
  const { digest: reason, opening } = committed("odd answers");
  const limit = { kind: "output-tokens", max: 8 } as const;
  const restriction = { hold: idOf.hold("less"), model, limit, reason };
  await must(desk, { verb: "restriction", body: restriction, by: [safety.signer] }, { openings: [opening] });
  const hold = { hold: idOf.hold("stop"), scope: { kind: "model", model }, reason } as const;
  await must(desk, { verb: "hold", body: hold, by: [safety.signer] }, { openings: [opening] });
  const fresh = await needsOf(desk, owner);
  assert.equal(one(fresh, "restriction").urgency, "later");
  assert.equal(one(fresh, "hold").matter.hold, hold.hold);
  assert.equal(fresh.models[0]?.closed, "held");
  desk.ahead += 73 * 3_600_000;
  assert.equal(one(await needsOf(desk, owner), "restriction").matter.reviewDue, true);
  desk.ahead += 26 * 86_400_000;
  const late = await needsOf(desk, owner);
  const ends = one(late, "certificate-ends");
  assert.deepEqual([ends.urgency, ends.matter.endsInDays, ends.mine], ["now", 0, true]);
  assert.equal(late.needs[0]?.urgency, "now");
  const urgencies = late.needs.map(({ urgency }) => ["now", "soon", "later"].indexOf(urgency));
  assert.ok(
    urgencies.every((place, at) => at === 0 || (urgencies[at - 1] ?? 0) <= place),
    "sorted by urgency",
  );
  desk.ahead += 2 * 86_400_000;
  assert.ok(kinds(await needsOf(desk, owner)).includes("expired"));
});

test("a model's server that failed and a safeguard that could not judge are told for a quarter of an hour", async (t) => {
  const now = { exchanges: 0, receiptsWaiting: 0, leaseMs: 9_000, closed: null };
  const second = Math.floor(Date.now() / 1_000) - 5;
  const sample = (failed: number): LiveSample => ({
    second,
    verdicts: { failed },
    upstream: { [model]: { asked: 3, failed } },
    unjudged: { remote: 2, shadow: 1 },
    now,
  });
  const samples = [sample(0), sample(1), sample(1)];
  const desk = await deskOf(t, {
    live: async (since) => [{ gateway: "one", samples: samples.filter(({ second: at }) => at > since) }],
  });
  const owner = await initialise(desk);
  const safety = await enrol(desk, "safety", [owner]);
  const view = await needsOf(desk, safety);
  const server = one(view, "upstream-fails");
  assert.deepEqual([server.mine, server.model, server.matter.count], [false, model, 2], "an owner's to mend");
  const told = view.needs.flatMap(({ matter, urgency, mine }) =>
    matter.kind === "unjudged" ? [[matter.safeguard, matter.count, urgency, mine]] : [],
  );
  assert.deepEqual(told, [
    ["remote", 6, "now", true],
    ["shadow", 3, "later", true],
  ]);
  desk.ahead += 901_000;
  const later = kinds(await needsOf(desk, owner));
  assert.ok(!later.includes("upstream-fails") && !later.includes("unjudged"), later.join());
});

const share = `    conditions:
      share:
        by: organisation
        steps: [0.2, 1]
        watch:
          measures:
            - { id: broken, measure: safeguard-failures, limit: 0.1, alpha: 0.1, exchangesMin: 5 }
`;

test("the series of a canary has its steps, their causes, and bands that hold at every point; it is bounded", async (t) => {
  const desk = await deskOf(t);
  const documents = resolved(documentsText().replace("    certificate:", `${share}    certificate:`));
  const { owner, release } = await released(desk, documents);
  const key = callerKeyOf(digestOfLabel("a caller's secret"));
  await must(desk, { verb: "key", body: key, by: [owner.signer] });
  const path = `/api/v1/models/${model}/watch/series`;
  const series = async (): Promise<NonNullable<SeriesView["series"]>> => {
    desk.ahead += 2_001;
    const found = SeriesView.parse((await get(desk, path, owner)).json).series;
    assert.ok(found !== null);
    return found;
  };
  const drain = async (ended: readonly Partial<Receipt>[]): Promise<void> => {
    const { envelope, drained } = await servedInterval(desk, release, ended);
    await desk.control.feed.recordInterval(envelope, drained);
  };
  assert.equal((await get(desk, path)).status, 401);
  assert.equal((await get(desk, `/api/v1/models/none/watch/series`, owner)).status, 404);
  const served = { key: key.key };
  for (let count = 0; count < 3; count += 1) await drain([served, served]);
  const { digest: reason, opening } = committed("so");
  const wider = { certificate: release.certificate, step: 1, reason };
  assert.equal(
    (await say(desk, { verb: "widen", body: wider, by: [owner.signer] }, { openings: [opening] })).status,
    200,
  );
  const failed = { ...served, outcome: "blocked", input: "unknown:failed", output: "none" } as const;
  await drain([served, served]);
  await drain(Array.from({ length: 12 }, () => failed));
  await until(() => stepOf(desk.control.state, release.certificate) === 0);
  const { periods, steps } = await series();
  assert.deepEqual(steps, [0.2, 1]);
  assert.deepEqual(
    periods.map(({ period, step, by, cause, measures }) => [period, step, by, cause, measures[0]?.points.length]),
    [
      [1, 1, "certificate", null, 3],
      [2, 2, "person", null, 2],
      [3, 1, "watch", "broken", 0],
    ],
  );
  const last = periods[1]?.measures[0]?.points.at(-1);
  assert.deepEqual([last?.exchanges, last?.bad], [14, 12]);
  for (const { measures } of periods)
    for (const { rate, lower, upper } of measures.flatMap(({ points }) => points))
      assert.ok(rate !== null && lower <= rate && rate <= upper);
  await boundedPoints(desk, periods[0]?.entry ?? 0, series);
});

async function boundedPoints(
  desk: Desk,
  began: number,
  series: () => Promise<NonNullable<SeriesView["series"]>>,
): Promise<void> {
  await desk.database.transaction(async (transaction) => {
    for (let at = 7; at < 400; at += 1)
      await transaction.query(
        "INSERT INTO watch_point (model, began, measure, exchanges, bad, good, at) VALUES (?, ?, 'broken', ?, 0, ?, 0)",
        [model, began, at, at],
      );
  });
  const shown = (await series()).periods[0]?.measures[0]?.points ?? [];
  assert.equal(shown.length, 60);
  assert.deepEqual([shown[0]?.exchanges, shown.at(-1)?.exchanges], [2, 399], "the first and the last are kept");
}

test("points of a period are thinned, and its newest one stays", async (t) => {
  const desk = await deskOf(t);
  await desk.database.transaction(async (transaction) => {
    for (let at = 1; at <= 600; at += 1)
      await addPoint(
        transaction,
        { model, began: 4, measure: "broken" },
        { row: { exchanges: at, bad: 0, good: at }, now: Instant.parse(at) },
      );
  });
  const points = (await pointsOf(desk.database, model)).get(4)?.get("broken") ?? [];
  assert.ok(points.length <= 256 && points.length > 100, `${points.length}`);
  assert.equal(points.at(-1)?.exchanges, 600);
});
