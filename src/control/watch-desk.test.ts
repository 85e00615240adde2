// At the first step a watch holds: whatever else is held that stops nobody of the stage, over a break-glass, and beside a stage that
// cannot be looked at.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import {
  type World,
  ada,
  bo,
  configurationOf,
  digestOfLabel,
  idOf,
  inDays,
  openModel,
  servers,
  worldOfTwo,
} from "../acts/fixtures.ts";
import type { BodyOf, HoldScope, Release } from "../acts/bodies.ts";
import { latestCertificate } from "../acts/state.ts";
import { openStatement } from "../acts/statement.ts";
import { nodePrimitives, randomBytes } from "../proof/node.ts";
import { watchedStage } from "../release/watched.ts";
import { migrate } from "../store/migrations.ts";
import { schema } from "../store/schema.ts";
import { openSqlite } from "../store/sqlite.ts";
import { Failure } from "../terms/failure.ts";
import { GlassId, Name } from "../terms/ids.ts";
import { type WatchDesk, openWatchDesk } from "./watch-desk.ts";

const [small, other] = [Name.parse("small"), Name.parse("other")];
const reason = digestOfLabel("a reason");

const conditions: Release["conditions"] = {
  share: {
    by: "organisation",
    steps: [0.1, 1],
    watch: {
      measures: [
        { id: Name.parse("broken"), measure: "safeguard-failures", limit: 0.01, alpha: 0.01, exchangesMin: 10 },
      ],
    },
  },
};

interface Bench {
  readonly world: World;
  readonly desk: WatchDesk;
  /** Of the running period of a model, every exchange failed. */
  readonly exceed: (model: Name) => Promise<void>;
  /** Scopes of what the watch held, in order. */
  readonly held: readonly HoldScope[];
  readonly reports: readonly string[];
}

interface Apart {
  /** The model whose hold the ledger does not take. */
  readonly broken?: Name;
  /** What happens between reading counts and acting on them. */
  readonly between?: (world: World) => Promise<void>;
}

async function benchOf(t: TestContext, models: readonly Name[], { broken, between }: Apart = {}): Promise<Bench> {
  const world = await worldOfTwo();
  for (const model of models)
    await openModel(world, { model, stage: "trusted", configuration: configurationOf(model), conditions });
  const database = await openSqlite(":memory:");
  await migrate(database, schema);
  const held: HoldScope[] = [];
  const reports: string[] = [];
  const desk = openWatchDesk({
    database: {
      dialect: database.dialect,
      transaction: async (work) => database.transaction(work),
      close: async () => database.close(),
      query: async (sql, params) => {
        const rows = await database.query(sql, params);
        await between?.(world);
        return rows;
      },
    },
    replica: { state: world.state },
    probes: async () => new Map(),
    writer: {
      onAppend: () => undefined,
      record: async (envelope) => {
        const act = await openStatement(envelope, nodePrimitives);
        const { verb, body } = act.predicate;
        const scope = verb === "hold" ? body.scope : undefined;
        if (scope?.kind === "stage" && scope.model === broken) throw new Failure("store_unavailable", "Not now.");
        const refusal = world.record({ act, envelope });
        if (refusal !== undefined) throw new Failure(refusal.code, refusal.why);
        if (scope !== undefined) held.push(scope);
      },
    },
    control: servers.control,
    deployment: world.deployment,
    primitives: nodePrimitives,
    clock: () => world.now(),
    random: randomBytes,
    report: (event, { model, why }) => reports.push(`${event} ${model}: ${why}`),
  });
  t.after(async () => {
    await desk.close();
    await database.close();
  });
  async function exceed(model: Name): Promise<void> {
    const began = watchedStage(world.state, model)?.period.index ?? 0;
    await database.transaction(async (transaction) =>
      transaction.query(
        `INSERT INTO watch_count (model, began, measure, exchanges, bad, good, late, last_at)
         VALUES (?, ?, 'broken', 20, 20, 0, 0, 0)`,
        [model, began],
      ),
    );
  }
  return { world, desk, exceed, held, reports };
}

