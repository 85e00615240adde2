// Probes of what is certified: counted one after another, as often as the plan says, of nothing else, and served only where callers are.
import assert from "node:assert/strict";
import { test } from "node:test";
import { expose } from "../../exposure/exposure.ts";
import { nodePrimitives } from "../../proof/node.ts";
import { Name, instantOf } from "../../terms/ids.ts";
import type { BodyOf, Release } from "../bodies.ts";
import {
  type World,
  ada,
  bo,
  certify,
  configurationOf,
  digestOfLabel,
  documentsOf,
  idOf,
  openModel,
  permitOf,
  releaseOf,
  verdictOn,
  worldOfTwo,
} from "../fixtures.ts";
import { drawnClusters } from "../probe-draw.ts";
import { LiveMeasure } from "../watch.ts";

const small = Name.parse("small");
const one = configurationOf("one");
const watch = Name.parse("asked-again");
const measure = LiveMeasure.parse({
  id: watch,
  measure: "probes",
  suite: "misuse-core",
  limit: 0.05,
  alpha: 0.05,
  exchangesMin: 1,
  clusters: 4,
  perDay: 2,
  withinHours: 24,
});
/** Of a suite that no release here names. */
const elsewhere = Name.parse("elsewhere");
const other = { ...measure, id: elsewhere, suite: elsewhere } as const;
const conditions: Release["conditions"] = {
  share: { by: "organisation", steps: [0.1, 1], watch: { measures: [measure, other] } },
};

async function opened(): Promise<{ readonly world: World; readonly release: Release }> {
  const world = await worldOfTwo();
  return { world, release: await openModel(world, { model: small, stage: "limited", configuration: one, conditions }) };
}

function probeOf(world: World, { certificate }: Release, number: number): BodyOf<"permit"> {
  const probe = { certificate, watch, number };
  return { ...permitOf(world, small, one), slot: "in-force", stage: "limited", probe };
}

const verdict = async (world: World, body: BodyOf<"permit">): Promise<string> =>
  verdictOn(world, { verb: "permit", body, by: [ada] });

test("probes come one after another, as often as the plan says", async () => {
  const { world, release } = await opened();
  assert.match(await verdict(world, probeOf(world, release, 2)), /conflict: The next probe of asked-again is number 1/);
  for (const number of [1, 2]) {
    await world.say({ verb: "permit", body: probeOf(world, release, number), by: [ada] });
    assert.match(await verdict(world, probeOf(world, release, number)), /number/, "the same draw is asked once");
  }
  assert.match(await verdict(world, probeOf(world, release, 3)), /Within 24 hours asked-again may be probed 2/);
});

test("a probe is of what is certified, of its own suite, and of a measure that asks for it", async () => {
  const { world, release } = await opened();
  const good = probeOf(world, release, 1);
  assert.equal(await verdict(world, good), "admitted");
  const two = configurationOf("two");
  await world.say({ verb: "document", body: documentsOf(small, two), by: [ada] });
  const parts = ["model", "safeguards", "policy", "suite", "grader"] as const;
  const wrong: readonly Partial<BodyOf<"permit">>[] = [
    { slot: "candidate" },
    { stage: "trusted" },
    ...parts.map((part) => ({ digests: { ...good.digests, [part]: two[part] } })),
    { probe: { certificate: release.certificate, watch: elsewhere, number: 1 } },
    { probe: { certificate: idOf.certificate("another"), watch, number: 1 } },
    { probe: { certificate: release.certificate, watch: Name.parse("nobody"), number: 1 } },
  ];
  for (const change of wrong) {
    const said = await verdict(world, { ...good, ...change });
    assert.match(said, /^conflict: (A probe|No live measure)/, JSON.stringify(change));
  }
  for (const door of [{ bare: true }, { adaptive: { turns: 2, requests: 2 } }] as const) {
    const spoken = { verb: "permit", body: { ...good, ...door }, by: [ada, bo] } as const;
    assert.match(await verdictOn(world, spoken), /^conflict: A probe asks the suite/);
  }
});

test("a probe is answered where callers are: not past a hold, nor once another certificate counts or none does", async () => {
  const { world, release } = await opened();
  const permit = probeOf(world, release, 1);
  await world.say({ verb: "permit", body: permit, by: [ada] });
  const ask = (at = world.now()): string => {
    const asked = { hash: permit.hash, model: small, from: undefined };
    const exposure = expose(world.state, asked, { at, early: [] });
    return exposure.kind === "refused" ? `${exposure.code} ${exposure.reason}` : exposure.kind;
  };
  assert.equal(ask(), "permit");
  assert.equal(ask(instantOf(permit.notAfter)), "key_suspended null");
  const hold = { hold: idOf.hold("a"), scope: { kind: "model", model: small }, reason: digestOfLabel("why") } as const;
  await world.say({ verb: "hold", body: hold, by: [bo] });
  assert.equal(ask(), "stage_closed held");
  const next = releaseOf(world, { model: small, stage: "limited", configuration: one, answers: [hold.hold] });
  await certify(world, next, [ada, bo]);
  assert.equal(ask(), "stage_closed changed");
});

test("what a probe asks is settled by its number, and each cluster has its chance", () => {
  const items = Array.from({ length: 40 }, (_, at) => ({ cluster: `c${Math.floor(at / 2)}` }));
  const certificate = idOf.certificate("one");
  const drawn = (number: number): readonly string[] =>
    [...drawnClusters(items, { probe: { certificate, watch, number }, count: 4 }, nodePrimitives)].toSorted();
  assert.equal(drawn(1).length, 4);
  assert.deepEqual(drawn(1), drawn(1));
  assert.notDeepEqual(drawn(1), drawn(2));
  const times = new Map<string, number>();
  for (let number = 1; number <= 500; number += 1)
    for (const cluster of drawn(number)) times.set(cluster, (times.get(cluster) ?? 0) + 1);
  // 100 each are expected, 9 is their standard deviation.
  assert.equal(times.size, 20);
  assert.ok(
    [...times.values()].every((count) => count > 60 && count < 140),
    [...times.values()].join(),
  );
  assert.equal(drawnClusters(items, { probe: { certificate, watch, number: 1 }, count: 99 }, nodePrimitives).size, 20);
});
