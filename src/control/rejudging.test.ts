// What is certified is judged again at the start, on news and a day later, and lapses only by what was judged: a store that does not
// answer says nothing of a decision.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type World, ada, configurationOf, openModel, servers, worldOfTwo } from "../acts/fixtures.ts";
import { openStatement } from "../acts/statement.ts";
import type { Release } from "../acts/bodies.ts";
import { nodePrimitives } from "../proof/node.ts";
import { Failure, type FailureCode } from "../terms/failure.ts";
import { type Digest, Instant, Name } from "../terms/ids.ts";
import { type Rejudging, openRejudging } from "./rejudging.ts";

const small = Name.parse("small");
const dayMs = 86_400_000;

interface Bench {
  readonly world: World;
  readonly rejudging: Rejudging;
  readonly asked: () => number;
  readonly trouble: () => number;
  readonly later: (ms: number) => void;
}

/** Models whose plans cannot be read: each judgement asks for one once, and gets its code. */
async function judging(
  codes: readonly FailureCode[],
  conditions: Release["conditions"],
  during: (world: World) => Promise<void> = async () => undefined,
): Promise<Bench> {
  const world = await worldOfTwo();
  const failing = new Map<Digest, FailureCode>();
  for (const [at, code] of codes.entries()) {
    const configuration = configurationOf(`plan ${at}`);
    const model = at === 0 ? small : Name.parse(`other-${at}`);
    failing.set(configuration.plan, code);
    await openModel(world, { model, stage: "trusted", configuration, conditions });
  }
  let [asked, trouble, ms] = [0, 0, 0];
  const rejudging = openRejudging({
    replica: { state: world.state },
    records: {
      primitives: nodePrimitives,
      artefact: async (digest) => {
        asked += 1;
        await during(world);
        throw new Failure(failing.get(digest) ?? "not_found", "It is not there.");
      },
      receipts: async () => [],
    },
    writer: {
      record: async (envelope) => {
        const act = await openStatement(envelope, nodePrimitives);
        const refusal = world.record({ act, envelope });
        if (refusal !== undefined) throw new Failure(refusal.code, refusal.why);
        return { kind: "recorded", act, index: world.entries.length - 1, size: world.entries.length };
      },
    },
    control: servers.control,
    deployment: world.deployment,
    primitives: nodePrimitives,
    clock: () => Instant.parse(world.now() + ms),
    report: (event) => {
      if (event === "rejudge") trouble += 1;
    },
  });
  return { world, rejudging, asked: () => asked, trouble: () => trouble, later: (more) => void (ms += more) };
}

async function looks({ rejudging }: Bench, count: number): Promise<void> {
  for (let made = 0; made < count; made += 1) await rejudging.look();
}

test("what nobody can judge any more lapses where it was signed so, once", async () => {
  const bench = await judging(["artefact_missing"], { endsOnFailedGate: "not-pass" });
  const { world, rejudging } = bench;
  await looks(bench, 2);
  await rejudging.close();
  assert.deepEqual(
    [...world.state.lapsed.values()].map(({ verdict, requirements }) => [verdict, requirements]),
    [["inconclusive", []]],
  );
  assert.equal(world.state.anomalies.length, 0);
  assert.deepEqual(rejudging.all(), [], "what is not open is not judged again");
});

test("a store that does not answer ends nothing, and is asked again", async () => {
  const bench = await judging(["store_unavailable"], { endsOnFailedGate: "not-pass" });
  const { world, rejudging, trouble } = bench;
  await looks(bench, 2);
  await rejudging.close();
  assert.equal(world.state.lapsed.size, 0);
  assert.ok(trouble() >= 2);
  assert.equal(rejudging.last(small), undefined);
});

test("it is judged at the start, on news and a day later, and not in between", async () => {
  const bench = await judging(["artefact_missing"], { endsOnFailedGate: "fail" });
  const { world, rejudging, asked, later } = bench;
  await looks(bench, 2);
  assert.equal(asked(), 1);
  assert.equal(rejudging.last(small)?.verdict, "inconclusive");
  const fact = { kind: "drill", attempts: 1, opened: 0, unfinished: 0 } as const;
  await world.say({ verb: "fact", body: { fact, model: null }, by: [ada] });
  await looks(bench, 2);
  assert.equal(asked(), 2);
  later(dayMs);
  await looks(bench, 1);
  await rejudging.close();
  assert.equal(asked(), 3);
  assert.equal(world.state.lapsed.size, 0, "nothing was shown to fail");
});

test("a model that cannot be judged now keeps no other from being judged, or from lapsing", async () => {
  const bench = await judging(["store_unavailable", "artefact_missing"], { endsOnFailedGate: "not-pass" });
  const { world, rejudging } = bench;
  await looks(bench, 1);
  await rejudging.close();
  const [lapsed, ...others] = world.state.lapsed.keys();
  assert.deepEqual(others, []);
  assert.equal(lapsed, world.state.certificates.get(Name.parse("other-1"))?.at(-1)?.release.certificate);
});

test("nothing lapses by what was judged while news came; it is judged again with them", async () => {
  let isTold = false;
  const bench = await judging(["artefact_missing"], { endsOnFailedGate: "not-pass" }, async (world) => {
    if (isTold) return;
    isTold = true;
    const fact = { kind: "drill", attempts: 1, opened: 0, unfinished: 0 } as const;
    await world.say({ verb: "fact", body: { fact, model: null }, by: [ada] });
  });
  const { world, rejudging } = bench;
  await looks(bench, 1);
  assert.equal(world.state.lapsed.size, 0);
  await looks(bench, 1);
  await rejudging.close();
  assert.equal(world.state.lapsed.size, 1);
});