async function hold(world: World, scope: HoldScope): Promise<BodyOf<"hold">["hold"]> {
  const id = idOf.hold(`hold ${world.entries.length}`);
  await world.say({ verb: "hold", body: { hold: id, scope, reason }, by: [bo] });
  return id;
}

async function shatter(world: World, holds: BodyOf<"break-glass">["holds"]): Promise<void> {
  const { certificate = idOf.certificate("none") } = latestCertificate(world.state, small)?.release ?? {};
  const glass = GlassId.parse(`glass_${String(world.entries.length).padStart(16, "0")}`);
  const body = { glass, model: small, certificate, holds, notAfter: inDays(world, 1 / 24), reason };
  await world.say({ verb: "break-glass", body, by: [ada, bo] });
}

const stage: HoldScope = { kind: "stage", model: small, stage: "trusted" };

test("a hold that stops nobody of the stage keeps no watch from holding it", async (t) => {
  const { world, desk, exceed, held } = await benchOf(t, [small]);
  await hold(world, { kind: "country", country: "NO" });
  await hold(world, { kind: "organisation-type", type: Name.parse("press") });
  await hold(world, { kind: "scope", scope: Name.parse("biology") });
  await hold(world, { kind: "stage", model: small, stage: "general" });
  await exceed(small);
  await desk.look();
  await desk.look();
  assert.deepEqual(held, [stage], "once");
});

test("what is held already, or by a narrower stage, is not held again", async (t) => {
  for (const scope of [
    stage,
    { kind: "stage", model: small, stage: "internal" },
    { kind: "everything" },
    { kind: "model", model: small },
  ] as const) {
    const { world, desk, exceed, held } = await benchOf(t, [small]);
    await hold(world, scope);
    await exceed(small);
    await desk.look();
    assert.deepEqual(held, []);
  }
});

test("a watch holds what a break-glass goes on with, and not once more where it goes over its own hold", async (t) => {
  const { world, desk, exceed, held } = await benchOf(t, [small]);
  const before = await hold(world, { kind: "model", model: small });
  await shatter(world, [before]);
  await exceed(small);
  await desk.look();
  assert.deepEqual(held, [stage]);
  assert.notEqual(world.state.glasses.get(small)?.at(-1)?.ended, undefined);

  const own = await benchOf(t, [small]);
  await own.exceed(small);
  await own.desk.look();
  await shatter(own.world, [...own.world.state.holds.keys()]);
  await own.desk.look();
  assert.deepEqual(own.held, [stage], "whoever opened over it knew why it held");
  assert.equal(own.world.state.glasses.get(small)?.at(-1)?.ended, undefined);
});

test("a stage that cannot be stepped back keeps no other from it", async (t) => {
  const { desk, exceed, held, reports } = await benchOf(t, [other, small], { broken: other });
  await exceed(other);
  await exceed(small);
  await desk.look();
  assert.deepEqual(held, [stage]);
  assert.ok(reports.length > 0 && reports.every((line) => line === "watch other: Not now."));
});

test("who steps back while a watch reads is first: what it counted of the wider step holds nobody at the narrower one", async (t) => {
  let isNarrowed = false;
  const between = async (world: World): Promise<void> => {
    if (isNarrowed) return;
    isNarrowed = true;
    await step(world, "narrow", 0);
  };
  const { world, desk, exceed, held, reports } = await benchOf(t, [small], { between });
  await step(world, "widen", 1);
  await exceed(small);
  await desk.look();
  assert.equal(isNarrowed, true);
  assert.deepEqual([held, reports], [[], []]);
});

async function step(world: World, verb: "widen" | "narrow", to: number): Promise<void> {
  const { certificate = idOf.certificate("none") } = latestCertificate(world.state, small)?.release ?? {};
  await world.say({ verb, body: { certificate, step: to, reason }, by: [ada] });
}
